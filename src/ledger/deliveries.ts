/** Queries on deliveries: the outbox. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { restoredAt } from './node-facts.js';
import type { ResultRow } from './results.js';
import type { DeliveryState, ResultState } from './states.js';

export interface DeliveryRow {
  readonly id: number;
  readonly result_id: number;
  readonly destination: string;
  readonly state: DeliveryState;
  readonly due_at: EpochMs;
  readonly attempts: number;
  readonly failure_code: string | null;
  readonly reason: string | null;
  readonly receipt: string | null;
  readonly created_at: EpochMs;
  readonly delivered_at: EpochMs | null;
}

/** A delivery with what is needed to send it. */
export type DueDelivery = DeliveryRow & {
  readonly run_id: number;
  readonly result_state: ResultState;
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly path: string;
  readonly size_bytes: number;
};

const WITH_RESULT = `SELECT d.*, x.run_id, x.state AS result_state, s.study_instance_uid, x.series_instance_uid, x.sop_instance_uid, x.sop_class_uid, x.path, x.size_bytes
  FROM deliveries d JOIN results x ON x.id = d.result_id JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id`;

/**
 * One result on its way to one destination; the same again is the same row. A ledger that was restored asks the destination first:
 * it may have been sent in the time that was lost.
 */
export function ensureDelivery(db: Db, resultId: number, destination: string, at: EpochMs): void {
  const state: DeliveryState = restoredAt(db) === undefined ? 'pending' : 'unsure';
  const { changes, lastId } = db.run(
    'INSERT INTO deliveries (result_id, destination, state, due_at, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (result_id, destination) DO NOTHING',
    resultId,
    destination,
    state,
    at,
    at,
  );
  if (changes > 0) db.event(at, 'deliveries', lastId, null, state, destination);
}

/**
 * Every result of a run on its way to each of these destinations: as a label map where the destination takes them and there is one. In another form than it has
 * been sent there before, nothing is sent again.
 */
export function ensureDeliveries(
  db: Db,
  results: readonly ResultRow[],
  destinations: readonly string[],
  labelMapDestinations: ReadonlySet<string>,
  at: EpochMs,
): void {
  const passed = results.filter(({ state }) => state === 'passed');
  for (const result of passed.filter(({ form_of }) => form_of === null)) {
    const labelMap = passed.find(({ form_of }) => form_of === result.id);
    for (const destination of destinations) {
      if (isSent(db, result.id, destination)) continue;
      ensureDelivery(db, (labelMapDestinations.has(destination) ? labelMap : undefined)?.id ?? result.id, destination, at);
    }
  }
}

/** Whether a result is on its way to a destination, or there, in one of its forms. */
function isSent(db: Db, resultId: number, destination: string): boolean {
  const sql = 'SELECT 1 FROM deliveries d JOIN results x ON x.id = d.result_id WHERE ? IN (x.id, x.form_of) AND d.destination = ?';
  return db.get(sql, resultId, destination) !== undefined;
}

/** What may be sent (pending) or must be asked about (unsure) at this destination now, the longest due first. */
export function dueDeliveries(db: Db, destination: string, now: EpochMs, limit: number): DueDelivery[] {
  return db.all<DueDelivery>(
    `${WITH_RESULT} WHERE d.destination = ? AND d.state IN ('pending', 'unsure') AND d.due_at <= ? ORDER BY d.due_at, d.id LIMIT ?`,
    destination,
    now,
    limit,
  );
}

/** When the next delivery to this destination is due. */
export function nextDeliveryDueAt(db: Db, destination: string): EpochMs | undefined {
  return (
    db.get<{ at: EpochMs | null }>(
      "SELECT min(due_at) AS at FROM deliveries WHERE destination = ? AND state IN ('pending', 'unsure')",
      destination,
    )?.at ?? undefined
  );
}

/** What was being sent when the node died: whether it arrived is not known. */
export function deliveriesLeftSending(db: Db): DeliveryRow[] {
  return db.all<DeliveryRow>("SELECT * FROM deliveries WHERE state = 'sending'");
}

/** The destination could not be asked: asks again at `dueAt`. */
export function postponeUnsure(db: Db, id: number, why: { code: string; seen: string }, dueAt: EpochMs): void {
  db.run(
    "UPDATE deliveries SET failure_code = ?, reason = ?, due_at = ?, attempts = attempts + 1 WHERE id = ? AND state = 'unsure'",
    why.code,
    why.seen,
    dueAt,
    id,
  );
}

/**
 * A person wants it tried again, now. What may have arrived already is asked for before it is sent again.
 * False if it is in none of the states held, rejected and unsure.
 */
export function retryDelivery(db: Db, { id, state, attempts }: DeliveryRow, at: EpochMs): boolean {
  // The time of failing is counted anew from here.
  const set = { due_at: at, created_at: at };
  const from = ['held', 'rejected'] as const;
  const detail = 'asked for by a person';
  if (state === 'unsure') {
    return db.run("UPDATE deliveries SET due_at = ?, created_at = ? WHERE id = ? AND state = 'unsure'", at, at, id).changes > 0;
  }
  const mayBeThere = (state === 'held' && attempts > 0) || restoredAt(db) !== undefined;
  return db.move('deliveries', id, mayBeThere ? 'unsure' : 'pending', { at, from, set, detail });
}

/** What a person can have tried again at this destination. */
export function deliveriesToRetry(db: Db, destination: string): DueDelivery[] {
  return db.all<DueDelivery>(
    `${WITH_RESULT} WHERE d.destination = ? AND d.state IN ('held', 'rejected', 'unsure') AND x.state = 'passed' ORDER BY d.id`,
    destination,
  );
}

/** Deliveries to destinations that the settings do not (or no longer) name. */
export function destinationsWithWork(db: Db): string[] {
  return db
    .all<{ destination: string }>("SELECT DISTINCT destination FROM deliveries WHERE state IN ('pending', 'unsure')")
    .map((row) => row.destination);
}

/** One delivery with what is needed to send it. */
export function deliveryById(db: Db, id: number): DueDelivery | undefined {
  return db.get<DueDelivery>(`${WITH_RESULT} WHERE d.id = ?`, id);
}

export type DeliveryListRow = DeliveryRow & {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly run_id: number;
};

/** The newest deliveries first, with their study and run. */
export function listDeliveries(db: Db, filter: { studyInstanceUid?: string; limit: number }): DeliveryListRow[] {
  return db.all<DeliveryListRow>(
    `SELECT d.*, s.study_instance_uid, x.series_instance_uid, x.sop_instance_uid, x.run_id FROM deliveries d JOIN results x ON x.id = d.result_id
     JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id
     WHERE ? IS NULL OR s.study_instance_uid = ? ORDER BY d.id DESC LIMIT ?`,
    filter.studyInstanceUid ?? null,
    filter.studyInstanceUid ?? null,
    filter.limit,
  );
}

/** The deliveries of a run's results that still stand. */
export function deliveriesOfRun(db: Db, runId: number): DueDelivery[] {
  return db.all<DueDelivery>(`${WITH_RESULT} WHERE x.run_id = ? AND x.state = 'passed' ORDER BY d.id`, runId);
}
