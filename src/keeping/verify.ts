/** `anteroom verify`: files, rows and hashes compared. Reads only, beside a running node as well as without one. */
import { lstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hashFile } from '../archive/data-set-hash.js';
import type { DataFolders } from '../archive/folders.js';
import { SWEEP_MIN_AGE_MS } from '../archive/sweep.js';
import { filesBelow } from '../archive/walk.js';
import {
  contradictions,
  databaseFaults,
  fileIsStillExpected,
  filesOfRows,
  filesTotal,
  type FileKind,
  type FileOfRow,
} from '../ledger/check.js';
import type { Db } from '../ledger/database.js';
import { isStored } from '../ledger/instances.js';
import { inParallel } from './parallel.js';

/** As many files are read at the same time: enough to keep a disk busy. */
const FILES_AT_ONCE = 8;

export type VerifyKind =
  'database' | 'rows' | 'file-missing' | 'file-size' | 'file-hash' | 'file-unreadable' | 'file-without-row' | 'part-file';

export interface VerifyFinding {
  readonly kind: VerifyKind;
  /** `note`: the node puts it right by itself. */
  readonly standing: 'wrong' | 'note';
  /** Which row or file. */
  readonly subject: string;
  readonly seen: string;
  readonly expected: string;
  readonly remedy: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly files: number;
  readonly bytes: number;
  /** False: only presence and size were looked at. */
  readonly hashed: boolean;
  /** Files that are too young to say anything of: they are just being received. */
  readonly inFlight: number;
  readonly findings: readonly VerifyFinding[];
}

export interface VerifyOptions {
  readonly db: Db;
  readonly folders: DataFolders;
  /** Leaves out the hashes. */
  readonly fast: boolean;
  /** Only the files of this study. */
  readonly study?: string;
  /** Part files are somebody's then. */
  readonly nodeRuns: boolean;
  readonly now: number;
  readonly onProgress?: (done: { files: number; bytes: number }, total: { count: number; bytes: number }) => void;
}

const AGAIN = 'Have the study sent again: the same bytes take this place. Or take the file from a backup.';

/** Compares everything. Memory does not grow with the archive, only with what is wrong. */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { db, folders, study, fast } = options;
  const findings: VerifyFinding[] = study === undefined ? ledgerFindings(db, fast) : [];
  const total = filesTotal(db, study);
  const done = { files: 0, bytes: 0 };
  for (const kind of ['instance', 'result'] as const) {
    const folder = kind === 'instance' ? folders.archive : folders.results;
    await inParallel(filesOfRows(db, kind, study), FILES_AT_ONCE, async (row) => {
      const finding = await fileFinding(kind, row, join(folder, row.path), fast);
      if (finding !== undefined && fileIsStillExpected(db, kind, row.id)) findings.push(finding);
      done.files++;
      done.bytes += row.size_bytes;
      options.onProgress?.(done, total);
    });
  }
  const inFlight = await filesWithoutRow(options, findings);
  return { ok: !findings.some(({ standing }) => standing === 'wrong'), ...done, hashed: !fast, inFlight, findings };
}

function ledgerFindings(db: Db, fast: boolean): VerifyFinding[] {
  const faults = databaseFaults(db, fast).map((seen): VerifyFinding => ({
    kind: 'database',
    standing: 'wrong',
    subject: 'ledger',
    seen,
    expected: 'a sound database',
    remedy: 'Stop the node, keep a copy of the data folder, and restore the last backup (`anteroom restore`).',
  }));
  const rows = contradictions(db).map(({ table, id, text }): VerifyFinding => ({
    kind: 'rows',
    standing: 'wrong',
    subject: `${table} ${id}`,
    seen: text,
    expected: 'rows that fit together',
    remedy: 'Report it with the events of the row: the node does not do this.',
  }));
  return [...faults, ...rows];
}

async function fileFinding(kind: FileKind, row: FileOfRow, path: string, fast: boolean): Promise<VerifyFinding | undefined> {
  const wrong = (what: VerifyKind, seen: string, expected: string): VerifyFinding => ({
    kind: what,
    standing: 'wrong',
    subject: `${kind} ${row.sop_instance_uid} of study ${row.study_instance_uid}`,
    seen: `${path}: ${seen}`,
    expected,
    remedy: kind === 'instance' ? AGAIN : 'Take the file from a backup, or run the model again with `anteroom run`.',
  });
  try {
    const { size } = await stat(path);
    if (size !== row.size_bytes) return wrong('file-size', `${size} bytes`, `${row.size_bytes} bytes`);
    if (fast) return undefined;
    const { sha256 } = await hashFile(path, { whole: kind === 'result' });
    return sha256 === row.sha256 ? undefined : wrong('file-hash', `SHA-256 ${sha256}`, `SHA-256 ${row.sha256}`);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown reason';
    return code === 'ENOENT'
      ? wrong('file-missing', 'not there', 'the file of the row')
      : wrong('file-unreadable', code, 'a file that can be read');
  }
}

/** Adds a note for each file that no row knows; returns how many others are just being received. */
async function filesWithoutRow({ db, folders, study, nodeRuns, now }: VerifyOptions, findings: VerifyFinding[]): Promise<number> {
  let inFlight = 0;
  const note = (kind: VerifyKind, path: string, remedy: string) =>
    findings.push({ kind, standing: 'note', subject: path, seen: 'no row knows it', expected: 'nothing', remedy });
  for await (const path of filesBelow(study === undefined ? folders.archive : join(folders.archive, study))) {
    if (isStored(db, relative(folders.archive, path))) continue;
    const changedAt = lstatSync(path, { throwIfNoEntry: false })?.ctimeMs;
    if (changedAt === undefined) continue;
    if (now - changedAt < SWEEP_MIN_AGE_MS) inFlight++;
    else note('file-without-row', path, 'None: the node sweeps it within a day.');
  }
  if (study !== undefined) return inFlight;
  for await (const path of filesBelow(folders.incoming)) {
    if (nodeRuns) inFlight++;
    else note('part-file', path, 'None: the next start deletes it; its sender never had Success.');
  }
  return inFlight;
}
