/** Runs that wait for their model: why, and until when. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

/** Why a run cannot be queued with a model of this name, and of this version where one is asked for. */
export function whyNoModel(db: Db, name: string, version: string | null): string {
  const suspended = db.get<{ suspended_reason: string | null }>(
    "SELECT suspended_reason FROM models WHERE name = ? AND state = 'suspended' AND (? IS NULL OR version = ?)",
    name,
    version,
    version,
  );
  if (suspended !== undefined) return `model ${name} is suspended: ${suspended.suspended_reason ?? 'by a person'}`;
  return untilActive(name, version);
}

function untilActive(name: string, version: string | null): string {
  return `waits until ${version === null ? 'a version' : `version ${version}`} of model ${name} is active`;
}

/** Runs that waited for this model, and for no other version of it, are queued with it, in the order in which they were made. */
export function queueRunsWaitingFor(db: Db, model: { id: number; name: string; version: string }, at: EpochMs): number {
  const waiting = db.all<{ id: number }>(
    `SELECT id FROM runs WHERE state = 'waiting' AND same_as IS NULL AND model_name = ? AND (model_version IS NULL OR model_version = ?)`,
    model.name,
    model.version,
  );
  for (const { id } of waiting) db.move('runs', id, 'queued', { at, set: { model_id: model.id, reason: null } });
  return waiting.length;
}

/** Clinical runs that are queued with this model wait for another of its name. */
export function unpinQueuedRuns(db: Db, model: { id: number; name: string }, at: EpochMs): void {
  const queued = db.all<{ id: number; model_version: string | null }>(
    "SELECT id, model_version FROM runs WHERE state = 'queued' AND purpose = 'clinical' AND model_id = ?",
    model.id,
  );
  for (const { id, model_version } of queued) {
    const reason = untilActive(model.name, model_version);
    db.move('runs', id, 'waiting', { at, from: ['queued'], set: { model_id: null, reason, failure_code: null }, detail: reason });
  }
}
