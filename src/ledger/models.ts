/** Queries on registered models. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { queueRunsWaitingFor, unpinQueuedRuns } from './model-waits.js';
import type { RunRow } from './runs.js';
import type { ModelState } from './states.js';

export interface ModelRow {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly digest: string;
  /** meta.json as it was registered. */
  readonly card: string;
  /** model.yaml as it was registered, as JSON. */
  readonly package: string;
  readonly folder: string | null;
  readonly override_reason: string | null;
  readonly override_by: string | null;
  readonly registered_at: EpochMs;
  /** Why, since when and by what it is suspended. */
  readonly suspended_reason: string | null;
  readonly suspended_at: EpochMs | null;
  readonly suspended_by: 'breaker' | 'drift' | null;
  /** Failures of before do not count for the circuit breaker. */
  readonly trusted_since: EpochMs;
  /** Which model.yaml of the folder; null: the usual one. */
  readonly model_file: string | null;
  /** When its test is to be repeated. */
  readonly test_due_at: EpochMs | null;
  /** 1: when it was registered, the engine had its image from a registry. */
  readonly from_registry: 0 | 1;
}

export type NewModel = Pick<ModelRow, 'name' | 'version' | 'digest' | 'card' | 'package' | 'folder'> & {
  readonly modelFile?: string;
  readonly fromRegistry?: boolean;
};

/** Who takes a model into use without a passed test, and why. */
export interface Override {
  readonly by: string;
  readonly reason: string;
}

/** Registers a model; the same name and digest again refreshes card and package and is the same row. */
export function registerModel(db: Db, model: NewModel, at: EpochMs): ModelRow {
  return db.transaction(() => {
    db.run(
      `INSERT INTO models (name, version, state, digest, card, package, folder, model_file, from_registry, registered_at)
       VALUES (?, ?, 'registered', ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (name, digest) DO UPDATE SET version = excluded.version, card = excluded.card, package = excluded.package,
         folder = excluded.folder, model_file = excluded.model_file, from_registry = excluded.from_registry`,
      model.name,
      model.version,
      model.digest,
      model.card,
      model.package,
      model.folder,
      model.modelFile ?? null,
      model.fromRegistry === true ? 1 : 0,
      at,
    );
    const row = modelOfDigest(db, model.name, model.digest) as ModelRow;
    if (row.registered_at === at) db.event(at, 'models', row.id, null, 'registered');
    return row;
  });
}

const TRUSTED = { suspended_reason: null, suspended_at: null, suspended_by: null };

/**
 * Makes a suspended model the active one again and queues the runs that waited for it; with an override where it has not passed its test since.
 * False if it is not suspended.
 */
export function resumeModel(db: Db, id: number, detail: string, at: EpochMs, override?: Override): boolean {
  const answersFor: Record<string, string> = override === undefined ? {} : { override_by: override.by, override_reason: override.reason };
  const set = { ...TRUSTED, trusted_since: at, ...answersFor };
  return db.transaction(() => {
    if (!db.move('models', id, 'active', { at, from: ['suspended'], set, detail })) return false;
    queueRunsWaitingFor(db, modelById(db, id) as ModelRow, at);
    return true;
  });
}

/** A probe of a suspended model has failed: it stays so, for the reason given. */
export function prolongSuspension(db: Db, id: number, reason: string, at: EpochMs): void {
  db.run("UPDATE models SET suspended_reason = ?, suspended_at = ? WHERE id = ? AND state = 'suspended'", reason, at, id);
}

/** How a run of a model ended that tells something of the model. */
export type RunOutcome = Pick<RunRow, 'id' | 'state' | 'failure_code' | 'reason'>;

/** The last runs of a model that were done, or failed with one of these codes, after `since`; the newest first. */
export function lastOutcomes(db: Db, modelId: number, since: EpochMs, codes: readonly string[], count: number): RunOutcome[] {
  return db.all<RunOutcome>(
    `SELECT id, state, failure_code, reason FROM runs WHERE model_id = ? AND purpose = 'clinical' AND ended_at > ?
       AND ((state = 'done' AND same_as IS NULL)
         OR (state IN ('failed', 'rejected') AND failure_code IN (SELECT value FROM json_each(?))))
     ORDER BY ended_at DESC, id DESC LIMIT ?`,
    modelId,
    since,
    JSON.stringify(codes),
    count,
  );
}

/**
 * Makes this the model of its name that runs use; the one in use before is retired in the same transaction. What is queued with an active one is
 * run with it still; what waited for a suspended one, which keeps failing, waits for its successor instead.
 */
export function activateModel(db: Db, id: number, override: Override | null, at: EpochMs): boolean {
  return db.transaction(() => {
    const row = modelById(db, id);
    if (row === undefined) return false;
    if (row.state === 'active') return true;
    const before = db.all<ModelRow>("SELECT * FROM models WHERE name = ? AND state IN ('active', 'suspended') AND id <> ?", row.name, id);
    for (const other of before) {
      if (other.state === 'suspended') unpinQueuedRuns(db, other, at);
      db.move('models', other.id, 'retired', { at, detail: `replaced by ${row.digest}` });
    }
    if (row.state === 'retired') db.move('models', id, 'registered', { at });
    const set = { ...TRUSTED, trusted_since: at, override_reason: override?.reason ?? null, override_by: override?.by ?? null };
    const detail = override === null ? 'its test was passed' : `without a passed test, by ${override.by}: ${override.reason}`;
    return db.move('models', id, 'active', { at, set, detail });
  });
}

/** Records where a model's package is now. */
export function setModelFolder(db: Db, id: number, folder: string): void {
  db.run('UPDATE models SET folder = ? WHERE id = ?', folder, id);
}

/** A model by its row. */
export function modelById(db: Db, id: number): ModelRow | undefined {
  return db.get<ModelRow>('SELECT * FROM models WHERE id = ?', id);
}

/** The one of this name and digest. */
export function modelOfDigest(db: Db, name: string, digest: string): ModelRow | undefined {
  return db.get<ModelRow>('SELECT * FROM models WHERE name = ? AND digest = ?', name, digest);
}

/** The model of this name that runs use. */
export function activeModel(db: Db, name: string): ModelRow | undefined {
  return db.get<ModelRow>("SELECT * FROM models WHERE name = ? AND state = 'active'", name);
}

/** The one that runs use, or else the last one registered that is not retired. */
export function modelInUse(db: Db, name: string): ModelRow | undefined {
  const rows = listModels(db).filter((row) => row.name === name);
  return rows.find(({ state }) => state === 'active' || state === 'suspended') ?? rows.find(({ state }) => state !== 'retired');
}

/** The last one registered of this name that was never in use: what its name alone stands for when one is to be taken into use. */
export function modelToActivate(db: Db, name: string): ModelRow | undefined {
  return listModels(db).find((row) => row.name === name && (row.state === 'registered' || row.state === 'tested'));
}

/** All models, by name, the newest first. */
export function listModels(db: Db): ModelRow[] {
  return db.all<ModelRow>('SELECT * FROM models ORDER BY name, registered_at DESC, id DESC');
}
