/** Queries on withdrawals: delivered results that a later version's result has replaced, per destination. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { WithdrawalState } from './states.js';

export type WithdrawalMethod = 'delete' | 'iocm-kos' | 'mark-only';

export interface WithdrawalRow {
  readonly id: number;
  readonly result_id: number;
  readonly replaced_by: number;
  readonly destination: string;
  readonly method: WithdrawalMethod;
  readonly state: WithdrawalState;
  readonly note_sop_instance_uid: string;
  readonly note_series_instance_uid: string;
  readonly due_at: EpochMs;
  readonly attempts: number;
  readonly failure_code: string | null;
  readonly reason: string | null;
  readonly receipt: string | null;
  readonly failing_since: EpochMs | null;
  readonly created_at: EpochMs;
  readonly ended_at: EpochMs | null;
}

/** A result as it was delivered. */
export interface DeliveredResult {
  readonly result_id: number;
  readonly version_number: number;
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly series_number: number;
  readonly path: string;
  readonly size_bytes: number;
}

/** A withdrawal with the result that it is about. */
export type DueWithdrawal = WithdrawalRow & DeliveredResult;

const RESULT = `x.id AS result_id, v.number AS version_number, s.study_instance_uid, x.series_instance_uid, x.sop_instance_uid,
  x.sop_class_uid, x.series_number, x.path, x.size_bytes`;
const OF_RESULT = 'JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id';

/** So many results that are at this destination, that a later version has superseded, and in whose study something has happened since they were decided about. */
export function undecidedLeftovers(db: Db, destination: string, limit: number): DeliveredResult[] {
  return db.all<DeliveredResult>(
    `SELECT ${RESULT} FROM undecided_leftovers u JOIN results x ON x.id = u.result_id ${OF_RESULT} WHERE u.destination = ? ORDER BY u.result_id LIMIT ?`,
    destination,
    limit,
  );
}

/** It is decided, as far as things are now. */
export function endUndecided(db: Db, resultId: number, destination: string): void {
  db.run('DELETE FROM undecided_leftovers WHERE destination = ? AND result_id = ?', destination, resultId);
}

const LAST_OUTPUTS = `SELECT path, id FROM outputs
  WHERE attempt_id = (SELECT id FROM attempts WHERE run_id = coalesce(later.same_as, later.id) ORDER BY number DESC LIMIT 1)`;

/**
 * That the later run drew nothing in the place of the old result, and no result of it tells: in the output of the same path, or where there is
 * none in any that would have become an object of the same class.
 */
const UNTOLD = `EXISTS (
  WITH o AS (${LAST_OUTPUTS}), was AS (SELECT path FROM outputs WHERE id = old.output_id)
  SELECT 1 FROM results y JOIN o ON o.id = y.output_id
  WHERE y.run_id = coalesce(later.same_as, later.id) AND y.state = 'rejected' AND y.form_of IS NULL AND y.told = 0
    AND CASE WHEN EXISTS (SELECT 1 FROM o JOIN was USING (path)) THEN o.path = (SELECT path FROM was)
      ELSE y.sop_class_uid = (SELECT sop_class_uid FROM results WHERE id = coalesce(old.form_of, old.id)) END)`;

/**
 * What the same rule made of a later version of the study and what is proven present at this destination: all results of one
 * run, each delivered there in one of its forms and none on its way out. Empty where there is none: then nothing may be withdrawn. Nor may be
 * what was drawn where the run has drawn nothing in its place, and no result of it tells so.
 */
export function provenSuccessors(db: Db, resultId: number, destination: string): DeliveredResult[] {
  const run = db.get<{ id: number }>(
    `SELECT coalesce(later.same_as, later.id) AS id FROM results old JOIN runs r ON r.id = old.run_id JOIN versions v ON v.id = r.version_id
     JOIN runs later ON later.rule = r.rule AND later.model_name = r.model_name AND later.purpose = r.purpose
     JOIN versions lv ON lv.id = later.version_id AND lv.study_id = v.study_id AND lv.number > v.number
     WHERE old.id = ? AND coalesce(later.same_as, later.id) <> old.run_id
       AND EXISTS (SELECT 1 FROM results y WHERE y.run_id = coalesce(later.same_as, later.id) AND y.state IN ('passed', 'superseded'))
       AND NOT EXISTS (SELECT 1 FROM results y WHERE y.run_id = coalesce(later.same_as, later.id) AND y.state <> 'rejected' AND y.form_of IS NULL
         AND NOT EXISTS (SELECT 1 FROM deliveries d JOIN results f ON f.id = d.result_id
           WHERE y.id IN (f.id, f.form_of) AND d.destination = ? AND d.state = 'delivered'))
       AND NOT EXISTS (SELECT 1 FROM results y JOIN withdrawals w ON w.result_id = y.id AND w.destination = ?
         WHERE y.run_id = coalesce(later.same_as, later.id) AND w.state IN ('sending', 'unsure', 'withdrawn'))
       AND NOT ${UNTOLD}
     ORDER BY later.series_key = r.series_key DESC, lv.number DESC LIMIT 1`,
    resultId,
    destination,
    destination,
  );
  if (run === undefined) return [];
  return db.all<DeliveredResult>(
    `SELECT ${RESULT} FROM results x JOIN deliveries d ON d.result_id = x.id AND d.destination = ? AND d.state = 'delivered' ${OF_RESULT}
     WHERE x.run_id = ? AND x.state IN ('passed', 'superseded') ORDER BY x.id`,
    destination,
    run.id,
  );
}

