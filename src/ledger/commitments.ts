/** Queries on storage commitment: what peers ask of us, what that hints at, and what we ask of destinations. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

export interface NamedInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** An instance with what became of it: 0 committed, else the FailureReason of PS3.4 J.3.3.1. */
export interface JudgedInstance extends NamedInstance {
  readonly reason: number;
}

export interface CommitmentRow {
  readonly id: number;
  readonly transaction_uid: string;
  readonly calling_ae: string;
  readonly called_ae: string;
  readonly remote_address: string;
  readonly requested_at: EpochMs;
  readonly state: 'owed' | 'reported' | 'held' | 'refused';
  readonly due_at: EpochMs;
  readonly attempts: number;
  readonly judged_at: EpochMs | null;
}

export interface NewCommitment {
  readonly transactionUid: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  readonly instances: readonly NamedInstance[];
}

/**
 * Enters a request and returns its row; one that is refused stays as a hint. The same transaction of the same peer is the same row: its
 * report is owed again. The instances that it named first count.
 */
export function enterCommitment(db: Db, asked: NewCommitment, state: 'owed' | 'refused', at: EpochMs, dueAt: EpochMs): number {
  return db.transaction(() => {
    const known = db.get<CommitmentRow>(
      'SELECT * FROM commitments WHERE transaction_uid = ? AND calling_ae = ?',
      asked.transactionUid,
      asked.callingAe,
    );
    if (known !== undefined) {
      if (state === 'owed') db.move('commitments', known.id, 'owed', { at, set: { due_at: dueAt, attempts: 0 }, detail: 'asked again' });
      return known.id;
    }
    const id = db.run(
      `INSERT INTO commitments (transaction_uid, calling_ae, called_ae, remote_address, requested_at, state, due_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      asked.transactionUid,
      asked.callingAe,
      asked.calledAe,
      asked.remoteAddress,
      at,
      state,
      dueAt,
    ).lastId;
    for (const { sopInstanceUid, sopClassUid } of asked.instances) {
      db.run('INSERT OR IGNORE INTO commitment_instances VALUES (?, ?, ?, NULL)', id, sopInstanceUid, sopClassUid);
    }
    db.event(at, 'commitments', id, null, state, `${asked.instances.length} instances`);
    return id;
  });
}

/** Requests whose report is due, the longest due first. */
export function dueCommitments(db: Db, now: EpochMs, limit: number): CommitmentRow[] {
  return db.all<CommitmentRow>("SELECT * FROM commitments WHERE state = 'owed' AND due_at <= ? ORDER BY due_at, id LIMIT ?", now, limit);
}

/** When the next report is due. */
export function nextCommitmentDueAt(db: Db): EpochMs | undefined {
  return db.get<{ at: EpochMs | null }>("SELECT min(due_at) AS at FROM commitments WHERE state = 'owed'")?.at ?? undefined;
}

export type InstanceToJudge = NamedInstance & {
  readonly reason: number | null;
  /** Of the current instance of this UID; all null where there is none. */
  readonly path: string | null;
  readonly sizeBytes: number | null;
  readonly storedClassUid: string | null;
};

/** The instances that a request names, beside what the archive has of them. */
export function instancesOfCommitment(db: Db, id: number): InstanceToJudge[] {
  return db.all<InstanceToJudge>(
    `SELECT c.sop_instance_uid AS sopInstanceUid, c.sop_class_uid AS sopClassUid, c.reason, i.path, i.size_bytes AS sizeBytes,
       i.sop_class_uid AS storedClassUid
     FROM commitment_instances c LEFT JOIN instances i ON i.sop_instance_uid = c.sop_instance_uid AND i.standing = 'current'
     WHERE c.commitment_id = ? ORDER BY c.sop_instance_uid`,
    id,
  );
}

/** Writes down what is committed and what is not: told so from here on, also after a restart. */
export function judgeCommitment(db: Db, id: number, judged: readonly JudgedInstance[], at: EpochMs): void {
  db.transaction(() => {
    for (const { sopInstanceUid, reason } of judged) {
      db.run('UPDATE commitment_instances SET reason = ? WHERE commitment_id = ? AND sop_instance_uid = ?', reason, id, sopInstanceUid);
    }
    db.run('UPDATE commitments SET judged_at = ? WHERE id = ?', at, id);
  });
}

/** The studies that hold what a request was given commitment for. */
export function committedStudies(db: Db, id: number): number[] {
  return db
    .all<{ id: number }>(
      `SELECT DISTINCT i.study_id AS id FROM commitment_instances c
       JOIN instances i ON i.sop_instance_uid = c.sop_instance_uid AND i.standing = 'current' WHERE c.commitment_id = ? AND c.reason = 0`,
      id,
    )
    .map((row) => row.id);
}

/** The peer could not be told: again at `dueAt`. */
export function postponeCommitment(db: Db, id: number, failure: string, dueAt: EpochMs): void {
  db.run('UPDATE commitments SET failure = ?, attempts = attempts + 1, due_at = ? WHERE id = ?', failure, dueAt, id);
}

/** When a peer last asked for commitment of every instance of a study that is here now (own results apart); a hint, no proof. */
export function commitmentHintAt(db: Db, studyId: number): EpochMs | undefined {
  return (
    db.get<{ at: EpochMs | null }>(
      `SELECT max(c.requested_at) AS at FROM commitments c WHERE c.id IN (
         SELECT n.commitment_id FROM instances i JOIN commitment_instances n ON n.sop_instance_uid = i.sop_instance_uid
         WHERE i.study_id = ? AND i.standing = 'current' AND i.own_result = 0 GROUP BY n.commitment_id
         HAVING count(*) = (SELECT count(*) FROM instances WHERE study_id = ? AND standing = 'current' AND own_result = 0))`,
      studyId,
      studyId,
    )?.at ?? undefined
  );
}

/** Our own request, entered before it is sent. */
export function enterCommitmentRequest(db: Db, transactionUid: string, destination: string, sopInstanceUid: string, at: EpochMs): void {
  db.run('INSERT INTO commitment_requests VALUES (?, ?, ?, ?, NULL, NULL)', transactionUid, destination, sopInstanceUid, at);
}

export interface CommitmentRequestRow {
  readonly transaction_uid: string;
  readonly asked_at: EpochMs;
  readonly reason: number | null;
}

/** The last request for this instance at this destination. */
export function lastCommitmentRequest(db: Db, destination: string, sopInstanceUid: string): CommitmentRequestRow | undefined {
  return db.get<CommitmentRequestRow>(
    `SELECT transaction_uid, asked_at, reason FROM commitment_requests WHERE sop_instance_uid = ? AND destination = ?
     ORDER BY reason IS 0 DESC, asked_at DESC LIMIT 1`,
    sopInstanceUid,
    destination,
  );
}

/** Before it is sent again: what was said of the earlier sending does not count for the new one. */
export function forgetCommitmentRequests(db: Db, destination: string, sopInstanceUid: string): void {
  db.run('DELETE FROM commitment_requests WHERE sop_instance_uid = ? AND destination = ?', sopInstanceUid, destination);
}

/** A destination's report on a request of ours; false where there is no such request. */
export function recordCommitmentReport(db: Db, transactionUid: string, judged: readonly JudgedInstance[], at: EpochMs): boolean {
  return db.transaction(() => {
    const request = db.get<{ uid: string }>(
      'SELECT sop_instance_uid AS uid FROM commitment_requests WHERE transaction_uid = ?',
      transactionUid,
    );
    if (request === undefined) return false;
    const about = judged.find(({ sopInstanceUid }) => sopInstanceUid === request.uid);
    if (about) {
      db.run('UPDATE commitment_requests SET reason = ?, reported_at = ? WHERE transaction_uid = ?', about.reason, at, transactionUid);
    }
    return true;
  });
}
