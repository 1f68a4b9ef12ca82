/** Queries on fetches: studies that are pulled from a source. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { isOwnResult } from './instances.js';
import type { FetchState } from './states.js';

export interface FetchRow {
  readonly id: number;
  readonly source: string;
  readonly study_instance_uid: string;
  readonly reason: string;
  readonly state: FetchState;
  readonly due_at: EpochMs;
  readonly attempts: number;
  readonly listed: number | null;
  readonly here_before: number | null;
  readonly pulled: number;
  readonly failure_code: string | null;
  readonly failure: string | null;
  readonly created_at: EpochMs;
  readonly ended_at: EpochMs | null;
}

/** Asks for a study to be pulled; the same again while it is open is the same row. Returns its id; ring the bell `fetching` then. */
export function requestFetch(db: Db, wish: { studyInstanceUid: string; source: string; reason: string }, at: EpochMs): number {
  return db.transaction(() => {
    const open = db.get<{ id: number }>(
      "SELECT id FROM fetches WHERE source = ? AND study_instance_uid = ? AND state IN ('asked', 'pulling')",
      wish.source,
      wish.studyInstanceUid,
    );
    if (open !== undefined) return open.id;
    const { lastId } = db.run(
      "INSERT INTO fetches (source, study_instance_uid, reason, state, due_at, created_at) VALUES (?, ?, ?, 'asked', ?, ?)",
      wish.source,
      wish.studyInstanceUid,
      wish.reason,
      at,
      at,
    );
    db.event(at, 'fetches', lastId, null, 'asked', wish.reason);
    return lastId;
  });
}

/** The next study to be pulled from this source. */
export function nextDueFetch(db: Db, source: string, now: EpochMs): FetchRow | undefined {
  return db.get<FetchRow>(
    "SELECT * FROM fetches WHERE source = ? AND state = 'asked' AND due_at <= ? ORDER BY due_at, id LIMIT 1",
    source,
    now,
  );
}

/** When the next one is due there. */
export function nextFetchDueAt(db: Db, source: string): EpochMs | undefined {
  const sql = "SELECT min(due_at) AS at FROM fetches WHERE source = ? AND state = 'asked'";
  return db.get<{ at: EpochMs | null }>(sql, source)?.at ?? undefined;
}

/** What was under way when the node died. */
export function fetchesLeftPulling(db: Db): FetchRow[] {
  return db.all<FetchRow>("SELECT * FROM fetches WHERE state = 'pulling'");
}

/** What the source lists and what of it is here, as an attempt finds it. */
export function recordListing(db: Db, id: number, { listed, here }: { listed: number; here: number }): void {
  db.run(
    'UPDATE fetches SET listed = ?, here_before = coalesce(here_before, ?), pulled = ? - coalesce(here_before, ?) WHERE id = ?',
    listed,
    here,
    here,
    here,
    id,
  );
}

/** How many have come. */
export function recordPulled(db: Db, id: number, pulled: number): void {
  db.run('UPDATE fetches SET pulled = ? WHERE id = ?', pulled, id);
}

/** A fetch by its row. */
export function fetchById(db: Db, id: number): FetchRow | undefined {
  return db.get<FetchRow>('SELECT * FROM fetches WHERE id = ?', id);
}

/** The newest first. */
export function listFetches(db: Db, limit: number): FetchRow[] {
  return db.all<FetchRow>('SELECT * FROM fetches ORDER BY id DESC LIMIT ?', limit);
}

/** True for what need not be pulled: it is in the archive with its file, or this node made it. */
export function needsNoPull(db: Db, sopInstanceUid: string): boolean {
  const sql = "SELECT 1 FROM instances WHERE sop_instance_uid = ? AND standing = 'current' AND purged_at IS NULL";
  return db.get(sql, sopInstanceUid) !== undefined || isOwnResult(db, sopInstanceUid);
}
