/** What the choice of the next run is made from, read from the ledger with each look: nothing of it is kept in memory. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import { listPauses, pauseOfRun, pauseText, type PauseRow } from '../ledger/pauses.js';
import { headsOfLanes, lastStarts, runsTakingSlots, startedSince, type RunWithModel } from '../ledger/queued-runs.js';
import type { RunLimits, RunWindow } from '../ledger/runs.js';
import type { ModelYaml } from '../models/model-yaml.js';
import { needsOf, type Capacity, type Needs } from '../models/needs.js';
import type { Settings } from '../settings/schema.js';
import { mayProbe, type BreakerOptions } from './breaker.js';
import type { Candidate, QueueState, RunningRun } from './choose-next.js';

export interface QueueRules {
  readonly settings: Settings['runs'];
  readonly capacity: Capacity;
}

export interface DueRuns {
  readonly candidates: readonly Candidate[];
  readonly state: QueueState;
  /** The rows of the candidates, by id. */
  readonly rows: ReadonlyMap<number, RunWithModel>;
}

/** Reads what is due and what is under way; `alsoTaking` are runs that still take their part of the machine whatever their rows say. */
export function readDueRuns(db: Db, rules: QueueRules, now: EpochMs, alsoTaking: readonly number[] = []): DueRuns {
  const { settings, capacity } = rules;
  const pauses = listPauses(db);
  const taking = runsTakingSlots(db, alsoTaking);
  const heads = headsOfLanes(db, now).filter(({ id }) => !alsoTaking.includes(id));
  const probed = new Set(taking.filter(({ model_state }) => model_state === 'suspended').map(({ model_name }) => model_name));
  const candidates = heads.map((run) => candidateOf(run, rules, heldBy(run, pauses, { rules, now, probed })));
  const state: QueueState = {
    now,
    slots: settings.concurrency,
    capacity,
    running: taking.map((run) => runningOf(run, rules)),
    lastStarts: lastStarts(db, settings.fairness.share - 1),
    counts: {
      underWay: (rule, source) => taking.filter((run) => run.rule === rule && (source === undefined || run.calling_ae === source)).length,
      startedSince: (rule, since, source) => startedSince(db, rule, since, source),
    },
    fairness: { afterMs: settings.fairness.afterS * 1000, share: settings.fairness.share },
    reserveAfterMs: settings.reserveAfterS * 1000,
  };
  return { candidates, state, rows: new Map(heads.map((run) => [run.id, run])) };
}

/** The settings of the circuit breaker in its own units. */
export function breakerOptions({ failures, probeAfterS }: Settings['runs']['breaker']): BreakerOptions {
  return { failures, ...(probeAfterS === undefined ? {} : { probeAfterMs: probeAfterS * 1000 }) };
}

function candidateOf(run: RunWithModel, { settings, capacity }: QueueRules, held: string | undefined): Candidate {
  const yaml = yamlOf(run);
  const atOnce = yaml?.atOnce ?? settings.atOncePerModel;
  return {
    id: run.id,
    priority: run.priority,
    dueAt: run.due_at,
    model: run.model_name,
    source: run.calling_ae,
    needs: needs(yaml, settings, capacity),
    ...(run.rule === null ? {} : { rule: run.rule }),
    ...(run.window === null ? {} : { window: JSON.parse(run.window) as RunWindow }),
    ...(run.limits === null ? {} : { limits: JSON.parse(run.limits) as RunLimits }),
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(held === undefined ? {} : { heldBy: held }),
  };
}

function runningOf(run: RunWithModel, { settings, capacity }: QueueRules): RunningRun {
  return {
    model: run.model_name,
    startedAt: run.started_at ?? 0,
    needs: needs(yamlOf(run), settings, capacity),
    ...(run.gpu === null ? {} : { gpu: run.gpu }),
  };
}

function yamlOf({ package: text }: RunWithModel): ModelYaml | undefined {
  return text === null ? undefined : (JSON.parse(text) as ModelYaml);
}

/** A run without a model takes nothing: it starts in order to fail with the reason. */
function needs(yaml: ModelYaml | undefined, settings: Settings['runs'], capacity: Capacity): Needs {
  return yaml === undefined ? { cpus: 0, memoryMb: 0 } : needsOf(yaml, settings, capacity);
}

function heldBy(
  run: RunWithModel,
  pauses: readonly PauseRow[],
  { rules, now, probed }: { rules: QueueRules; now: EpochMs; probed: ReadonlySet<string> },
): string | undefined {
  const paused = pauseOfRun(pauses, run);
  if (paused !== undefined) return pauseText(paused);
  if (run.model_state !== 'suspended') return undefined;
  const probes =
    run.suspended_by !== 'drift' && mayProbe(run.suspended_at, breakerOptions(rules.settings.breaker), now) && !probed.has(run.model_name);
  return probes ? undefined : `model ${run.model_name} is suspended: ${run.suspended_reason ?? 'by a person'}`;
}
