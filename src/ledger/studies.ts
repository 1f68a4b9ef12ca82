/** Queries on studies. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { StudyState } from './states.js';

export interface StudyRow {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly state: StudyState;
  readonly instance_count: number;
  readonly first_received_at: EpochMs;
  readonly last_received_at: EpochMs;
  readonly settle_at: EpochMs | null;
  readonly calling_ae: string;
  readonly called_ae: string;
  readonly remote_address: string;
  readonly hold_reason: string | null;
  readonly settle_wait: string | null;
}

export interface Arrival {
  readonly studyInstanceUid: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  readonly at: EpochMs;
}

/** A study by its UID. */
export function findStudy(db: Db, studyInstanceUid: string): StudyRow | undefined {
  return db.get<StudyRow>('SELECT * FROM studies WHERE study_instance_uid = ?', studyInstanceUid);
}

/** A study by its row. */
export function studyById(db: Db, id: number): StudyRow | undefined {
  return db.get<StudyRow>('SELECT * FROM studies WHERE id = ?', id);
}

/** The study that a run is of. */
export function studyOfRun(db: Db, runId: number): StudyRow {
  const sql = 'SELECT s.* FROM studies s JOIN versions v ON v.study_id = s.id JOIN runs r ON r.version_id = v.id WHERE r.id = ?';
  return db.get<StudyRow>(sql, runId) as StudyRow;
}

/** The study's row, made in state `receiving` if there is none. It is due to settle at once: `noteArrival` puts that off. */
export function ensureStudy(db: Db, arrival: Arrival): StudyRow {
  const found = findStudy(db, arrival.studyInstanceUid);
  if (found !== undefined) return found;
  const { lastId } = db.run(
    `INSERT INTO studies (study_instance_uid, state, first_received_at, last_received_at, settle_at, calling_ae, called_ae, remote_address)
     VALUES (?, 'receiving', ?, ?, ?, ?, ?, ?)`,
    arrival.studyInstanceUid,
    arrival.at,
    arrival.at,
    arrival.at,
    arrival.callingAe,
    arrival.calledAe,
    arrival.remoteAddress,
  );
  db.event(arrival.at, 'studies', lastId, null, 'receiving');
  return studyById(db, lastId) as StudyRow;
}

/** Puts the next look at whether it is complete off to `settleAt`; a settled study goes back to receiving. A held study stays held. */
export function noteArrival(db: Db, study: StudyRow, arrival: Arrival, settleAt: EpochMs): void {
  db.run(
    `UPDATE studies SET last_received_at = ?, settle_at = ?, settle_wait = NULL, calling_ae = ?, called_ae = ?, remote_address = ?,
       instance_count = (SELECT count(*) FROM instances WHERE study_id = studies.id AND standing = 'current' AND own_result = 0)
     WHERE id = ?`,
    arrival.at,
    settleAt,
    arrival.callingAe,
    arrival.calledAe,
    arrival.remoteAddress,
    study.id,
  );
  db.move('studies', study.id, 'receiving', { at: arrival.at, from: ['settled', 'purged'], detail: 'late instance' });
}

/** An instance has gone to another study, as its sender corrected it: what is left is looked at by `settleAt`, for a version of its own. */
export function noteDeparture(db: Db, id: number, at: EpochMs, settleAt: EpochMs): void {
  db.run(
    `UPDATE studies SET settle_at = ?, settle_wait = NULL,
       instance_count = (SELECT count(*) FROM instances WHERE study_id = studies.id AND standing = 'current' AND own_result = 0)
     WHERE id = ? AND state IN ('receiving', 'settled')`,
    settleAt,
    id,
  );
  db.move('studies', id, 'receiving', { at, from: ['settled'], detail: 'an instance went to another study' });
}

/** A study that stays as it is until a person releases it, and why. */
export function holdStudy(db: Db, id: number, reason: string, at: EpochMs): void {
  db.move('studies', id, 'held', { at, set: { hold_reason: reason, settle_at: null }, detail: reason });
}

/** Lets a held study go on: it is looked at from `settleAt` on and settles with the instances that are current then. False if it is not held. */
export function releaseStudy(db: Db, id: number, at: EpochMs, settleAt: EpochMs): boolean {
  const set = { hold_reason: null, settle_at: settleAt };
  return db.move('studies', id, 'receiving', { at, from: ['held'], set, detail: 'released by a person' });
}

/** A receiving study is not complete yet: when to look again, and what it waits for. */
export function postponeSettling(db: Db, id: number, settleAt: EpochMs, waitsFor: string): void {
  db.run("UPDATE studies SET settle_at = ?, settle_wait = ? WHERE id = ? AND state = 'receiving'", settleAt, waitsFor, id);
}

/** There is news of a receiving study: it is looked at no later than `at`. */
export function hastenLook(db: Db, id: number, at: EpochMs): void {
  db.run("UPDATE studies SET settle_at = min(settle_at, ?) WHERE id = ? AND state = 'receiving'", at, id);
}

/** Studies that are due to be looked at. */
export function studiesDueToSettle(db: Db, now: EpochMs): StudyRow[] {
  return db.all<StudyRow>("SELECT * FROM studies WHERE state = 'receiving' AND settle_at <= ? ORDER BY settle_at", now);
}

/** When the next study is due to be looked at. */
export function nextSettleAt(db: Db): EpochMs | undefined {
  return db.get<{ at: EpochMs | null }>("SELECT min(settle_at) AS at FROM studies WHERE state = 'receiving'")?.at ?? undefined;
}

/** The newest studies first. */
export function listStudies(db: Db, limit: number): StudyRow[] {
  return db.all<StudyRow>('SELECT * FROM studies ORDER BY last_received_at DESC, id DESC LIMIT ?', limit);
}

/** Settled studies to which something has come since, oldest first. */
export function settledStudiesSince(db: Db, receivedSince: EpochMs): string[] {
  const sql =
    "SELECT study_instance_uid AS uid FROM studies WHERE state = 'settled' AND last_received_at >= ? ORDER BY last_received_at, id";
  return db.all<{ uid: string }>(sql, receivedSince).map(({ uid }) => uid);
}
