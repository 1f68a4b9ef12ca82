/** Making folders that a person named, wherever that leads. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AnteroomError, type ErrorCode } from './errors.js';

export interface FolderOptions {
  /** Of those that are made. */
  readonly mode?: number;
  /** What it is told as where one cannot be made. */
  readonly code?: ErrorCode;
}

/**
 * Makes a folder and those above it that are missing; returns what was made, the outermost first. One after the other: `recursive` of `node:fs` never comes
 * back where a file system takes no folders (`/proc`), and hides that one is read-only.
 * @throws {AnteroomError} `code`, by default FOLDER_UNUSABLE; DISK_LOW
 */
export function makeFolders(folder: string, { mode, code = 'FOLDER_UNUSABLE' }: FolderOptions = {}): string[] {
  const refused = (path: string, cause: unknown) => refusal(code, folder, path, cause);
  const missing: string[] = [];
  for (let path = resolve(folder); !isFolder(path, refused); path = dirname(path)) missing.unshift(path);
  return missing.filter((path) => makeOne(path, mode, refused));
}

type Refused = (path: string, cause: unknown) => AnteroomError;

/** Throws where something else is there. */
function isFolder(path: string, refused: Refused): boolean {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there === undefined || there.isDirectory()) return there !== undefined;
  } catch (cause) {
    // Then what is above it says so.
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw refused(path, cause);
  }
  throw refused(path, { code: 'ENOTDIR' });
}

/** False where somebody else was quicker. */
function makeOne(path: string, mode: number | undefined, refused: Refused): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (cause) {
    // What is there and is not found leads nowhere.
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(path, refused)) throw refused(path, cause);
    return false;
  }
}

function refusal(code: ErrorCode, folder: string, path: string, cause: unknown): AnteroomError {
  const { code: seen = 'unknown reason' } = cause as NodeJS.ErrnoException;
  const why: Readonly<Record<string, string>> = {
    ENOTDIR: `${path} is a file`,
    EEXIST: `${path} is a link that leads nowhere`,
    EROFS: `the file system of ${dirname(path)} is read-only`,
    EACCES: `${dirname(path)} is not open to this user`,
    EPERM: `${dirname(path)} is not open to this user`,
    ENOENT: `the file system of ${dirname(path)} takes no folders`,
  };
  const isFull = seen === 'ENOSPC' || seen === 'EDQUOT';
  return new AnteroomError(isFull ? 'DISK_LOW' : code, `${folder}: ${why[seen] ?? `${path} cannot be made`} (${seen})`, { cause });
}
