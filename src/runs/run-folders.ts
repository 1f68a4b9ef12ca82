/** The folders of one attempt of a run: what is mounted, and nothing more. */
import { chmodSync, chownSync, cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull } from '../foundation/disk-fault.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { makeFolders } from '../foundation/folders.js';
import { loggerOf } from '../foundation/log.js';
import { makeReadable } from '../foundation/readable.js';
import type { InputFile } from './input-files.js';

const log = loggerOf('runs');

/** Copies under way at once, where files cannot be linked. */
const COPIES_AT_ONCE = 4;
/** The model is another user. That one cannot be made is the disk's fault or the node's, not the run's. */
const INPUT_FOLDER = { mode: 0o755, code: 'STORE_FAILED' } as const;

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
 * read-only, so the archive stays as it is. Copies are made a few at a time beside the node's other work.
 * Rejects with DISK_LOW, with STORE_FAILED where a folder cannot be made, with FILE_UNREADABLE where a file of the archive is gone, as
 * `node:fs` does, and where the node is `ending`.
 */
export async function prepareFolders(
  folders: AttemptFolders,
  archiveFolder: string,
  files: readonly InputFile[],
  user: string | undefined,
  ending: AbortSignal,
): Promise<void> {
  rmSync(folders.inputDir, { recursive: true, force: true });
  rmSync(folders.outputDir, { recursive: true, force: true });
  makeFolders(folders.inputDir, INPUT_FOLDER);
  makeFolders(folders.outputDir, { code: INPUT_FOLDER.code });
  const unlinked = files
    .map(({ instance, folder }) => {
      const inFolder = join(folders.inputDir, folder);
      makeFolders(inFolder, INPUT_FOLDER);
      const uid = instance.sop_instance_uid;
      return { uid, source: join(archiveFolder, instance.path), target: join(inFolder, `${uid}.dcm`) };
    })
    .filter(({ source, target }) => !link(source, target));
  await copyAll(unlinked, ending);
  ending.throwIfAborted();
  giveOutputTo(folders.outputDir, user);
}

/** Makes the folders of a run outside of the queue: the input is a copy of a sample folder, in its layout. */
export function prepareSample(folders: AttemptFolders, sampleDir: string, user: string | undefined): void {
  cpSync(sampleDir, folders.inputDir, { recursive: true, dereference: true });
  // The copy has the rights of the sample, which may be for its owner alone; the model is another user.
  makeReadable(folders.inputDir);
  mkdirSync(folders.outputDir, { recursive: true });
  giveOutputTo(folders.outputDir, user);
}

/** A file of the archive that is to be put into an input. */
interface Placed {
  readonly uid: string;
  readonly source: string;
  readonly target: string;
}

function link(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false;
  }
}

/** The first copy that fails ends all. Settles when none is under way any more: the folder may be dropped then. */
async function copyAll(files: readonly Placed[], ending: AbortSignal): Promise<void> {
  const waiting = files.values();
  const failed: AnteroomError[] = [];
  const copyNext = async (): Promise<void> => {
    for (const file of waiting) {
      if (failed.length > 0 || ending.aborted) return;
      await copyOne(file).catch((thrown: unknown) => failed.push(toAnteroomError(thrown)));
    }
  };
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copyNext));
  if (failed.length > 0) throw failed[0];
}

async function copyOne({ uid, source, target }: Placed): Promise<void> {
  try {
    await copyFile(source, target);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const kind = isDiskFull(cause) ? 'DISK_LOW' : 'FILE_UNREADABLE';
    throw new AnteroomError(kind, `instance ${uid} cannot be given to the model (${code})`, { cause });
  }
}

function giveOutputTo(outputDir: string, user: string | undefined): void {
  const [uid, gid] = (user ?? '').split(':').map(Number);
  if (process.getuid?.() === 0 && user !== undefined && Number.isInteger(uid)) {
    chownSync(outputDir, uid, Number.isInteger(gid) ? gid : uid);
    chmodSync(outputDir, 0o700);
  } else chmodSync(outputDir, 0o777);
}

/** Of an attempt that never started nothing is worth keeping. Never throws. */
export function dropAttempt(folders: AttemptFolders): void {
  drop(folders.root);
}

/** The input is needed no longer once the run has ended; output and log stay with the run. Never throws. */
export function dropInput(folders: AttemptFolders): void {
  drop(folders.inputDir);
}

/** What cannot be removed is told, and stays until its study goes: it is no reason to hold up runs. */
function drop(folder: string): void {
  try {
    remove(folder);
  } catch (cause) {
    // Not the text of the cause: it may hold a name that the model chose.
    const seen = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const { code, remedy } = new AnteroomError('FOLDER_NOT_REMOVED', seen, { cause });
    log.warn('a folder of a run could not be removed', { path: folder, code, seen, remedy });
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    openUp(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program of the `process` runtime is the node's own user, and may have shut what it was given. */
function openUp(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) openUp(join(folder, entry.name));
}
