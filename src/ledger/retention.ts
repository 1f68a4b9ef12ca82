/** Queries on what may be forgotten, what was, and what is kept. No policy: that is `archive/retention.ts`. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { ENDED_RUN_STATES } from './states.js';
import type { StudyRow } from './studies.js';

/** A study's row and what `archive/retention.ts` wants to know of it. */
export interface StudyFactsRow {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly state: StudyRow['state'];
  readonly lastReceivedAt: EpochMs;
  readonly lastDoneAt: EpochMs | null;
  readonly undecidedVersions: number;
  readonly openRuns: number;
  readonly unsuccessfulRuns: number;
  readonly lastUnsuccessfulAt: EpochMs | null;
  readonly openDeliveries: number;
  readonly keeps: readonly string[];
}

const RUNS = 'FROM runs r JOIN versions v ON v.id = r.version_id WHERE v.study_id = s.id';
const RESULTS = 'FROM results x JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id';
const DELIVERIES = `FROM deliveries d JOIN results x ON x.id = d.result_id JOIN runs r ON r.id = x.run_id
  JOIN versions v ON v.id = r.version_id WHERE v.study_id = s.id`;
/** What ended only because the study or the rules went on, or because the model takes no such series, needs nobody. */
const NEEDS_NOBODY = "coalesce(r.failure_code, '') IN ('OUTDATED', 'RUN_NOT_WANTED', 'INPUT_NOT_TAKEN')";
const UNSUCCESSFUL = `r.state IN ('failed', 'rejected', 'cancelled') AND NOT ${NEEDS_NOBODY}`;
const OPEN_DELIVERY = "d.state <> 'delivered' AND NOT (d.state = 'rejected' AND d.failure_code IS 'OUTDATED')";
/** What is to be taken back is compared with the file that was delivered. */
const OPEN_WITHDRAWALS = `FROM withdrawals w JOIN results x ON x.id = w.result_id JOIN runs r ON r.id = x.run_id
  JOIN versions v ON v.id = r.version_id WHERE v.study_id = s.id AND w.state NOT IN ('withdrawn', 'kept')`;

const FACTS = `SELECT s.id, s.study_instance_uid, s.state, s.last_received_at AS lastReceivedAt,
  (SELECT count(*) FROM versions v WHERE v.study_id = s.id AND v.state <> 'decided') AS undecidedVersions,
  (SELECT count(*) ${RUNS} AND r.state NOT IN (${ENDED_RUN_STATES.map((state) => `'${state}'`).join(', ')})) AS openRuns,
  (SELECT count(*) ${RUNS} AND ${UNSUCCESSFUL}) AS unsuccessfulRuns,
  (SELECT max(r.ended_at) ${RUNS} AND ${UNSUCCESSFUL}) AS lastUnsuccessfulAt,
  (SELECT count(*) ${DELIVERIES} AND ${OPEN_DELIVERY}) + (SELECT count(*) ${OPEN_WITHDRAWALS}) AS openDeliveries,
  nullif(max(coalesce((SELECT max(r.ended_at) ${RUNS}), 0), coalesce((SELECT max(d.delivered_at) ${DELIVERIES}), 0)), 0) AS lastDoneAt,
  (SELECT json_group_array(k.keeper || ': ' || k.reason) FROM keeps k WHERE k.study_id = s.id) AS keeps
  FROM studies s`;

type RawFacts = Omit<StudyFactsRow, 'keeps'> & { readonly keeps: string };

const parsed = (row: RawFacts): StudyFactsRow => ({ ...row, keeps: JSON.parse(row.keeps) as string[] });

/** The facts of one study. */
export function retentionFacts(db: Db, studyId: number): StudyFactsRow | undefined {
  const row = db.get<RawFacts>(`${FACTS} WHERE s.id = ?`, studyId);
  return row && parsed(row);
}

