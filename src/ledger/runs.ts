/** Queries on runs and their attempts. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { RunState } from './states.js';

/** Lower runs first. */
export const PRIORITY = { stat: 0, routine: 1, bulk: 2 } as const;
export type PriorityName = keyof typeof PRIORITY;

export interface RunRow {
  readonly id: number;
  readonly purpose: 'clinical' | 'evaluation';
  readonly version_id: number;
  readonly rule: string | null;
  readonly rules_revision: string | null;
  readonly model_name: string;
  readonly model_version: string | null;
  readonly model_id: number | null;
  /** JSON object: settings of the rule for the model. */
  readonly settings: string;
  /** JSON array of destination names. */
  readonly destinations: string;
  readonly priority: number;
  readonly state: RunState;
  readonly due_at: EpochMs;
  readonly attempts: number;
  readonly cancel_requested: 0 | 1;
  readonly failure_code: string | null;
  readonly reason: string | null;
  readonly progress: number | null;
  readonly progress_text: string | null;
  readonly created_at: EpochMs;
  readonly started_at: EpochMs | null;
  readonly ended_at: EpochMs | null;
}

export interface AttemptRow {
  readonly id: number;
  readonly run_id: number;
  readonly number: number;
  readonly container: string;
  readonly started_at: EpochMs;
  readonly ended_at: EpochMs | null;
  readonly exit_code: number | null;
  readonly peak_memory_bytes: number | null;
  readonly outcome: string | null;
}

export interface NewRun {
  readonly purpose: RunRow['purpose'];
  readonly versionId: number;
  readonly rule: string | null;
  readonly rulesRevision: string | null;
  readonly modelName: string;
  /** Undefined: any version. */
  readonly modelVersion?: string;
  readonly settings: Record<string, unknown>;
  readonly destinations: readonly string[];
  readonly priority: PriorityName;
  readonly inputs: readonly { readonly name: string; readonly seriesInstanceUid: string }[];
}

