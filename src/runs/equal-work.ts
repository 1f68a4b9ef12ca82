/** The same work is done once: a run whose input, model and settings are those of another of the study takes over that one's result. */
import type { EpochMs } from '../foundation/clock.js';
import { sha256Hex } from '../foundation/ids.js';
import type { Db } from '../ledger/database.js';
import { ensureDeliveries } from '../ledger/deliveries.js';
import { equalRunDone, equalRunUnderWay, inputHashes, keepUnreplaced, recordInputHash, runsToStopWaiting } from '../ledger/equal-runs.js';
import { inputWasCorrected } from '../ledger/instances.js';
import type { RunWithModel } from '../ledger/queued-runs.js';
import { resultsOfRun, supersedeEarlier } from '../ledger/results.js';
import type { RunRow } from '../ledger/runs.js';
import type { ModelYaml } from '../models/model-yaml.js';

/**
 * SHA-256 over the instances of each input, in any order, the model, and what it is told: the same hash gives the same result. Several models may be
 * one image with different commands, so that the image's digest alone does not say which it is.
 */
export function inputHash(
  instances: readonly { readonly name: string; readonly sha256: string }[],
  run: Pick<RunWithModel, 'model_name' | 'digest' | 'workflow' | 'settings'>,
  yaml: ModelYaml,
): string {
  const members = instances.map(({ name, sha256 }) => `${name} ${sha256}`).sort();
  const settings = Object.entries({ ...yaml.settings, ...(JSON.parse(run.settings) as Record<string, unknown>) }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const told = [yaml.command ?? null, run.workflow ?? yaml.workflow, settings, yaml.input, yaml.outputs];
  return sha256Hex(JSON.stringify([members, run.model_name, run.digest, ...told]));
}

/**
 * Ends a queued run with the result of an equal one, or has it wait for one that is under way; what was not delivered where this
 * one's results go is delivered there. False: it is to be run. A person's wish to run it again, and an evaluation, always run.
 */
export function takeOverEqual(db: Db, run: RunWithModel, labelMapDestinations: ReadonlySet<string>, at: EpochMs): boolean {
  const yaml = JSON.parse(run.package ?? '{}') as ModelYaml;
  const hash = inputHash(inputHashes(db, run), run, yaml);
  return db.transaction(() => {
    recordInputHash(db, run.id, hash);
    if (run.again === 1 || run.purpose !== 'clinical') return false;
    const done = equalRunDone(db, hash, run);
    if (done !== undefined && !inputWasCorrected(db, done.id)) return endAs(db, run, done, labelMapDestinations, at);
    const underWay = equalRunUnderWay(db, hash, run);
    if (underWay === undefined) return false;
    const reason = `waits for run ${underWay.id}, which is doing the same`;
    return db.move('runs', run.id, 'waiting', { at, from: ['queued'], set: { same_as: underWay.id, reason }, detail: reason });
  });
}

function endAs(db: Db, run: RunRow, done: RunRow, labelMapDestinations: ReadonlySet<string>, at: EpochMs): boolean {
  const reason = `run ${done.id} did the same; its result stands`;
  const set = { same_as: done.id, ended_at: at, failure_code: null, reason };
  if (!db.move('runs', run.id, 'done', { at, from: ['queued'], set, detail: reason })) return false;
  keepUnreplaced(db, done.id, run.id);
  const results = resultsOfRun(db, done.id);
  supersedeEarlier(db, run.id, done.id, at);
  if (run.shadow === 1) return true;
  ensureDeliveries(db, results, JSON.parse(run.destinations) as string[], labelMapDestinations, at);
  return true;
}

/** Queues again what waited for an equal run that has ended: it takes over its result, or is run itself. Returns how many. */
export function stopWaitingForEqual(db: Db, at: EpochMs): number {
  const waiting = runsToStopWaiting(db);
  for (const run of waiting) {
    const detail = `run ${run.same_as}, which did the same, is not under way any more`;
    db.move('runs', run.id, 'queued', { at, from: ['waiting'], set: { same_as: null, reason: null }, detail });
  }
  return waiting.length;
}
