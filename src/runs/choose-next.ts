/**
 * Which run starts next. Pure: what waits and what is under way give one run, or of each the reason why it does not start.
 *
 * STAT goes before routine before bulk, in each of them the one that has been due for longest. What has waited for `fairness.afterMs` gets a turn
 * although something more urgent waits, but only one in `fairness.share` starts: a flood of urgent runs starves nobody, and a pile of old ones
 * delays a STAT run by one job at most. What does not fit lets smaller ones pass until `reserveAfterMs`; then what becomes free is kept for it.
 */
import type { EpochMs } from '../foundation/clock.js';
import { PRIORITY, type RunLimits, type RunWindow } from '../ledger/runs.js';
import { whyNever, type Capacity, type Needs } from '../models/needs.js';
import { place, sparesReserved, type Reservation, type Taken } from './slots.js';
import { limitReached, type StartCounts } from './start-limits.js';
import { openSince, windowText } from './start-window.js';

/** A run that is due: the first of its lane, which stands for all behind it. */
export interface Candidate {
  readonly id: number;
  readonly priority: number;
  readonly dueAt: EpochMs;
  readonly model: string;
  readonly rule?: string;
  /** AE title that sent the study. */
  readonly source: string;
  readonly window?: RunWindow;
  readonly limits?: RunLimits;
  readonly needs: Needs;
  /** Runs of its model that may be under way at once. */
  readonly atOnce?: number;
  /** Why it must not start whatever else is: a pause, or its suspended model. */
  readonly heldBy?: string;
}

export interface RunningRun extends Taken {
  readonly model: string;
  readonly startedAt: EpochMs;
}

export interface QueueState {
  readonly now: EpochMs;
  /** Runs that may be under way at once. */
  readonly slots: number;
  readonly capacity: Capacity;
  readonly running: readonly RunningRun[];
  /** Priorities of the last starts, the newest first. */
  readonly lastStarts: readonly number[];
  readonly counts: StartCounts;
  readonly fairness: { readonly afterMs: number; readonly share: number };
  readonly reserveAfterMs: number;
}

export interface Choice {
  readonly start?: { readonly id: number; readonly gpu?: number };
  /** Candidates that must not start now, whatever is free, and why: so it is with all runs of their lanes. */
  readonly gated: ReadonlyMap<number, string>;
  /** Candidates that may start and for which there is no room, and what they wait for. */
  readonly unfit: ReadonlyMap<number, string>;
}

interface Ready {
  readonly run: Candidate;
  /** Since when it could have started, as far as its due time and its window go. */
  readonly since: EpochMs;
}

/** The run to start now, if any, and why others do not. */
export function chooseNext(candidates: readonly Candidate[], state: QueueState): Choice {
  const gated = new Map<number, string>();
  const unfit = new Map<number, string>();
  const ready: Ready[] = [];
  for (const run of candidates) {
    const gate = gateOf(run, state);
    if (typeof gate === 'string') gated.set(run.id, gate);
    else ready.push({ run, since: gate });
  }
  if (state.running.length >= state.slots) return { gated, unfit };
  const reserved: Reservation[] = [];
  for (const { run, since } of inOrder(ready, state)) {
    const placed = place(run.needs, state.capacity, state.running);
    if (placed.fits && sparesReserved({ needs: run.needs, gpu: placed.gpu }, reserved, state))
      return { start: { id: run.id, ...(placed.gpu === undefined ? {} : { gpu: placed.gpu }) }, gated, unfit };
    unfit.set(run.id, placed.fits ? 'waits behind a larger run, for which room is kept' : `waits for ${placed.lacks}`);
    const reservedSince = since + (run.priority === PRIORITY.stat ? 0 : state.reserveAfterMs);
    if (!placed.fits && state.now >= reservedSince) reserved.push({ needs: run.needs, since: reservedSince });
  }
  return { gated, unfit };
}

/** Since when it may start, or why it may not: whatever the machine has free. */
function gateOf(run: Candidate, state: QueueState): EpochMs | string {
  const { now, counts, running, capacity } = state;
  if (run.heldBy !== undefined) return run.heldBy;
  const never = whyNever(run.needs, capacity);
  if (never !== undefined) return `model ${run.model} can never run here: ${never}`;
  const open = run.window === undefined ? run.dueAt : openSince(run.window, now);
  if (open === undefined) return `waits for its time window ${windowText(run.window as RunWindow)}`;
  const limit = run.rule === undefined ? undefined : limitReached({ ...run, rule: run.rule }, counts, now);
  if (limit !== undefined) return limit;
  const ofModel = running.filter(({ model }) => model === run.model).length;
  if (run.atOnce !== undefined && ofModel >= run.atOnce)
    return `model ${run.model} has ${ofModel === 1 ? '1 run' : `${ofModel} runs`} under way, its limit`;
  return Math.max(run.dueAt, open);
}

/** The order in which they are looked at: by urgency, and before all others the one whose turn it is for having waited. */
function inOrder(ready: readonly Ready[], state: QueueState): Ready[] {
  const byUrgency = [...ready].sort(({ run: a }, { run: b }) => a.priority - b.priority || a.dueAt - b.dueAt || a.id - b.id);
  const overdue = byUrgency.filter((one) => hasTurn(one, state)).sort((a, b) => a.since - b.since || a.run.id - b.run.id);
  return overdue.length === 0 ? byUrgency : [overdue[0], ...byUrgency.filter((one) => one !== overdue[0])];
}

function hasTurn({ run, since }: Ready, { now, lastStarts, fairness }: QueueState): boolean {
  // An evaluation may wait as long as there is something to do for patients.
  if (run.priority >= PRIORITY.evaluation) return false;
  const before = lastStarts.slice(0, fairness.share - 1);
  return now - since >= fairness.afterMs && before.length === fairness.share - 1 && before.every((priority) => priority < run.priority);
}