/** A new withdrawal in `waiting`, with the names of a rejection note. */
export function insertWithdrawal(
  db: Db,
  row: Pick<WithdrawalRow, 'result_id' | 'replaced_by' | 'destination' | 'method' | 'note_sop_instance_uid' | 'note_series_instance_uid'>,
  at: EpochMs,
): number {
  const { lastId } = db.run(
    `INSERT INTO withdrawals (result_id, replaced_by, destination, method, state, note_sop_instance_uid, note_series_instance_uid, due_at, created_at)
     VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?)`,
    row.result_id,
    row.replaced_by,
    row.destination,
    row.method,
    row.note_sop_instance_uid,
    row.note_series_instance_uid,
    at,
    at,
  );
  db.event(at, 'withdrawals', lastId, null, 'waiting', row.destination);
  return lastId;
}

const WITH_RESULT = `SELECT w.*, ${RESULT} FROM withdrawals w JOIN results x ON x.id = w.result_id ${OF_RESULT}`;

/** The next withdrawal at this destination that is due, also one whose outcome is not known. */
export function nextDueWithdrawal(db: Db, destination: string, now: EpochMs): DueWithdrawal | undefined {
  return db.get<DueWithdrawal>(
    `${WITH_RESULT} WHERE w.destination = ? AND w.state IN ('waiting', 'unsure') AND w.due_at <= ? ORDER BY w.due_at, w.id LIMIT 1`,
    destination,
    now,
  );
}

/** When the next one is due there. */
export function nextWithdrawalDueAt(db: Db, destination: string): EpochMs | undefined {
  const sql = "SELECT min(due_at) AS at FROM withdrawals WHERE destination = ? AND state IN ('waiting', 'unsure')";
  return db.get<{ at: EpochMs | null }>(sql, destination)?.at ?? undefined;
}

/** What was under way when the node died: whether it happened is not known. */
export function withdrawalsLeftSending(db: Db): WithdrawalRow[] {
  return db.all<WithdrawalRow>("SELECT * FROM withdrawals WHERE state = 'sending'");
}

/** It could not be done or asked now: again at `dueAt`, in the state that it is in. */
export function postponeWithdrawal(db: Db, id: number, why: { code: string; seen: string }, at: EpochMs, dueAt: EpochMs): void {
  db.run(
    `UPDATE withdrawals SET failure_code = ?, reason = ?, due_at = ?, failing_since = coalesce(failing_since, ?), attempts = attempts + 1
     WHERE id = ? AND state IN ('waiting', 'unsure')`,
    why.code,
    why.seen,
    dueAt,
    at,
    id,
  );
}

/** The way that the destination's settings name now. */
export function setWithdrawalMethod(db: Db, id: number, method: WithdrawalMethod): void {
  db.run('UPDATE withdrawals SET method = ? WHERE id = ? AND method <> ?', method, id, method);
}

/** A person wants it tried (again), now, by the destination's present method. False if it is neither held nor kept. */
export function retryWithdrawal(db: Db, id: number, at: EpochMs): boolean {
  const set = { due_at: at, failing_since: null, ended_at: null, failure_code: null, reason: null };
  return db.move('withdrawals', id, 'waiting', { at, from: ['held', 'kept'], set, detail: 'asked for by a person' });
}

/** A withdrawal by its row. */
export function withdrawalById(db: Db, id: number): WithdrawalRow | undefined {
  return db.get<WithdrawalRow>('SELECT * FROM withdrawals WHERE id = ?', id);
}

/** What became, at one destination, of a result that was outgrown. */
export function withdrawalOf(db: Db, resultId: number, destination: string): WithdrawalRow | undefined {
  return db.get<WithdrawalRow>('SELECT * FROM withdrawals WHERE result_id = ? AND destination = ?', resultId, destination);
}

/** A result of an earlier version that is still at a destination, although its rule has run on a later one. */
export interface LeftoverRow {
  readonly result_id: number;
  readonly sop_instance_uid: string;
  readonly version_number: number;
  readonly destination: string;
  readonly later_version: number;
  readonly later_run: number;
  readonly later_state: string;
  readonly later_reason: string | null;
}

/** The results of earlier versions that are still at destinations, with the newest run of their rule. */
export function leftoversOfStudy(db: Db, studyId: number): LeftoverRow[] {
  return db.all<LeftoverRow>(
    `SELECT x.id AS result_id, x.sop_instance_uid, v.number AS version_number, d.destination,
       lv.number AS later_version, later.id AS later_run, later.state AS later_state, later.reason AS later_reason
     FROM results x JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id
     JOIN deliveries d ON d.result_id = x.id AND d.state = 'delivered'
     JOIN runs later ON later.id = r.replaced_by JOIN versions lv ON lv.id = later.version_id
     WHERE v.study_id = ? AND NOT EXISTS (
       SELECT 1 FROM withdrawals w WHERE w.result_id = x.id AND w.destination = d.destination AND w.state = 'withdrawn')
     ORDER BY x.id, d.destination`,
    studyId,
  );
}