/** A new run: `queued` if a model of that name is active, else `waiting` for it, which is its reason. */
export function insertRun(db: Db, run: NewRun, at: EpochMs): number {
  const version = run.modelVersion ?? null;
  const model = db.get<{ id: number }>(
    "SELECT id FROM models WHERE name = ? AND state = 'active' AND (? IS NULL OR version = ?)",
    run.modelName,
    version,
    version,
  );
  const state: RunState = model === undefined ? 'waiting' : 'queued';
  const { lastId } = db.run(
    `INSERT INTO runs (purpose, version_id, rule, rules_revision, model_name, model_version, model_id, settings, destinations, priority, state, due_at, created_at, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.purpose,
    run.versionId,
    run.rule,
    run.rulesRevision,
    run.modelName,
    version,
    model?.id ?? null,
    JSON.stringify(run.settings),
    JSON.stringify(run.destinations),
    PRIORITY[run.priority],
    state,
    at,
    at,
    model === undefined ? `waits until ${version === null ? 'a version' : `version ${version}`} of model ${run.modelName} is active` : null,
  );
  for (const input of run.inputs) {
    db.run('INSERT INTO run_inputs (run_id, name, series_instance_uid) VALUES (?, ?, ?)', lastId, input.name, input.seriesInstanceUid);
  }
  db.event(at, 'runs', lastId, null, state);
  return lastId;
}

/** Runs that waited for this model, and for no other version of it, are queued with it. */
export function queueRunsWaitingFor(db: Db, model: { id: number; name: string; version: string }, at: EpochMs): number {
  const waiting = db.all<{ id: number }>(
    "SELECT id FROM runs WHERE state = 'waiting' AND model_name = ? AND (model_version IS NULL OR model_version = ?)",
    model.name,
    model.version,
  );
  for (const { id } of waiting) db.move('runs', id, 'queued', { at, set: { model_id: model.id, due_at: at, reason: null } });
  return waiting.length;
}

/** The next run that may start: highest priority first, then the longest due. */
export function nextDueRun(db: Db, now: EpochMs): RunRow | undefined {
  return db.get<RunRow>("SELECT * FROM runs WHERE state = 'queued' AND due_at <= ? ORDER BY priority, due_at, id LIMIT 1", now);
}

/** When the next queued run is due. */
export function nextRunDueAt(db: Db): EpochMs | undefined {
  return db.get<{ at: EpochMs | null }>("SELECT min(due_at) AS at FROM runs WHERE state = 'queued'")?.at ?? undefined;
}

/** Moves a queued run to starting and writes the attempt with the container's name before the container exists. */
export function beginAttempt(db: Db, run: RunRow, containerName: (attempt: number) => string, at: EpochMs): AttemptRow | undefined {
  return db.transaction(() => {
    const number = (lastAttempt(db, run.id)?.number ?? 0) + 1;
    const set = {
      attempts: run.attempts + 1,
      started_at: at,
      ended_at: null,
      failure_code: null,
      reason: null,
      progress: 0,
      progress_text: null,
    };
    if (!db.move('runs', run.id, 'starting', { at, from: ['queued'], set })) return undefined;
    db.run('INSERT INTO attempts (run_id, number, container, started_at) VALUES (?, ?, ?, ?)', run.id, number, containerName(number), at);
    return lastAttempt(db, run.id);
  });
}

/** Records how an attempt ended. */
export function endAttempt(
  db: Db,
  attemptId: number,
  end: { at: EpochMs; exitCode?: number; peakMemoryBytes?: number; outcome: string },
): void {
  db.run(
    'UPDATE attempts SET ended_at = ?, exit_code = ?, peak_memory_bytes = ?, outcome = ? WHERE id = ?',
    end.at,
    end.exitCode ?? null,
    end.peakMemoryBytes ?? null,
    end.outcome,
    attemptId,
  );
}

/** Records how far a run is, 0 to 1; without a fraction the last one stays. */
export function recordProgress(db: Db, runId: number, fraction: number | null, text: string): void {
  db.run('UPDATE runs SET progress = coalesce(?, progress), progress_text = ? WHERE id = ?', fraction, text, runId);
}

/** Asks for a run to be cancelled; the queue does it. */
export function requestCancel(db: Db, runId: number): void {
  db.run('UPDATE runs SET cancel_requested = 1 WHERE id = ?', runId);
}

/** Runs that a person wants to end. */
export function runsToCancel(db: Db): RunRow[] {
  return db.all<RunRow>("SELECT * FROM runs WHERE cancel_requested = 1 AND state IN ('waiting', 'queued', 'starting', 'running')");
}

/** A run by its row. */
export function runById(db: Db, id: number): RunRow | undefined {
  return db.get<RunRow>('SELECT * FROM runs WHERE id = ?', id);
}

/** Says on a run why it does not go on, without moving it. */
export function recordDelay(db: Db, runId: number, { code, reason }: { code: string | null; reason: string }): void {
  const sql = 'UPDATE runs SET failure_code = ?, reason = ? WHERE id = ? AND (failure_code IS NOT ? OR reason IS NOT ?)';
  db.run(sql, code, reason, runId, code, reason);
}

/** A run and the number of the study version that it is of. */
export type VersionedRun = RunRow & { readonly version_number: number };

const OF_SAME_RULE = `SELECT r.*, v.number AS version_number FROM runs r JOIN versions v ON v.id = r.version_id
  JOIN runs this ON this.rule = r.rule AND this.model_name = r.model_name JOIN versions own ON own.id = this.version_id AND own.study_id = v.study_id
  WHERE this.id = ?`;

/** The run that the same rule made of a later version of the study. A run by hand has none. */
export function laterRun(db: Db, runId: number): VersionedRun | undefined {
  return db.get<VersionedRun>(`${OF_SAME_RULE} AND v.number > own.number ORDER BY v.number DESC LIMIT 1`, runId);
}

/** Runs that the same rule made of earlier versions of the study and that have not started. */
export function earlierRunsNotStarted(db: Db, runId: number): VersionedRun[] {
  return db.all<VersionedRun>(`${OF_SAME_RULE} AND v.number < own.number AND r.state IN ('waiting', 'queued')`, runId);
}

/** The newest run that this rule made of any version of the study. */
export function lastRunOfRule(db: Db, studyId: number, rule: string, modelName: string): VersionedRun | undefined {
  return db.get<VersionedRun>(
    `SELECT r.*, v.number AS version_number FROM runs r JOIN versions v ON v.id = r.version_id
     WHERE v.study_id = ? AND r.rule = ? AND r.model_name = ? ORDER BY v.number DESC LIMIT 1`,
    studyId,
    rule,
    modelName,
  );
}

/** Runs in a state, in the order in which they are due. */
export function runsInState(db: Db, state: RunState): RunRow[] {
  return db.all<RunRow>('SELECT * FROM runs WHERE state = ? ORDER BY priority, due_at, id', state);
}

/** The runs of a study version. */
export function runsOfVersion(db: Db, versionId: number): RunRow[] {
  return db.all<RunRow>('SELECT * FROM runs WHERE version_id = ? ORDER BY id', versionId);
}

export type RunListRow = RunRow & { readonly study_instance_uid: string; readonly version_number: number };

/** The newest runs first, with their study. */
export function listRuns(db: Db, filter: { studyInstanceUid?: string; limit: number }): RunListRow[] {
  return db.all<RunListRow>(
    `SELECT r.*, s.study_instance_uid, v.number AS version_number FROM runs r JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id
     WHERE ? IS NULL OR s.study_instance_uid = ? ORDER BY r.id DESC LIMIT ?`,
    filter.studyInstanceUid ?? null,
    filter.studyInstanceUid ?? null,
    filter.limit,
  );
}

/** The series that a run takes. */
export function inputsOfRun(db: Db, runId: number): { name: string; series_instance_uid: string }[] {
  return db.all('SELECT name, series_instance_uid FROM run_inputs WHERE run_id = ? ORDER BY name', runId);
}

/** The newest attempt of a run. */
export function lastAttempt(db: Db, runId: number): AttemptRow | undefined {
  return db.get<AttemptRow>('SELECT * FROM attempts WHERE run_id = ? ORDER BY number DESC LIMIT 1', runId);
}

/** Names of containers whose runs may still be under way; every other container of this node is garbage. */
export function containersInUse(db: Db): string[] {
  return db
    .all<{ container: string }>(
      "SELECT a.container FROM attempts a JOIN runs r ON r.id = a.run_id WHERE r.state IN ('starting', 'running') AND a.ended_at IS NULL",
    )
    .map((row) => row.container);
}
