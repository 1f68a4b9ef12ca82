/** For commands that read a data folder themselves, beside a running node or without one. */
import { existsSync } from 'node:fs';
import { dataFolders, type DataFolders } from '../archive/folders.js';
import { AnteroomError } from '../foundation/errors.js';
import { demandSchema } from '../ledger/check.js';
import { Db } from '../ledger/database.js';
import { progressDone } from './print.js';

/**
 * Opens the ledger of a data folder for `work`, and closes it and the progress line after it.
 * @throws AnteroomError FILE_UNREADABLE where there is none, CONFIG_INVALID where it is of another version
 */
export async function withDataFolder<T>(dataDir: string, work: (db: Db, folders: DataFolders) => Promise<T>): Promise<T> {
  const folders = existsSync(dataDir) ? dataFolders(dataDir) : undefined;
  if (folders === undefined || !existsSync(folders.ledgerFile))
    throw new AnteroomError('FILE_UNREADABLE', `there is no ledger in ${dataDir}`);
  const db = Db.open(folders.ledgerFile, { migrate: false });
  try {
    demandSchema(db);
    return await work(db, folders);
  } finally {
    progressDone();
    db.close();
  }
}
