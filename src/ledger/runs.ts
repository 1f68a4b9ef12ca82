/** Queries on runs and their attempts. */
import type { EpochMs } from '../foundation/clock.js';
import type { Bindable, Db } from './database.js';
import { whyNoModel } from './model-waits.js';
import type { RunState } from './states.js';

/** Lower runs first. An evaluation's runs wait for all that is done for patients. */
export const PRIORITY = { stat: 0, routine: 1, bulk: 2, evaluation: 3 } as const;
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
  /** Null: the workflow of the model's package. */
  readonly workflow: string | null;
  /** 1: its results are kept and never delivered. */
  readonly shadow: 0 | 1;
  /** JSON of a RunWindow. */
  readonly window: string | null;
  /** JSON of RunLimits. */
  readonly limits: string | null;
  /** AE title that sent the study. */
  readonly calling_ae: string;
  readonly same_as: number | null;
  readonly input_hash: string | null;
  /** 1: run although the same has been done. */
  readonly again: 0 | 1;
  /** Index of the GPU that it was given. */
  readonly gpu: number | null;
  /** Names and series of its inputs. */
  readonly series_key: string;
  readonly replaced_by: number | null;
  /** How often the making of its results was begun since it last came to an end. */
  readonly makings: number;
}

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** When runs may start, in local time `HH:MM`. From > to goes over midnight and belongs to the day on which it begins. */
export interface RunWindow {
  readonly from: string;
  readonly to: string;
  readonly days?: readonly (typeof WEEKDAYS)[number][];
}

/** How many runs may be under way, and may start within an hour and within 24 hours. */
export interface StartLimits {
  readonly atOnce?: number;
  readonly perHour?: number;
  readonly perDay?: number;
}

/** The limits of a rule; `perSource` counts for each calling AE title. */
export interface RunLimits extends StartLimits {
  readonly perSource?: StartLimits;
}

/** To be set where a run is queued again: nothing of it is done until it starts. */
export const NO_PROGRESS = { progress: null, progress_text: null } as const;

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
  readonly modelId?: number;
  readonly settings: Record<string, unknown>;
  readonly destinations: readonly string[];
  readonly priority: PriorityName;
  readonly inputs: readonly { readonly name: string; readonly seriesInstanceUid: string }[];
  /** Undefined: the workflow of the model's package. */
  readonly workflow?: string;
  /** True: its results are kept and never delivered. */
  readonly shadow?: boolean;
  readonly window?: RunWindow;
  readonly limits?: RunLimits;
  /** True: run even if the same has been done. */
  readonly again?: boolean;
}

/** What tells apart the runs that one rule makes of one study version. */
export function seriesKey(inputs: NewRun['inputs']): string {
  return inputs
    .map(({ name, seriesInstanceUid }) => `${name}=${seriesInstanceUid}`)
    .sort()
    .join(' ');
}

/** A new run: `queued` if a model of that name is active, else `waiting` for it, which is its reason. */
export function insertRun(db: Db, run: NewRun, at: EpochMs): number {
  const version = run.modelVersion ?? null;
  const model = db.get<{ id: number }>(
    "SELECT id FROM models WHERE coalesce(id = ?, name = ? AND state = 'active' AND (? IS NULL OR version = ?))",
    run.modelId ?? null,
    run.modelName,
    version,
    version,
  );
  const state: RunState = model === undefined ? 'waiting' : 'queued';
  const source = db.get<{ ae: string }>(
    'SELECT s.calling_ae AS ae FROM versions v JOIN studies s ON s.id = v.study_id WHERE v.id = ?',
    run.versionId,
  );
  const columns: Record<string, Bindable> = {
    purpose: run.purpose,
    version_id: run.versionId,
    rule: run.rule,
    rules_revision: run.rulesRevision,
    model_name: run.modelName,
    model_version: version,
    model_id: model?.id ?? null,
    settings: JSON.stringify(run.settings),
    destinations: JSON.stringify(run.destinations),
    priority: PRIORITY[run.priority],
    state,
    due_at: at,
    created_at: at,
    reason: model === undefined ? whyNoModel(db, run.modelName, version) : null,
    workflow: run.workflow ?? null,
    shadow: run.shadow === true ? 1 : 0,
    window: run.window === undefined ? null : JSON.stringify(run.window),
    limits: run.limits === undefined ? null : JSON.stringify(run.limits),
    calling_ae: source?.ae ?? '',
    again: run.again === true ? 1 : 0,
    series_key: seriesKey(run.inputs),
  };
  const names = Object.keys(columns);
  const { lastId } = db.run(
    `INSERT INTO runs (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    ...Object.values(columns),
  );
  for (const input of run.inputs) {
    db.run('INSERT INTO run_inputs (run_id, name, series_instance_uid) VALUES (?, ?, ?)', lastId, input.name, input.seriesInstanceUid);
  }
  db.event(at, 'runs', lastId, null, state);
  return lastId;
}

/** Moves a queued run to starting and writes the attempt with the container's name before the container exists; `gpu` is the one it is given. */
export function beginAttempt(
  db: Db,
  run: RunRow,
  containerName: (attempt: number) => string,
  at: EpochMs,
  gpu?: number,
): AttemptRow | undefined {
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
      gpu: gpu ?? null,
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

/** Names of the destinations of a run's results: none for a shadow run and for an evaluation. */
export function destinationsOfRun({ destinations, shadow, purpose }: RunRow): string[] {
  return shadow === 1 || purpose !== 'clinical' ? [] : (JSON.parse(destinations) as string[]);
}

/** The newest attempt of a run. */
export function lastAttempt(db: Db, runId: number): AttemptRow | undefined {
  return db.get<AttemptRow>('SELECT * FROM attempts WHERE run_id = ? ORDER BY number DESC LIMIT 1', runId);
}

/** The attempt that a container was for; undefined where it was for none. */
export function attemptOfContainer(db: Db, container: string): AttemptRow | undefined {
  return db.get<AttemptRow>('SELECT * FROM attempts WHERE container = ?', container);
}

/** Names of containers whose runs may still be under way; every other container of this node is garbage. */
export function containersInUse(db: Db): string[] {
  return db
    .all<{ container: string }>(
      "SELECT a.container FROM attempts a JOIN runs r ON r.id = a.run_id WHERE r.state IN ('starting', 'running') AND a.ended_at IS NULL",
    )
    .map((row) => row.container);
}
