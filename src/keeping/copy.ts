/** Copying files so that one under its final name is whole and is what its row says. */
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { copyFile, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hashFile } from '../archive/data-set-hash.js';
import { syncFolder } from '../archive/publish.js';
import { makeFolders } from '../foundation/folders.js';
import type { FileKind, FileOfRow } from '../ledger/check.js';

/** What a file that is not copied is: gone, or not what its row says. */
export type CopyFault = { readonly path: string; readonly seen: string };

const PARTIAL_SUFFIX = '.partial';

/** Whether a file is one that `copyFileOfRow` did not get to the end of, once nothing is copied there any more. */
export function isPartialFile(path: string): boolean {
  return path.endsWith(PARTIAL_SUFFIX) && basename(path).startsWith('.');
}

/** Folders that got new names; flushed at the end, once each. */
export class TouchedFolders {
  private readonly folders = new Set<string>();

  add(folder: string): void {
    this.folders.add(folder);
  }

  async flush(): Promise<void> {
    for (const folder of this.folders) await syncFolder(folder);
    this.folders.clear();
  }
}

/** Makes a folder and those above it, so that their names survive a power cut. */
function makeFolder(folder: string, touched: TouchedFolders): void {
  for (const made of makeFolders(folder, { mode: 0o700 })) touched.add(dirname(made));
}

/** Copies the file of a row unless the target has it; the bytes are compared with the row on the way. Returns the fault, if there is one. */
export async function copyFileOfRow(
  kind: FileKind,
  row: FileOfRow,
  source: string,
  target: string,
  touched: TouchedFolders,
): Promise<CopyFault | undefined> {
  // Names hold the hash of the content: what is there is what is wanted.
  if (existsSync(target) && statSync(target).size === row.size_bytes) return undefined;
  makeFolder(dirname(target), touched);
  const partial = join(dirname(target), `.${randomUUID()}${PARTIAL_SUFFIX}`);
  const handle = await open(partial, 'wx', 0o644);
  try {
    let at = 0;
    const { sha256 } = await hashFile(source, {
      whole: kind === 'result',
      onBytes: async (bytes) => {
        // A nearly full disk takes part of it.
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at);
          done += bytesWritten;
          at += bytesWritten;
        }
      },
    });
    if (sha256 !== row.sha256) throw new Error(`SHA-256 ${sha256}; expected ${row.sha256}`);
    await handle.datasync();
    await handle.close();
    await rename(partial, target);
    touched.add(dirname(target));
    return undefined;
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS') throw thrown;
    return { path: source, seen: code === 'ENOENT' ? 'not there' : (code ?? message) };
  }
}

/** A file of a snapshot beside the ledger: settings, rules, models' packages. */
export interface PlainFile {
  /** Relative to the snapshot. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Copies the files below a folder (not what links lead to) and flushes each. */
export async function copyPlainFolder(source: string, root: string, name: string, touched: TouchedFolders): Promise<PlainFile[]> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const copied: PlainFile[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const from = join(entry.parentPath, entry.name);
    copied.push(await copyPlainFile(from, root, join(name, from.slice(source.length + 1)), touched));
  }
  return copied;
}

/** Copies one file to `path` below `root` and flushes it. */
export async function copyPlainFile(source: string, root: string, path: string, touched: TouchedFolders): Promise<PlainFile> {
  const target = join(root, path);
  makeFolder(dirname(target), touched);
  await copyFile(source, target);
  await syncFile(target);
  touched.add(dirname(target));
  return { path, ...(await hashFile(target, { whole: true })) };
}

/** Flushes a file to the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
