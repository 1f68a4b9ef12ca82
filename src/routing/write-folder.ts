/** Writing the files of a revision into the folder of rules: each atomically, and nothing that is there is lost. */
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import type { RevisionFiles } from '../ledger/revisions.js';

const NEW_FILE_MODE = 0o644;

/** What is about to be done to the folder. */
export interface PreparedFolder {
  /** Files that `commit` replaces or removes; copies of them are made already. */
  readonly setAside: readonly string[];
  /** Gives the new files their names and removes those that the revision has not. */
  commit(): void;
}

/**
 * Gets everything ready that can fail: the new texts beside their places, under names that no reader of rules looks at, and copies
 * of what will be replaced in `asideFolder`. Nothing is changed before `commit`. Doing it again after a kill goes on with it.
 * Files of sub-folders that the revision has not stay: they count only where they are included.
 * Throws RULES_FOLDER_UNWRITABLE.
 */
export function prepareFolder(folder: string, files: RevisionFiles, asideFolder: string): PreparedFolder {
  try {
    const toWrite = Object.entries(files).filter(([name, text]) => !isAlready(join(folder, name), text));
    const toRemove = rulesIn(folder).filter((name) => files[name] === undefined);
    const setAside = [...toRemove, ...toWrite.map(([name]) => name).filter((name) => isThere(join(folder, name)))];
    for (const name of setAside) copyAside(join(folder, name), join(asideFolder, name));
    for (const [name, text] of toWrite) writeNew(join(folder, name), text);
    const commit = () => {
      for (const [name] of toWrite) renameSync(newName(join(folder, name)), join(folder, name));
      for (const name of toRemove) rmSync(join(folder, name));
      for (const place of new Set([folder, ...toWrite.map(([name]) => dirname(join(folder, name)))])) flush(place);
    };
    return { setAside, commit: () => translated(folder, commit) };
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

function translated(folder: string, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

function unwritable(folder: string, thrown: unknown): AnteroomError {
  const { code, path } = thrown as NodeJS.ErrnoException;
  return new AnteroomError('RULES_FOLDER_UNWRITABLE', `${path ?? folder}: ${code ?? 'unknown reason'}`, { cause: thrown });
}

/** Links count as files of their own: they are replaced, what they lead to stays. */
function rulesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() || entry.name.startsWith('.') || !entry.name.endsWith('.yaml') ? [] : [entry.name],
  );
}

function isAlready(path: string, text: string): boolean {
  return isThere(path) && existsSync(path) && readFileSync(path, 'utf8') === text;
}

/** Also for a link to nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function copyAside(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  cpSync(from, to, { dereference: existsSync(from) });
}

function newName(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

function writeNew(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const before = statSync(existsSync(path) ? path : dirname(path));
  const fresh = newName(path);
  rmSync(fresh, { force: true });
  const fd = openSync(fresh, 'wx', NEW_FILE_MODE);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (before.isFile()) chmodSync(fresh, before.mode & 0o777);
  try {
    // So that who edited the rules before can go on with it.
    chownSync(fresh, before.uid, before.gid);
  } catch {
    // Only root may give a file away.
  }
}

function flush(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
