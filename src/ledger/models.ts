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
  readonly registered_at: EpochMs;
  /** Why and since when the circuit breaker has suspended it. */
  readonly suspended_reason: string | null;
  readonly suspended_at: EpochMs | null;
  /** Failures of before do not count for the circuit breaker. */
  readonly trusted_since: EpochMs;
}

export type NewModel = Pick<ModelRow, 'name' | 'version' | 'digest' | 'card' | 'package' | 'folder'>;

/** Registers a model; the same name and digest again refreshes card and package and is the same row. */
export function registerModel(db: Db, model: NewModel, at: EpochMs): ModelRow {
  return db.transaction(() => {
    db.run(
      `INSERT INTO models (name, version, state, digest, card, package, folder, registered_at) VALUES (?, ?, 'registered', ?, ?, ?, ?, ?)
       ON CONFLICT (name, digest) DO UPDATE SET version = excluded.version, card = excluded.card, package = excluded.package, folder = excluded.folder`,
      model.name,
      model.version,
      model.digest,
      model.card,
      model.package,
      model.folder,
      at,
    );
    const row = db.get<ModelRow>('SELECT * FROM models WHERE name = ? AND digest = ?', model.name, model.digest) as ModelRow;
    if (row.registered_at === at) db.event(at, 'models', row.id, null, 'registered');
    return row;
  });
}

const TRUSTED = { suspended_reason: null, suspended_at: null };

/** Makes a suspended model the active one again and queues the runs that waited for it. False if it is not suspended. */
export function resumeModel(db: Db, id: number, detail: string, at: EpochMs): boolean {
  return db.transaction(() => {
    if (!db.move('models', id, 'active', { at, from: ['suspended'], set: { ...TRUSTED, trusted_since: at }, detail })) return false;
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
    `SELECT id, state, failure_code, reason FROM runs WHERE model_id = ? AND ended_at > ?
       AND ((state = 'done' AND same_as IS NULL)
         OR (state IN ('failed', 'rejected') AND failure_code IN (SELECT value FROM json_each(?))))
     ORDER BY ended_at DESC, id DESC LIMIT ?`,
    modelId,
    since,
    JSON.stringify(codes),
    count,
  );
}

/** A registered model whose test has passed; false where it is in another state. */
export function markModelTested(db: Db, id: number, detail: string, at: EpochMs): boolean {
  return db.move('models', id, 'tested', { at, from: ['registered'], detail });
}

/**
 * Makes this the model of its name that runs use; the one in use before is retired in the same transaction. What is queued with an active one is
 * run with it still; what waited for a suspended one, which keeps failing, waits for its successor instead.
 */
export function activateModel(db: Db, id: number, overrideReason: string | null, at: EpochMs): boolean {
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
    const set = { ...TRUSTED, trusted_since: at, override_reason: overrideReason };
    return db.move('models', id, 'active', { at, set, detail: overrideReason ?? undefined });
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

/** The model of this name that runs use. */
export function activeModel(db: Db, name: string): ModelRow | undefined {
  return db.get<ModelRow>("SELECT * FROM models WHERE name = ? AND state = 'active'", name);
}

/** All models, by name, the newest first. */
export function listModels(db: Db): ModelRow[] {
  return db.all<ModelRow>('SELECT * FROM models ORDER BY name, registered_at DESC');
}