/** Settled studies to which nothing has come since `receivedBefore`, those with the oldest last instance first, so many at a time. */
export function* settledStudies(db: Db, receivedBefore: EpochMs, atOnce = 200): Generator<StudyFactsRow[]> {
  for (let [at, id] = [0, 0]; ;) {
    const rows = db.all<RawFacts>(
      `${FACTS} WHERE s.last_received_at <= ? AND (s.last_received_at, s.id) > (?, ?) AND s.state = 'settled'
       ORDER BY s.last_received_at, s.id LIMIT ?`,
      receivedBefore,
      at,
      id,
      atOnce,
    );
    if (rows.length === 0) return;
    yield rows.map(parsed);
    ({ lastReceivedAt: at, id } = rows[rows.length - 1]);
  }
}

export interface PurgeRow {
  readonly id: number;
  readonly study_id: number;
  readonly cause: PurgeCause;
  readonly at: EpochMs;
  readonly instance_count: number;
  readonly result_count: number;
  readonly size_bytes: number;
  readonly files_gone_at: EpochMs | null;
}

export type PurgeCause = 'age' | 'space' | 'by-hand';

/**
 * Moves a settled study, or a held one that nobody needs, to purged and gives up its files, in the caller's transaction: the rows of instances stay for the versions
 * that name them, without header and patient. What is to be deleted now can be asked with `purgedFiles`.
 */
export function markPurged(db: Db, studyId: number, cause: PurgeCause, at: EpochMs): PurgeRow {
  const count = (table: string, where: string) =>
    db.get<{ n: number; bytes: number }>(
      `SELECT count(*) AS n, coalesce(sum(${table}.size_bytes), 0) AS bytes FROM ${table} WHERE ${where}`,
      studyId,
    ) ?? { n: 0, bytes: 0 };
  const ofStudy = `id IN (SELECT x.id ${RESULTS} WHERE v.study_id = ?) AND purged_at IS NULL AND path IS NOT NULL`;
  const instances = count('instances', 'study_id = ? AND purged_at IS NULL');
  const results = count('results', ofStudy);
  const bytes = instances.bytes + results.bytes;
  const detail = `${cause}: ${instances.n} instances, ${results.n} results, ${bytes} bytes`;
  db.move('studies', studyId, 'purged', { at, from: ['settled', 'held'], set: { hold_reason: null }, detail });
  db.run(
    "UPDATE instances SET standing = 'replaced', purged_at = ?, header = '{}', patient_id = '' WHERE study_id = ? AND purged_at IS NULL",
    at,
    studyId,
  );
  db.run(`UPDATE results SET purged_at = ? WHERE ${ofStudy}`, at, studyId);
  const { lastId } = db.run(
    'INSERT INTO purges (study_id, cause, at, instance_count, result_count, size_bytes) VALUES (?, ?, ?, ?, ?, ?)',
    studyId,
    cause,
    at,
    instances.n,
    results.n,
    bytes,
  );
  return db.get<PurgeRow>('SELECT * FROM purges WHERE id = ?', lastId) as PurgeRow;
}

/** Purges whose files may still be there, oldest first. */
export function unfinishedPurges(db: Db): PurgeRow[] {
  return db.all<PurgeRow>('SELECT * FROM purges WHERE files_gone_at IS NULL ORDER BY id');
}

/** Records that a purge has nothing left to delete. */
export function endPurge(db: Db, id: number, at: EpochMs): void {
  db.run('UPDATE purges SET files_gone_at = ? WHERE id = ?', at, id);
}

/** The last purge of a study. */
export function lastPurge(db: Db, studyId: number): PurgeRow | undefined {
  return db.get<PurgeRow>('SELECT * FROM purges WHERE study_id = ? ORDER BY id DESC LIMIT 1', studyId);
}

/** What a purge gave up: archive files, results' files, and attempts of runs, whose folders go too. */
export function purgedFiles(
  db: Db,
  { study_id, at }: PurgeRow,
): { archive: string[]; results: string[]; attempts: { run_id: number; number: number }[] } {
  const paths = (sql: string) => db.all<{ path: string }>(sql, study_id).map(({ path }) => path);
  return {
    archive: paths('SELECT path FROM instances WHERE study_id = ? AND purged_at IS NOT NULL'),
    results: paths(`SELECT x.path ${RESULTS} WHERE v.study_id = ? AND x.purged_at IS NOT NULL`),
    attempts: db.all(
      `SELECT a.run_id, a.number FROM attempts a JOIN runs r ON r.id = a.run_id JOIN versions v ON v.id = r.version_id
       WHERE v.study_id = ? AND a.started_at <= ?`,
      study_id,
      at,
    ),
  };
}

