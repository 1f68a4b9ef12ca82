/** Queries on evaluations: copies of cases, and the runs of models on cases. */
import type { EpochMs } from '../foundation/clock.js';
import { mayPass } from '../foundation/errors.js';
import type { Db } from './database.js';
import { resultsOfLastAttempt } from './results.js';
import { insertRun, NO_PROGRESS, requestCancel, seriesKey, type NewRun, type RunRow } from './runs.js';
import { hasEnded, type RunState, type StudyState } from './states.js';

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

/** What is asked for more often than this is written down once: a command that waits asks several times a second. */
const ASKED_AGAIN_MS = 3_600_000;

/** Somebody asks for an evaluation now: it goes on, also where it waits for the end of a pause. */
export function recordAsked(db: Db, evaluation: string, at: EpochMs): void {
  const known = db.get<{ asked_at: EpochMs }>('SELECT asked_at FROM evaluations WHERE evaluation = ?', evaluation);
  if (known !== undefined && at - known.asked_at < ASKED_AGAIN_MS) return;
  db.run('INSERT INTO evaluations VALUES (?, ?) ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at', evaluation, at);
}

/**
 * Gives up the next copy, by the id of its study, of a comparison for which nobody has asked since `before`, and of which nothing is under way and
 * nothing has come or ended since: what waits to be run on it is cancelled. A run that was cancelled did nothing. Returns the id of the study, which may be purged.
 */
export function giveUpNextCopy(db: Db, after: number, before: EpochMs, reason: string, at: EpochMs): number | undefined {
  return db.transaction(() => {
    const next = db.get<{ id: number }>(
      `SELECT s.id FROM evaluation_studies e JOIN studies s USING (study_instance_uid)
       WHERE s.id > ? AND s.state IN ('settled', 'held') AND s.last_received_at <= ?
         AND NOT EXISTS (SELECT 1 FROM evaluations a WHERE a.evaluation = e.evaluation AND a.asked_at > ?)
         AND NOT EXISTS (SELECT 1 FROM evaluation_runs x JOIN runs r ON r.id = x.run_id
           WHERE x.evaluation = e.evaluation AND ((r.ended_at > ? AND r.state <> 'cancelled') OR r.state IN ('starting', 'running', 'produced')))
       ORDER BY s.id LIMIT 1`,
      after,
      before,
      before,
      before,
    );
    if (next !== undefined) cancelWaitingRuns(db, next.id, reason, at);
    return next?.id;
  });
}

/** Why a run of an evaluation is of no use any more. */
export const OTHER_IMAGES = 'the images of its case are others now';

/** Cancels what waits to be run on a study for evaluations; a later command has it queued again. */
export function cancelWaitingRuns(db: Db, studyId: number, reason: string, at: EpochMs): void {
  const waiting = db.all<{ id: number }>(
    `SELECT r.id FROM versions v JOIN runs r ON r.version_id = v.id
     WHERE v.study_id = ? AND r.purpose = 'evaluation' AND r.state IN ('waiting', 'queued') ORDER BY r.id`,
    studyId,
  );
  for (const { id } of waiting) cancelWaiting(db, id, reason, at);
}

function cancelWaiting(db: Db, runId: number, reason: string, at: EpochMs): boolean {
  const set = { cancel_requested: 0, ended_at: at, failure_code: 'RUN_CANCELLED', reason };
  return db.move('runs', runId, 'cancelled', { at, from: ['waiting', 'queued'], set, detail: reason });
}

/** Since when all instances of a copy are there; null while they are being copied, also once more. */
export function completeEvaluationStudy(db: Db, studyInstanceUid: string, at: EpochMs | null): void {
  db.run('UPDATE evaluation_studies SET complete_at = ? WHERE study_instance_uid = ?', at, studyInstanceUid);
}

/** What tells one run of an evaluation from the others. */
export interface EvaluationRunKey {
  readonly evaluation: string;
  readonly caseName: string;
  readonly modelId: number;
}

/**
 * The run of a model on a case; made where there is none, and another one where the case is not what it was: another version of the study, or another series. One
 * that ended for what a person or time removes is queued again, and so is one that is done and whose results were purged, with the copy of its case, before
 * anybody has scored them. One that somebody has cancelled and that is still waiting goes on.
 */
export function ensureEvaluationRun(db: Db, key: EvaluationRunKey, run: NewRun, at: EpochMs): number {
  return db.transaction(() => {
    recordAsked(db, key.evaluation, at);
    const found = db.get<RunRow>(
      `SELECT r.* FROM evaluation_runs e JOIN runs r ON r.id = e.run_id WHERE e.evaluation = ? AND e.case_name = ? AND e.model_id = ?`,
      key.evaluation,
      key.caseName,
      key.modelId,
    );
    if (found?.version_id !== run.versionId || found.series_key !== seriesKey(run.inputs)) {
      if (found !== undefined) cancelOutdated(db, found, at);
      const id = insertRun(db, run, at);
      db.run('INSERT OR REPLACE INTO evaluation_runs VALUES (?, ?, ?, ?)', key.evaluation, key.caseName, key.modelId, id);
      return id;
    }
    const set = { ...NO_PROGRESS, due_at: at, ended_at: null, failure_code: null, reason: null, cancel_requested: 0, work_gone_at: null };
    const from: RunState[] = mayPass(found.failure_code ?? '') ? ['cancelled', 'failed'] : [];
    if (resultsOfLastAttempt(db, found.id).some(({ purged_at }) => purged_at !== null)) from.push('done');
    if (from.includes(found.state)) db.move('runs', found.id, 'queued', { at, from, set, detail: 'its evaluation goes on' });
    else db.run("UPDATE runs SET cancel_requested = 0 WHERE id = ? AND cancel_requested = 1 AND state IN ('waiting', 'queued')", found.id);
    return found.id;
  });
}

/** Its result would be held against images that it has not seen. */
function cancelOutdated(db: Db, run: RunRow, at: EpochMs): void {
  if (!cancelWaiting(db, run.id, OTHER_IMAGES, at) && !hasEnded(run)) requestCancel(db, run.id);
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
