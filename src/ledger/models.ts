/** Queries on registered models. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
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

/** Makes this the model of its name that runs use; the one in use before is retired in the same transaction. */
export function activateModel(db: Db, id: number, overrideReason: string | null, at: EpochMs): boolean {
  return db.transaction(() => {
    const row = modelById(db, id);
    if (row === undefined) return false;
    if (row.state === 'active') return true;
    const before = db.all<ModelRow>("SELECT * FROM models WHERE name = ? AND state IN ('active', 'suspended') AND id <> ?", row.name, id);
    for (const other of before) db.move('models', other.id, 'retired', { at, detail: `replaced by ${row.digest}` });
    if (row.state === 'retired') db.move('models', id, 'registered', { at });
    return db.move('models', id, 'active', { at, set: { override_reason: overrideReason }, detail: overrideReason ?? undefined });
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
