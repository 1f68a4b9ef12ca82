/** Queries on dues: what each study was due, and the rows that tell what has become of it. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { FOR_PATIENTS } from './evaluation-schema.js';
import type { DeliveryState, ResultState, RunState, StudyState, VersionState } from './states.js';

/** Says that a run answers what a rule owes a version; called in the transaction that records the decision. */
export function recordDueRun(db: Db, versionId: number, rule: string, runId: number): void {
  db.run('INSERT OR IGNORE INTO due_runs (version_id, rule, run_id) VALUES (?, ?, ?)', versionId, rule, runId);
}

/** A study and its newest version, which is the one that counts. */
export interface AccountedStudyRow {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly state: StudyState;
  readonly instance_count: number;
  readonly hold_reason: string | null;
  readonly settle_wait: string | null;
  readonly settle_at: EpochMs | null;
  readonly version_id: number | null;
  readonly version_state: VersionState | null;
  readonly settled_at: EpochMs | null;
}

const STUDIES = `SELECT s.id, s.study_instance_uid, s.state, s.instance_count, s.hold_reason, s.settle_wait, s.settle_at,
    v.id AS version_id, v.state AS version_state, v.settled_at
  FROM studies s LEFT JOIN versions v ON v.study_id = s.id AND v.number = (SELECT max(n.number) FROM versions n WHERE n.study_id = s.id)`;

/** Studies to which something has come since `receivedSince`, by row from `after` on, so many at a time. */
export function studiesToAccountFor(db: Db, receivedSince: EpochMs, after: number, limit: number): AccountedStudyRow[] {
  return db.all<AccountedStudyRow>(
    `${STUDIES} WHERE s.id > ? AND s.last_received_at >= ? AND ${FOR_PATIENTS} ORDER BY s.id LIMIT ?`,
    after,
    receivedSince,
    limit,
  );
}

/** The studies of these StudyInstanceUIDs, as far as they are known. */
export function studiesByUid(db: Db, studyInstanceUids: readonly string[]): AccountedStudyRow[] {
  return db.all<AccountedStudyRow>(
    `${STUDIES} WHERE s.study_instance_uid IN (SELECT value FROM json_each(?)) ORDER BY s.id`,
    JSON.stringify(studyInstanceUids),
  );
}

/** What a rule owes a version and one of the runs that answer it: as many rows as there are runs, and one without a run where there is none. */
export interface DueRow {
  readonly version_id: number;
  readonly rule: string;
  readonly model_name: string;
  readonly shadow: 0 | 1;
  readonly outcome: string;
  readonly reason: string | null;
  readonly run_id: number | null;
  /** The run whose results are this one's too. */
  readonly answering_run_id: number | null;
  readonly run_state: RunState | null;
  readonly failure_code: string | null;
  readonly run_reason: string | null;
  readonly model_version: string | null;
  /** Why its model is suspended; null where it is not. */
  readonly suspended_reason: string | null;
}

/** The dues of these versions. */
export function duesOfVersions(db: Db, versionIds: readonly number[]): DueRow[] {
  return db.all<DueRow>(
    `SELECT d.*, r.id AS run_id, coalesce(r.same_as, r.id) AS answering_run_id, r.state AS run_state, r.failure_code, r.reason AS run_reason, r.model_version,
       CASE WHEN m.state = 'suspended' THEN coalesce(m.suspended_reason, 'by a person') END AS suspended_reason
     FROM json_each(?) j JOIN dues d ON d.version_id = j.value
     LEFT JOIN due_runs u ON u.version_id = d.version_id AND u.rule = d.rule LEFT JOIN runs r ON r.id = u.run_id
     LEFT JOIN models m ON m.id = r.model_id
     ORDER BY d.version_id, d.rule, r.id`,
    JSON.stringify(versionIds),
  );
}

/** A result of a run, and one of its deliveries: as many rows as there are deliveries, and one without where there is none. */
export interface AnswerRow {
  readonly run_id: number;
  readonly result_state: ResultState;
  readonly destination: string | null;
  readonly delivery_state: DeliveryState | null;
  readonly failure_code: string | null;
  readonly delivery_reason: string | null;
}

/** What these runs have given. */
export function answersOfRuns(db: Db, runIds: readonly number[]): AnswerRow[] {
  return db.all<AnswerRow>(
    `SELECT x.run_id, x.state AS result_state, l.destination, l.state AS delivery_state, l.failure_code, l.reason AS delivery_reason
     FROM json_each(?) j JOIN results x ON x.run_id = j.value LEFT JOIN deliveries l ON l.result_id = x.id
     ORDER BY x.id, l.id`,
    JSON.stringify(runIds),
  );
}
