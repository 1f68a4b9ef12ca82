/** Queries of the queue: of each lane only the first run, so that a look costs as much as there are lanes, not runs. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { ModelState } from './states.js';
import type { RunRow } from './runs.js';

/** A run with its model as it is now. */
export interface RunWithModel extends RunRow {
  readonly lane: string;
  /** model.yaml as it was registered, as JSON; null where the run has no model. */
  readonly package: string | null;
  readonly digest: string | null;
  readonly model_state: ModelState | null;
  readonly suspended_reason: string | null;
  readonly suspended_at: EpochMs | null;
  readonly suspended_by: 'breaker' | 'drift' | null;
}

const WITH_MODEL = `SELECT r.*, m.package, m.digest, m.state AS model_state, m.suspended_reason, m.suspended_at, m.suspended_by
  FROM runs r LEFT JOIN models m ON m.id = r.model_id`;

/** From lane to lane by the index; which one it is must be said, as the planner takes one that has all queued runs read. */
const LANES = `WITH RECURSIVE lanes (lane) AS (
  SELECT min(lane) FROM runs INDEXED BY runs_by_lane WHERE state = 'queued'
  UNION ALL
  SELECT (SELECT min(q.lane) FROM runs q INDEXED BY runs_by_lane WHERE q.state = 'queued' AND q.lane > lanes.lane) FROM lanes WHERE lanes.lane IS NOT NULL)`;

/** The first run of each lane that is due. */
export function headsOfLanes(db: Db, now: EpochMs): RunWithModel[] {
  return db.all<RunWithModel>(
    `${LANES} SELECT h.* FROM lanes JOIN (${WITH_MODEL}) h ON h.id = (
       SELECT q.id FROM runs q WHERE q.state = 'queued' AND q.lane = lanes.lane AND q.due_at <= ? ORDER BY q.due_at, q.id LIMIT 1)`,
    now,
  );
}

/** Runs that take a part of the machine: those under way, and those of `alsoIds`. */
export function runsTakingSlots(db: Db, alsoIds: readonly number[] = []): RunWithModel[] {
  return db.all<RunWithModel>(
    `${WITH_MODEL} WHERE r.id IN (SELECT id FROM runs WHERE state IN ('starting', 'running') UNION SELECT value FROM json_each(?))`,
    JSON.stringify(alsoIds),
  );
}

/** Priorities of the last starts, the newest first. */
export function lastStarts(db: Db, count: number): number[] {
  const sql = 'SELECT r.priority FROM attempts a JOIN runs r ON r.id = a.run_id ORDER BY a.id DESC LIMIT ?';
  return db.all<{ priority: number }>(sql, count).map(({ priority }) => priority);
}

/** How many runs of a rule, from one source or all, have started after `since`. */
export function startedSince(db: Db, rule: string, since: EpochMs, source?: string): number {
  const sql = 'SELECT count(*) AS n FROM runs WHERE rule = ? AND started_at > ? AND (? IS NULL OR calling_ae = ?)';
  return db.get<{ n: number }>(sql, rule, since, source ?? null, source ?? null)?.n ?? 0;
}

/** When the next queued run that is not due yet will be. */
export function nextRunDueAt(db: Db, now: EpochMs): EpochMs | undefined {
  const sql = `${LANES} SELECT min((SELECT min(q.due_at) FROM runs q WHERE q.state = 'queued' AND q.lane = lanes.lane AND q.due_at > ?)) AS at FROM lanes`;
  return db.get<{ at: EpochMs | null }>(sql, now)?.at ?? undefined;
}

/** Queued runs in the order of their urgency, with their lanes. */
export function queueInOrder(db: Db): Pick<RunWithModel, 'id' | 'lane' | 'due_at'>[] {
  return db.all("SELECT id, lane, due_at FROM runs WHERE state = 'queued' ORDER BY priority, due_at, id");
}

/** Names of the rules whose runs have not started. */
export function rulesWithOpenRuns(db: Db): string[] {
  const sql = "SELECT DISTINCT rule FROM runs WHERE rule IS NOT NULL AND state IN ('waiting', 'queued')";
  return db.all<{ rule: string }>(sql).map(({ rule }) => rule);
}
