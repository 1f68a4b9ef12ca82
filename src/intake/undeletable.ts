/**
 * What cannot be deleted: one folder that belongs to somebody else must not keep everything else from being forgotten. It is told once, kept for
 * `doctor`, and tried again by whoever wanted it deleted.
 */
import { lstatSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { recordUndeletable } from '../ledger/retention.js';

const log = loggerOf('intake');

/** Deletes files and folders; where that fails they stay, and false is returned. What is not there is deleted. */
export class Undeletable {
  /** Path -> what the last try gave. */
  private readonly reasons = new Map<string, string>();

  constructor(private readonly db: Db) {}

  removeFile(path: string): boolean {
    return this.tryNow(path, unlinkSync, ['ENOENT']);
  }

  /** A folder with something in it is left as it is. */
  removeIfEmpty(folder: string): boolean {
    return this.tryNow(folder, rmdirSync, ['ENOENT', 'ENOTEMPTY', 'EEXIST']);
  }

  async removeFolder(folder: string): Promise<boolean> {
    try {
      await rm(folder, { recursive: true, force: true });
      return this.gone(folder);
    } catch (thrown) {
      return this.stays(folder, thrown);
    }
  }

  /** Whether something in the folder could be deleted; asked before anything is given up. */
  mayEmpty(folder: string): boolean {
    return this.tryNow(folder, tryDeleting, ['ENOENT', 'ENOSPC', 'EDQUOT']);
  }

  /** Writes down for `doctor` what there is of it now. */
  record(): void {
    for (const path of [...this.reasons.keys()].filter(isGone)) this.reasons.delete(path);
    recordUndeletable(
      this.db,
      [...this.reasons].map(([path, reason]) => `${path} (${reason})`),
    );
  }

  private tryNow(path: string, work: (path: string) => void, passing: readonly string[]): boolean {
    try {
      work(path);
    } catch (thrown) {
      if (!passing.includes(codeOf(thrown))) return this.stays(path, thrown);
    }
    return this.gone(path);
  }

  private gone(path: string): true {
    this.reasons.delete(path);
    return true;
  }

  private stays(path: string, thrown: unknown): false {
    const isNew = !this.reasons.has(path);
    this.reasons.set(path, codeOf(thrown));
    if (isNew) {
      const { code, seen, remedy } = new AnteroomError('FILES_UNDELETABLE', `${path} (${codeOf(thrown)})`, { cause: thrown });
      log.warn('what is needed no longer cannot be deleted', { code, seen, remedy });
    }
    return false;
  }
}

/** By doing it: what rights say is not what each file system does. */
function tryDeleting(folder: string): void {
  const probe = join(folder, '.deletable');
  try {
    mkdirSync(probe);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  }
  rmdirSync(probe);
}

/** A person has deleted it. */
function isGone(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
}
