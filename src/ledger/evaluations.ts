/** Queries on evaluations: copies of cases, and the runs of models on cases. */
import type { EpochMs } from '../foundation/clock.js';
import { mayPass } from '../foundation/errors.js';
import type { Db } from './database.js';
import { resultsOfLastAttempt } from './results.js';
import type { RunState, StudyState } from './states.js';
import { insertRun, NO_PROGRESS, type NewRun, type RunRow } from './runs.js';

/** Who sent the copies of cases, as their files in the archive say it: without the ledger nothing else tells them from what was received. */
export const COPY_AE_TITLE = 'ANTEROOM-COPY';

export interface EvaluationStudyRow {
  readonly study_instance_uid: string;
  readonly evaluation: string;
  readonly case_name: string;
  readonly series_instance_uid: string;
  readonly complete_at: EpochMs | null;
}

/** Says that a study is the copy of a case, before there is anything of it. */
export function ensureEvaluationStudy(db: Db, study: Omit<EvaluationStudyRow, 'complete_at'>): EvaluationStudyRow {
  db.run(
    'INSERT OR IGNORE INTO evaluation_studies (study_instance_uid, evaluation, case_name, series_instance_uid) VALUES (?, ?, ?, ?)',
    study.study_instance_uid,
    study.evaluation,
    study.case_name,
    study.series_instance_uid,
  );
  return evaluationStudy(db, study.study_instance_uid) as EvaluationStudyRow;
}

/** The copy of a case that a study is; undefined for a study of a patient's care. */
export function evaluationStudy(db: Db, studyInstanceUid: string): EvaluationStudyRow | undefined {
  return db.get<EvaluationStudyRow>('SELECT * FROM evaluation_studies WHERE study_instance_uid = ?', studyInstanceUid);
}

/** The copies of an evaluation that lie in the archive, whole or as far as they have come in. */
export function copiesOfEvaluation(db: Db, evaluation: string): (EvaluationStudyRow & { readonly state: StudyState })[] {
  return db.all<EvaluationStudyRow & { readonly state: StudyState }>(
    `SELECT e.*, s.state FROM evaluation_studies e JOIN studies s USING (study_instance_uid) WHERE e.evaluation = ? AND s.state <> 'purged'
     ORDER BY e.case_name`,
    evaluation,
  );
}

/**
 * Ids of the studies of copies, of comparisons of which nothing is under way, and nothing has come, ended or been asked for since `before`. A run that was
 * cancelled did nothing, and one that has waited for longer is asked for by nobody.
 */
export function abandonedCopies(db: Db, before: EpochMs): number[] {
  const rows = db.all<{ id: number }>(
    `SELECT s.id FROM evaluation_studies e JOIN studies s USING (study_instance_uid)
     WHERE s.state IN ('settled', 'held') AND s.last_received_at <= ? AND NOT EXISTS (SELECT 1 FROM evaluation_runs x JOIN runs r ON r.id = x.run_id
       WHERE x.evaluation = e.evaluation AND (r.due_at > ? OR (r.ended_at > ? AND r.state <> 'cancelled') OR r.state IN ('starting', 'running', 'produced')))
     ORDER BY s.id`,
    before,
    before,
    before,
  );
  return rows.map(({ id }) => id);
}

/** Asks for what waits to be run on such a copy to be cancelled. */
export function cancelWaitingRuns(db: Db, studyId: number): void {
  db.run(
    `UPDATE runs SET cancel_requested = 1 WHERE state IN ('waiting', 'queued') AND purpose = 'evaluation'
       AND version_id IN (SELECT id FROM versions WHERE study_id = ?)`,
    studyId,
  );
}

/** All instances of a copy are there. */
export function completeEvaluationStudy(db: Db, studyInstanceUid: string, at: EpochMs): void {
  db.run('UPDATE evaluation_studies SET complete_at = ? WHERE study_instance_uid = ?', at, studyInstanceUid);
}

/** What tells one run of an evaluation from the others. */
export interface EvaluationRunKey {
  readonly evaluation: string;
  readonly caseName: string;
  readonly modelId: number;
}

/**
 * The run of a model on a case; made where there is none. One that ended for what a person or time removes is queued again, and so is one that is done
 * and whose results were purged, with the copy of its case, before anybody has scored them.
 */
export function ensureEvaluationRun(db: Db, key: EvaluationRunKey, run: NewRun, at: EpochMs): number {
  return db.transaction(() => {
    const found = db.get<RunRow>(
      `SELECT r.* FROM evaluation_runs e JOIN runs r ON r.id = e.run_id WHERE e.evaluation = ? AND e.case_name = ? AND e.model_id = ?`,
      key.evaluation,
      key.caseName,
      key.modelId,
    );
    if (found !== undefined) {
      const set = { ...NO_PROGRESS, due_at: at, ended_at: null, failure_code: null, reason: null, cancel_requested: 0, work_gone_at: null };
      const from: RunState[] = mayPass(found.failure_code ?? '') ? ['cancelled', 'failed'] : [];
      if (resultsOfLastAttempt(db, found.id).some(({ purged_at }) => purged_at !== null)) from.push('done');
      if (from.includes(found.state)) db.move('runs', found.id, 'queued', { at, from, set, detail: 'its evaluation goes on' });
      return found.id;
    }
    const id = insertRun(db, run, at);
    db.run('INSERT INTO evaluation_runs VALUES (?, ?, ?, ?)', key.evaluation, key.caseName, key.modelId, id);
    return id;
  });
}

/** A run of an evaluation. */
export type EvaluationRunRow = RunRow & {
  readonly case_name: string;
  readonly digest: string;
  /** Of its last attempt, from the start of the container on. */
  readonly run_time_ms: number | null;
  readonly peak_memory_bytes: number | null;
};

/** The runs of an evaluation, or of some of its cases, in the order in which they were made. */
export function runsOfEvaluation(db: Db, evaluation: string, caseNames?: readonly string[]): EvaluationRunRow[] {
  return db.all<EvaluationRunRow>(
    `SELECT r.*, e.case_name, m.digest, a.ended_at - a.started_at AS run_time_ms, a.peak_memory_bytes
     FROM evaluation_runs e JOIN runs r ON r.id = e.run_id JOIN models m ON m.id = e.model_id
     LEFT JOIN attempts a ON a.run_id = r.id AND a.number = (SELECT max(number) FROM attempts WHERE run_id = r.id)
     WHERE e.evaluation = ? AND (? OR e.case_name IN (SELECT value FROM json_each(?))) ORDER BY r.id`,
    evaluation,
    caseNames === undefined ? 1 : 0,
    JSON.stringify(caseNames ?? []),
  );
}
