/** Queries on outputs and results. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { ResultState } from './states.js';

export interface OutputRow {
  readonly id: number;
  readonly run_id: number;
  readonly attempt_id: number;
  readonly path: string;
  readonly kind: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface ResultRow {
  readonly id: number;
  readonly run_id: number;
  readonly output_id: number | null;
  readonly state: ResultState;
  readonly sop_class_uid: string;
  readonly sop_instance_uid: string;
  readonly series_instance_uid: string;
  readonly series_number: number;
  readonly created_at: EpochMs;
  readonly path: string | null;
  readonly size_bytes: number | null;
  readonly sha256: string | null;
  readonly reason: string | null;
  readonly summary: string | null;
  readonly superseded_by: number | null;
  /** The result whose voxels it shows in another form: of which it is the label map. Null: the result itself. */
  readonly form_of: number | null;
  /** 1: nothing is drawn in its output, so that it was not made, and another result of the run says so or has drawn all that the output names. */
  readonly told: 0 | 1;
  /** When its file was given up. */
  readonly purged_at: EpochMs | null;
}

/** The names of a result that is to be made. */
export type NewResult = Pick<
  ResultRow,
  'run_id' | 'output_id' | 'sop_class_uid' | 'sop_instance_uid' | 'series_instance_uid' | 'series_number'
> &
  Partial<Pick<ResultRow, 'form_of'>>;

/** Inserts a row and returns its id. */
export function insertOutput(db: Db, output: Omit<OutputRow, 'id'>): number {
  return db.run(
    'INSERT INTO outputs (run_id, attempt_id, path, kind, size_bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)',
    output.run_id,
    output.attempt_id,
    output.path,
    output.kind,
    output.size_bytes,
    output.sha256,
  ).lastId;
}

/** What an attempt left, by path. */
export function outputsOfAttempt(db: Db, attemptId: number): OutputRow[] {
  return db.all<OutputRow>('SELECT * FROM outputs WHERE attempt_id = ? ORDER BY path', attemptId);
}

/** What the last attempt of a run left, and whether a result was made of it. */
export function outputsOfRun(db: Db, runId: number): (OutputRow & { readonly result_id: number | null })[] {
  return db.all(
    `SELECT o.*, (SELECT max(x.id) FROM results x WHERE x.output_id = o.id AND x.form_of IS NULL) AS result_id FROM outputs o
     WHERE o.attempt_id = (SELECT id FROM attempts WHERE run_id = ? ORDER BY number DESC LIMIT 1) ORDER BY o.path`,
    runId,
  );
}

/** The result of one output in one SOP class, made with its UIDs if it is not there yet: making it twice gives the same object. */
export function ensureResult(db: Db, result: NewResult, at: EpochMs): ResultRow {
  return db.transaction(() => {
    const { run_id, output_id, sop_class_uid } = result;
    const sql = 'SELECT * FROM results WHERE run_id = ? AND output_id IS ? AND sop_class_uid = ?';
    const found = db.get<ResultRow>(sql, run_id, output_id, sop_class_uid);
    if (found !== undefined) return found;
    const { lastId } = db.run(
      `INSERT INTO results (run_id, output_id, state, sop_class_uid, sop_instance_uid, series_instance_uid, series_number, form_of, created_at)
       VALUES (?, ?, 'made', ?, ?, ?, ?, ?, ?)`,
      result.run_id,
      result.output_id,
      result.sop_class_uid,
      result.sop_instance_uid,
      result.series_instance_uid,
      result.series_number,
      result.form_of ?? null,
      at,
    );
    db.event(at, 'results', lastId, null, 'made');
    return resultById(db, lastId) as ResultRow;
  });
}

/** A result by its row. */
export function resultById(db: Db, id: number): ResultRow | undefined {
  return db.get<ResultRow>('SELECT * FROM results WHERE id = ?', id);
}

/** The results of a run, of all its attempts. */
export function resultsOfRun(db: Db, runId: number): ResultRow[] {
  return db.all<ResultRow>('SELECT * FROM results WHERE run_id = ? ORDER BY id', runId);
}

