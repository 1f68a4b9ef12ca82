/** One node per data folder: two would run each model twice and take each other's part files away. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { AnteroomError } from '../foundation/errors.js';

/** True while another process works in the data folder. */
export function isLocked(folder: string): boolean {
  try {
    lockFolder(folder)();
    return false;
  } catch (thrown) {
    if (thrown instanceof AnteroomError && thrown.code === 'NODE_ALREADY_RUNNING') return true;
    throw thrown;
  }
}

/**
 * Takes the data folder for this process until the returned function is called or the process ends, however it ends: the
 * lock is the operating system's, held by SQLite on a file of its own. Throws NODE_ALREADY_RUNNING.
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'node.lock');
  const connection = new Database(file, { timeout: 0 });
  try {
    connection.pragma('journal_mode = MEMORY');
    connection.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    connection.close();
    if ((cause as { code?: unknown }).code !== 'SQLITE_BUSY') throw cause;
    throw new AnteroomError('NODE_ALREADY_RUNNING', `${file} is locked by another process`, { cause });
  }
  return () => {
    connection.close();
  };
}
