/** The folders of one attempt of a run: what is mounted, and nothing more. */
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import type { InputFile } from './input-files.js';

export interface AttemptFolders {
  readonly root: string;
  readonly inputDir: string;
  readonly outputDir: string;
  readonly logPath: string;
}

/** Where an attempt has its input, output and log; makes nothing. */
export function attemptFolders(runsFolder: string, runId: number, attempt: number): AttemptFolders {
  const root = join(runsFolder, String(runId), String(attempt));
  return { root, inputDir: join(root, 'in'), outputDir: join(root, 'out'), logPath: join(root, 'log.txt') };
}

/**
 * Lays out the chosen series for the model, each file where `inputFilesOf` puts it under a name that MHub's importers take, and makes
 * an empty output folder that `user` (`uid:gid`) may write. Files are linked, not copied, where the file system allows it; the mount is
 * read-only, so the archive stays as it is.
 * Throws DISK_LOW, and FILE_UNREADABLE where a file of the archive is gone.
 */
export function prepareFolders(
  folders: AttemptFolders,
  archiveFolder: string,
  files: readonly InputFile[],
  user: string | undefined,
): void {
  rmSync(folders.inputDir, { recursive: true, force: true });
  rmSync(folders.outputDir, { recursive: true, force: true });
  mkdirSync(folders.inputDir, { recursive: true, mode: 0o755 });
  mkdirSync(folders.outputDir, { recursive: true });
  for (const { instance, folder } of files) {
    const inFolder = join(folders.inputDir, folder);
    mkdirSync(inFolder, { recursive: true, mode: 0o755 });
    placeFile(join(archiveFolder, instance.path), join(inFolder, `${instance.sop_instance_uid}.dcm`), instance.sop_instance_uid);
  }
  giveOutputTo(folders.outputDir, user);
}

/** Makes the folders of a run outside of the queue: the input is a copy of a sample folder, in its layout. */
export function prepareSample(folders: AttemptFolders, sampleDir: string, user: string | undefined): void {
  cpSync(sampleDir, folders.inputDir, { recursive: true, dereference: true });
  makeReadable(folders.inputDir);
  mkdirSync(folders.outputDir, { recursive: true });
  giveOutputTo(folders.outputDir, user);
}

/** The copy has the rights of the sample, which may be for its owner alone; the model is another user. */
function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

function placeFile(source: string, target: string, sopInstanceUid: string): void {
  try {
    linkSync(source, target);
  } catch {
    try {
      copyFileSync(source, target);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
      const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_LOW' : 'FILE_UNREADABLE';
      throw new AnteroomError(kind, `instance ${sopInstanceUid} cannot be given to the model (${code})`, { cause });
    }
  }
}

function giveOutputTo(outputDir: string, user: string | undefined): void {
  const [uid, gid] = (user ?? '').split(':').map(Number);
  if (process.getuid?.() === 0 && user !== undefined && Number.isInteger(uid)) {
    chownSync(outputDir, uid, Number.isInteger(gid) ? gid : uid);
    chmodSync(outputDir, 0o700);
  } else chmodSync(outputDir, 0o777);
}

/** Of an attempt that never started nothing is worth keeping. */
export function dropAttempt(folders: AttemptFolders): void {
  rmSync(folders.root, { recursive: true, force: true });
}

/** The input is needed no longer once the run has ended; output and log stay with the run. */
export function dropInput(folders: AttemptFolders): void {
  if (existsSync(folders.inputDir)) rmSync(folders.inputDir, { recursive: true, force: true });
}
