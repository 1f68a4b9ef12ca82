/**
 * `anteroom backup`: a snapshot of a node that goes on working.
 *
 * First the ledger, then the files that it names: an archive file is there before its row is committed and never changes, so each row
 * of the ledger's copy has its file as long as nothing is purged, and that waits. The other way round, rows would be in the copy whose
 * files came after the files had been looked through.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { hashFile } from '../archive/data-set-hash.js';
import type { DataFolders } from '../archive/folders.js';
import { syncFolder } from '../archive/publish.js';
import { filesBelow } from '../archive/walk.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { makeFolders } from '../foundation/folders.js';
import { loggerOf } from '../foundation/log.js';
import { nodeVersion } from '../foundation/version.js';
import { filesOfRows, filesTotal } from '../ledger/check.js';
import { Db } from '../ledger/database.js';
import { lockFolder } from '../ledger/lock.js';
import { listModels } from '../ledger/models.js';
import { pausePurging } from '../ledger/retention.js';
import {
  copyFileOfRow,
  copyPlainFile,
  copyPlainFolder,
  isPartialFile,
  syncFile,
  TouchedFolders,
  type CopyFault,
  type PlainFile,
} from './copy.js';
import { inParallel } from './parallel.js';
import { prune } from './prune.js';
import { LEDGER_FILE, MANIFEST_FILE, PARTIAL_PREFIX, SHARED_FOLDER, sharedPath, snapshotName, type Manifest } from './snapshots.js';

const log = loggerOf('keeping');

const FILES_AT_ONCE = 4;
/** A backup that was killed holds purging up no longer than this … */
const PAUSE_MS = 10 * 60_000;
/** … or than this, while it copied the ledger: that holds the thread, so that nothing is renewed meanwhile. */
const LEDGER_PAUSE_MS = 60 * 60_000;
/** By time, not by files: hashing one large package may take longer than thousands of images. */
const RENEW_EVERY_MS = 60_000;

export interface BackupOptions {
  readonly db: Db;
  readonly folders: DataFolders;
  /** Where backups are written to. */
  readonly target: string;
  readonly settingsFile?: string;
  readonly rulesDir: string;
  /** So many snapshots stay; undefined: all. */
  readonly keep?: number;
  readonly clock: () => number;
  readonly onProgress?: (done: { files: number; bytes: number }, total: { count: number; bytes: number }) => void;
}

export interface BackupReport {
  readonly snapshot: string;
  readonly files: number;
  readonly bytes: number;
  readonly removedSnapshots: readonly string[];
  /** What could not be copied as its row says: the node has it no more, or damaged. */
  readonly faults: readonly CopyFault[];
}

/** Makes a snapshot. Killed at any point, it leaves the earlier ones as they were. Rejects with BACKUP_BUSY, FOLDER_UNUSABLE, DISK_LOW, or as `node:fs` does. */
export async function backup(options: BackupOptions): Promise<BackupReport> {
  const { target, keep } = options;
  makeFolders(target, { mode: 0o700 });
  const release = lockTarget(target);
  try {
    await removePartials(target);
    const report = await whilePurgingWaits(options, (hold) => makeSnapshot(options, hold));
    return { ...report, removedSnapshots: keep === undefined ? [] : await prune(target, keep) };
  } finally {
    release();
  }
}

/** Nothing is purged until `work` has ended, which calls `hold` before and after what holds the thread. */
async function whilePurgingWaits<T>({ db, clock }: BackupOptions, work: (hold: (forMs?: number) => void) => Promise<T>): Promise<T> {
  const hold = (forMs = PAUSE_MS) => pausePurging(db, clock() + forMs);
  const renew = setInterval(() => {
    try {
      hold();
    } catch (thrown) {
      // Of a ledger that is busy for long; there are more turns before the hold runs out.
      log.warn('the hold on purging is renewed later', { seen: toAnteroomError(thrown).seen });
    }
  }, RENEW_EVERY_MS).unref();
  try {
    return await work(hold);
  } finally {
    clearInterval(renew);
    pausePurging(db, 0);
  }
}