/** The results of a run's last attempt: what an earlier one has made may have been purged, where the run was queued again. */
export function resultsOfLastAttempt(db: Db, runId: number): ResultRow[] {
  return db.all<ResultRow>(
    `SELECT x.* FROM results x JOIN outputs o ON o.id = x.output_id
     WHERE o.attempt_id = (SELECT id FROM attempts WHERE run_id = ? ORDER BY number DESC LIMIT 1) ORDER BY x.id`,
    runId,
  );
}

/** What another run has in the place of a result: of the output of the same path, in the same SOP class. */
export function resultLike(db: Db, { output_id, sop_class_uid }: ResultRow, runId: number): ResultRow | undefined {
  return db.get<ResultRow>(
    `SELECT x.* FROM results x LEFT JOIN outputs o ON o.id = x.output_id
     WHERE x.run_id = ? AND x.sop_class_uid = ? AND o.path IS (SELECT path FROM outputs WHERE id = ?) ORDER BY x.id DESC LIMIT 1`,
    runId,
    sop_class_uid,
    output_id,
  );
}

/**
 * Results that still stand and whose runs of earlier versions this run has replaced: all of them, where a result is that of several runs
 * (the one that made it, and those to which it was the same).
 */
function earlierResults(db: Db, runId: number): ResultRow[] {
  return db.all<ResultRow>(
    `SELECT x.* FROM results x WHERE x.state = 'passed'
       AND x.run_id IN (SELECT coalesce(same_as, id) FROM runs WHERE replaced_by = ?)
       AND NOT EXISTS (SELECT 1 FROM runs r WHERE (r.id = x.run_id OR (r.same_as = x.run_id AND r.state = 'done')) AND r.replaced_by IS NULL)
     ORDER BY x.id`,
    runId,
  );
}

/** Results of earlier versions give way to those of a run. */
export function supersedeEarlier(db: Db, runId: number, answeringRunId: number, at: EpochMs): void {
  const results = resultsOfRun(db, answeringRunId);
  for (const earlier of earlierResults(db, runId)) {
    const later = successorOf(resultLike(db, earlier, answeringRunId), results);
    db.move('results', earlier.id, 'superseded', { at, set: { superseded_by: later?.id ?? null } });
  }
}

/** Of the same output: in the same class, or the report that nothing was drawn there, or the other form. Where there is none the first that passed. */
function successorOf(like: ResultRow | undefined, results: readonly ResultRow[]): ResultRow | undefined {
  if (like?.state === 'passed') return like;
  const passed = results.filter(({ state }) => state === 'passed');
  return passed.find(({ output_id }) => output_id === like?.output_id) ?? passed.at(0) ?? like ?? results.at(0);
}

/** A result that is kept as a file, with what made it. */
export interface KeptResult {
  readonly sop_instance_uid: string;
  readonly study_instance_uid: string;
  readonly model_name: string;
}

/** Results of rules and of runs by hand that are here, each in the form that it was made in first, of one study or of all, in the order in which they were made. */
export function keptResults(db: Db, studyInstanceUid: string | null): KeptResult[] {
  return db.all<KeptResult>(
    `SELECT x.sop_instance_uid, s.study_instance_uid, r.model_name FROM results x JOIN runs r ON r.id = x.run_id
     JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id
     WHERE x.path IS NOT NULL AND x.purged_at IS NULL AND x.state IN ('passed', 'superseded') AND x.form_of IS NULL AND r.purpose = 'clinical'
       AND (? IS NULL OR s.study_instance_uid = ?) ORDER BY x.id`,
    studyInstanceUid,
    studyInstanceUid,
  );
}

/** A result by the object that it is. */
export function resultBySopInstanceUid(db: Db, uid: string): ResultRow | undefined {
  return db.get<ResultRow>('SELECT * FROM results WHERE sop_instance_uid = ?', uid);
}

/** The results of all versions of a study. */
export function resultsOfStudy(db: Db, studyId: number): ResultRow[] {
  return db.all<ResultRow>(
    'SELECT x.* FROM results x JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id WHERE v.study_id = ? ORDER BY x.id',
    studyId,
  );
}
