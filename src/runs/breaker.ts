/**
 * The circuit breaker: a model that keeps failing is suspended, so that its studies wait for it instead of failing one by one. Only a
 * person, or a run in vain less (`probeAfterMs`), makes it active again.
 */
import type { EpochMs } from '../foundation/clock.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { BLAMES_MODEL } from '../models/blame.js';
import { lastOutcomes, listModels, prolongSuspension, resumeModel, type ModelRow, type RunOutcome } from '../ledger/models.js';

const log = loggerOf('runs');

export interface BreakerOptions {
  /** So many failures in a row suspend a model; 0: never. */
  readonly failures: number;
  /** After this time one run tries it again; undefined: only a person resumes it. */
  readonly probeAfterMs?: number;
}

/** Looks at what the last runs of each model in use came to. Returns how many models it has suspended or resumed. */
export function guardModels(db: Db, { failures, probeAfterMs }: BreakerOptions, at: EpochMs): number {
  let changed = 0;
  for (const model of listModels(db)) {
    if (model.state === 'active' && failures > 0 && suspendIfFailing(db, model, failures, at)) changed++;
    else if (model.state === 'suspended' && model.suspended_by !== 'drift' && probeAfterMs !== undefined && heedProbe(db, model, at))
      changed++;
  }
  return changed;
}

/** Whether one run may try a suspended model now. */
export function mayProbe(suspendedAt: EpochMs | null, { probeAfterMs }: BreakerOptions, now: EpochMs): boolean {
  return probeAfterMs !== undefined && suspendedAt !== null && now >= suspendedAt + probeAfterMs;
}

function suspendIfFailing(db: Db, model: ModelRow, failures: number, at: EpochMs): boolean {
  const last = lastOutcomes(db, model.id, model.trusted_since, [...BLAMES_MODEL], failures);
  if (last.length < failures || last.some(({ state }) => state === 'done')) return false;
  const set = { suspended_reason: reasonOf(last), suspended_at: at, suspended_by: 'breaker' };
  if (!db.move('models', model.id, 'suspended', { at, from: ['active'], set, detail: last[0].failure_code ?? undefined })) return false;
  log.error('a model keeps failing and is suspended: its runs wait until it is resumed', {
    model: model.name,
    version: model.version,
    run: last[0].id,
    code: last[0].failure_code,
    count: failures,
    remedy: `Correct the model, then: anteroom resume model ${model.name}`,
  });
  return true;
}

/** What a probe, or a run that was under way when the model was suspended, came to. */
function heedProbe(db: Db, model: ModelRow, at: EpochMs): boolean {
  const [last] = lastOutcomes(db, model.id, model.suspended_at ?? 0, [...BLAMES_MODEL], 1);
  if (last === undefined) return false;
  if (last.state !== 'done') {
    prolongSuspension(db, model.id, reasonOf([last]), at);
    return false;
  }
  log.warn('a suspended model works again and is resumed', { model: model.name, version: model.version, run: last.id });
  resumeModel(db, model.id, `run ${last.id} went well`, at);
  return true;
}

/** `3 runs in a row failed, the last, run 17, with MODEL_EXITED: exit code 1, expected 0; last line of its log: no weights`. */
function reasonOf(last: readonly RunOutcome[]): string {
  const [{ id, failure_code, reason }] = last;
  const lines = (reason ?? '').split('\n');
  const logLine = lines.length > 2 ? `; last line of its log: ${lines[lines.length - 1]}` : '';
  const many = last.length === 1 ? `run ${id} failed` : `${last.length} runs in a row failed, the last, run ${id},`;
  return `${many} with ${failure_code}: ${lines[0]}${logLine}`;
}