function lockTarget(target: string): () => void {
  try {
    return lockFolder(target);
  } catch (thrown) {
    if (!(thrown instanceof AnteroomError) || thrown.code !== 'NODE_ALREADY_RUNNING') throw thrown;
    throw new AnteroomError('BACKUP_BUSY', thrown.seen, { cause: thrown });
  }
}

async function removePartials(target: string): Promise<void> {
  for (const name of await readdir(target))
    if (name.startsWith(PARTIAL_PREFIX)) await rm(join(target, name), { recursive: true, force: true });
  for await (const path of filesBelow(join(target, SHARED_FOLDER))) if (isPartialFile(path)) await rm(path, { force: true });
}

async function makeSnapshot(options: BackupOptions, hold: (forMs?: number) => void): Promise<Omit<BackupReport, 'removedSnapshots'>> {
  const { db, folders, target, rulesDir, clock } = options;
  const at = clock();
  const name = snapshotName(at);
  const partial = join(target, `${PARTIAL_PREFIX}${name}`);
  await mkdir(partial, { mode: 0o700 });
  // Before the ledger is copied: what is purged after this is refused, what was purged before is so in the copy.
  hold(LEDGER_PAUSE_MS);
  const ledgerFile = join(partial, LEDGER_FILE);
  db.copyTo(ledgerFile);
  hold();
  await syncFile(ledgerFile);
  const touched = new TouchedFolders();
  const plain = await copyPlain(options, partial, touched);
  const { total, faults } = await copyFiles(options, ledgerFile, touched);
  await touched.flush();
  failpoint('backup.copied');
  const manifest: Manifest = {
    format: 1,
    version: nodeVersion(),
    madeAt: new Date(at).toISOString(),
    dataDir: folders.root,
    rulesDir,
    ledger: { path: LEDGER_FILE, ...(await hashFile(ledgerFile, { whole: true })) },
    plain,
    files: total,
    faults,
  };
  await writeFile(join(partial, MANIFEST_FILE), JSON.stringify(manifest, null, 2), { mode: 0o600 });
  await syncFile(join(partial, MANIFEST_FILE));
  await syncFolder(partial);
  await rename(partial, join(target, name));
  await syncFolder(target);
  return { snapshot: name, files: total.count, bytes: total.bytes, faults };
}

/** Settings, rules and models' packages, as they are now. */
async function copyPlain({ db, settingsFile, rulesDir }: BackupOptions, root: string, touched: TouchedFolders): Promise<PlainFile[]> {
  const copied: PlainFile[] = [];
  if (settingsFile !== undefined && existsSync(settingsFile))
    copied.push(await copyPlainFile(settingsFile, root, join('settings', basename(settingsFile)), touched));
  if (existsSync(rulesDir)) copied.push(...(await copyPlainFolder(resolve(rulesDir), root, 'rules', touched)));
  for (const { id, folder } of listModels(db)) {
    if (folder !== null && existsSync(folder))
      copied.push(...(await copyPlainFolder(resolve(folder), root, join('models', String(id)), touched)));
  }
  return copied;
}

/** The files that the copied ledger names, as far as the target does not have them. */
async function copyFiles({ folders, target, onProgress }: BackupOptions, ledgerFile: string, touched: TouchedFolders) {
  const copy = Db.openCopy(ledgerFile);
  const faults: CopyFault[] = [];
  const total = filesTotal(copy);
  const done = { files: 0, bytes: 0 };
  try {
    for (const kind of ['instance', 'result'] as const) {
      const source = kind === 'instance' ? folders.archive : folders.results;
      await inParallel(filesOfRows(copy, kind), FILES_AT_ONCE, async (row) => {
        const fault = await copyFileOfRow(kind, row, join(source, row.path), sharedPath(target, kind, row), touched);
        if (fault !== undefined) faults.push(fault);
        done.files++;
        done.bytes += row.size_bytes;
        onProgress?.(done, total);
      });
    }
  } finally {
    copy.close();
  }
  return { total, faults };
}