/** Runs that were done before `before` and whose input and output folders are still there, oldest first. */
export function runsWithWork(db: Db, before: EpochMs): number[] {
  const rows = db.all<{ id: number }>(
    `SELECT r.id FROM runs r WHERE r.state = 'done' AND r.work_gone_at IS NULL AND r.ended_at <= ?
       AND EXISTS (SELECT 1 FROM attempts a WHERE a.run_id = r.id) ORDER BY r.ended_at, r.id`,
    before,
  );
  return rows.map(({ id }) => id);
}

/** The numbers of a run's attempts. */
export function attemptNumbers(db: Db, runId: number): number[] {
  return db.all<{ number: number }>('SELECT number FROM attempts WHERE run_id = ?', runId).map(({ number }) => number);
}

/** Archive files that a purge of the study would give up. */
export function filesToPurge(db: Db, studyId: number): string[] {
  return db.all<{ path: string }>('SELECT path FROM instances WHERE study_id = ? AND purged_at IS NULL', studyId).map(({ path }) => path);
}

/** Records, with an event, that the work folders of a run were deleted. */
export function recordWorkGone(db: Db, runId: number, at: EpochMs): void {
  db.transaction(() => {
    db.run('UPDATE runs SET work_gone_at = ? WHERE id = ?', at, runId);
    db.event(at, 'runs', runId, 'done', 'done', 'its input and output folders were deleted');
  });
}

/** From now on the study is not purged: `keeper` needs it. The same keeper again changes the reason. */
export function keepStudy(db: Db, studyId: number, keeper: string, reason: string, at: EpochMs): void {
  db.transaction(() => {
    db.run(
      'INSERT INTO keeps (study_id, keeper, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT (study_id, keeper) DO UPDATE SET reason = excluded.reason',
      studyId,
      keeper,
      reason,
      at,
    );
    db.event(at, 'keeps', studyId, null, 'kept', `${keeper}: ${reason}`);
  });
}

/** `keeper` needs the study no longer. False where it did not keep it. */
export function endKeep(db: Db, studyId: number, keeper: string, at: EpochMs): boolean {
  return db.transaction(() => {
    const ended = db.run('DELETE FROM keeps WHERE study_id = ? AND keeper = ?', studyId, keeper).changes > 0;
    if (ended) db.event(at, 'keeps', studyId, 'kept', 'ended', keeper);
    return ended;
  });
}

const UNDELETABLE = 'undeletable';
/** So many paths are kept; whoever looks after them finds the others there. */
const PATHS_KEPT = 5;

/** What retention wants to delete and cannot. */
export interface UndeletableFiles {
  readonly count: number;
  /** The first of them, each with the reason. */
  readonly paths: readonly string[];
}

/** Records what cannot be deleted now. */
export function recordUndeletable(db: Db, paths: readonly string[]): void {
  const now: UndeletableFiles = { count: paths.length, paths: paths.slice(0, PATHS_KEPT) };
  if (JSON.stringify(now) !== JSON.stringify(undeletableFiles(db))) setFact(db, UNDELETABLE, JSON.stringify(now));
}

/** What could not be deleted when retention looked last. */
export function undeletableFiles(db: Db): UndeletableFiles {
  const text = factOf(db, UNDELETABLE);
  return text === undefined ? { count: 0, paths: [] } : (JSON.parse(text) as UndeletableFiles);
}

const PAUSE = 'purging_paused_until';

/** Nothing is purged until then: a backup copies the files that its ledger names. A backup that died is waited for no longer. */
export function pausePurging(db: Db, until: EpochMs): void {
  setFact(db, PAUSE, String(until));
}

/** Until when nothing may be purged; 0 where nothing speaks against it. */
export function purgingPausedUntil(db: Db): EpochMs {
  return Number(factOf(db, PAUSE) ?? 0);
}

function setFact(db: Db, key: string, value: string): void {
  db.run('INSERT INTO node (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value);
}

function factOf(db: Db, key: string): string | undefined {
  return db.get<{ value: string }>('SELECT value FROM node WHERE key = ?', key)?.value;
}
