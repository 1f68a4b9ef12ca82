/**
 * `anteroom restore`: a data folder made again from a snapshot. The world has moved on since: what the ledger believes to be under way
 * is asked for before it is done again (`ledger/restored.ts`), and what arrived later is taken in again (`reconcile.ts`).
 */
import { existsSync, readdirSync } from 'node:fs';
import { cp, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { hashFile } from '../archive/data-set-hash.js';
import { dataFolders } from '../archive/folders.js';
import { syncFolder } from '../archive/publish.js';
import { AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { makeFolders } from '../foundation/folders.js';
import { filesOfRows, filesTotal } from '../ledger/check.js';
import { Db } from '../ledger/database.js';
import { isLocked } from '../ledger/lock.js';
import { listModels, setModelFolder } from '../ledger/models.js';
import { markRestored, type RestoredWork } from '../ledger/restored.js';
import { copyFileOfRow, copyPlainFile, TouchedFolders, type CopyFault } from './copy.js';
import { inParallel } from './parallel.js';
import { gatherLaterFiles } from './reconcile.js';
import { LEDGER_FILE, readSnapshot, sharedPath, snapshotsIn, type Manifest } from './snapshots.js';

const FILES_AT_ONCE = 4;
/** What `lockFolder` leaves behind; a folder with nothing else in it is empty. */
const LOCK_FILE = 'node.lock';

export interface RestoreOptions {
  /** The folder that `backup` wrote to. */
  readonly source: string;
  /** The newest where it is not given. */
  readonly snapshot?: string;
  readonly dataDir: string;
  readonly rulesDir: string;
  /** Moves what is in the data folder aside. */
  readonly force: boolean;
  /** The archive (or data folder) of the node that was lost: what the backup does not know is taken in at the next start. */
  readonly reconcile?: string;
  /** `dimse.aeTitle` of the node. */
  readonly ownAeTitle: string;
  /** Quiet time of a study that was being received. */
  readonly quietMs: number;
  readonly clock: () => number;
  readonly onProgress?: (done: { files: number; bytes: number }, total: { count: number; bytes: number }) => void;
}

export interface RestoreReport extends RestoredWork {
  readonly snapshot: string;
  readonly madeAt: string;
  readonly files: number;
  readonly bytes: number;
  /** Where the former data folder is now. */
  readonly movedAside?: string;
  /** Files that the next start takes in. */
  readonly later: number;
  /** Results of this node in the old archive: they are made again, under the same UIDs. */
  readonly laterResults: number;
  /** Copies of cases of comparisons in the old archive: a comparison that goes on makes them again. */
  readonly laterCopies: number;
  /** UIDs of the studies that these copies are in. */
  readonly laterCopiedStudies: readonly string[];
  /** Files beside them that are not what their name says: never acknowledged, and left where they are. */
  readonly laterIncomplete: number;
  /** `restored`: the rules folder was empty. `differ`: it is not as it was, and was left as it is. */
  readonly rules: 'restored' | 'same' | 'differ';
  readonly faults: readonly CopyFault[];
}

/**
 * Makes the data folder beside its place and moves it there when it is whole. Rejects with BACKUP_INVALID, RESTORE_REFUSED or
 * NODE_ALREADY_RUNNING before anything is changed.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { source, dataDir } = options;
  const name = chooseSnapshot(source, options.snapshot);
  demandFree(options);
  const manifest = await readSnapshot(source, name);
  const building = `${dataDir}.restoring`;
  await rm(building, { recursive: true, force: true });
  const touched = new TouchedFolders();
  const built = await build(options, name, building, touched);
  const rules = await restoreRules(options, name, manifest, touched);
  await touched.flush();
  failpoint('restore.built');
  const movedAside = await putInPlace(building, dataDir, options.clock());
  return { snapshot: name, madeAt: manifest.madeAt, ...built, rules, ...(movedAside === undefined ? {} : { movedAside }) };
}

function chooseSnapshot(source: string, asked: string | undefined): string {
  const names = snapshotsIn(source);
  const name = asked ?? names.at(-1);
  if (name !== undefined && names.includes(name)) return name;
  const there = names.length === 0 ? 'no snapshot' : `the snapshots ${names.join(', ')}`;
  throw new AnteroomError('BACKUP_INVALID', `${source} holds ${there}${asked === undefined ? '' : `, not ${asked}`}`);
}

function demandFree({ dataDir, force }: RestoreOptions): void {
  if (!existsSync(dataDir)) return;
  if (readdirSync(dataDir).length === 0) return;
  if (isLocked(dataDir)) throw new AnteroomError('NODE_ALREADY_RUNNING', `the node in ${dataDir} is running`);
  const inside = readdirSync(dataDir).filter((name) => name !== LOCK_FILE);
  if (inside.length > 0 && !force)
    throw new AnteroomError('RESTORE_REFUSED', `${dataDir} holds ${inside.length} file(s) or folder(s); expected an empty folder`);
}

async function build(options: RestoreOptions, name: string, building: string, touched: TouchedFolders) {
  const { source, clock, quietMs, reconcile, ownAeTitle, dataDir, onProgress } = options;
  const folders = dataFolders(building);
  await copyPlainFile(join(source, name, LEDGER_FILE), building, basename(folders.ledgerFile), touched);
  const db = Db.open(folders.ledgerFile, { migrate: true });
  try {
    const faults: CopyFault[] = [];
    const total = filesTotal(db);
    const done = { files: 0, bytes: 0 };
    for (const kind of ['instance', 'result'] as const) {
      const target = kind === 'instance' ? folders.archive : folders.results;
      await inParallel(filesOfRows(db, kind), FILES_AT_ONCE, async (row) => {
        const fault = await copyFileOfRow(kind, row, sharedPath(source, kind, row), join(target, row.path), touched);
        if (fault !== undefined) faults.push(fault);
        done.files++;
        done.bytes += row.size_bytes;
        onProgress?.(done, total);
      });
    }
    await restoreModels(db, join(source, name), building, dataDir);
    const later =
      reconcile === undefined
        ? { files: 0, results: 0, copies: 0, incomplete: 0, copiedStudies: [] }
        : await gatherLaterFiles(db, archiveBelow(reconcile), folders.takeIn, touched, ownAeTitle);
    const work = markRestored(db, clock(), clock() + quietMs);
    return {
      files: total.count,
      bytes: total.bytes,
      faults,
      ...work,
      later: later.files,
      laterResults: later.results,
      laterCopies: later.copies,
      laterCopiedStudies: later.copiedStudies,
      laterIncomplete: later.incomplete,
    };
  } finally {
    db.close();
  }
}

/** A data folder is as good as the archive in it. */
function archiveBelow(folder: string): string {
  if (!existsSync(folder)) throw new AnteroomError('FILE_UNREADABLE', folder);
  const inside = join(folder, 'archive');
  return existsSync(inside) ? inside : folder;
}

/** Packages that are not where they were registered from are put into the data folder. */
async function restoreModels(db: Db, snapshot: string, building: string, dataDir: string): Promise<void> {
  for (const { id, folder } of listModels(db)) {
    const saved = join(snapshot, 'models', String(id));
    if (folder === null || existsSync(folder) || !existsSync(saved)) continue;
    const inData = join('models', String(id));
    await cp(saved, join(building, inData), { recursive: true });
    setModelFolder(db, id, resolve(dataDir, inData));
  }
}

async function restoreRules(
  { source, rulesDir }: RestoreOptions,
  name: string,
  manifest: Manifest,
  touched: TouchedFolders,
): Promise<RestoreReport['rules']> {
  const saved = manifest.plain.filter(({ path }) => path.startsWith('rules/'));
  const present = existsSync(rulesDir) ? readdirSync(rulesDir) : [];
  if (present.length === 0 && saved.length > 0) {
    makeFolders(rulesDir);
    for (const { path } of saved) await copyPlainFile(join(source, name, path), rulesDir, relative('rules', path), touched);
    return 'restored';
  }
  for (const { path, sha256 } of saved) {
    const there = await hashFile(join(rulesDir, relative('rules', path)), { whole: true }).catch(() => undefined);
    if (there?.sha256 !== sha256) return 'differ';
  }
  return 'same';
}

/** The former folder is moved, never deleted. */
async function putInPlace(building: string, dataDir: string, at: number): Promise<string | undefined> {
  let aside: string | undefined;
  try {
    if (existsSync(dataDir)) {
      await rm(join(dataDir, LOCK_FILE), { force: true });
      if (readdirSync(dataDir).length === 0) await rmdir(dataDir);
      else {
        aside = `${dataDir}.before-restore-${new Date(at).toISOString().replaceAll(':', '-')}`;
        await rename(dataDir, aside);
      }
    }
    await rename(building, dataDir);
    await syncFolder(dirname(dataDir));
    return aside;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new AnteroomError(
      'RESTORE_REFUSED',
      `${building} is whole and cannot be moved to ${dataDir} (${code}); a folder that is a mount point cannot be replaced`,
      { cause },
    );
  }
}
