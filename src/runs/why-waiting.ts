/** Why queued runs do not start: made when somebody asks, so that nothing is rewritten while the queue moves. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import { queueInOrder } from '../ledger/queued-runs.js';
import { chooseNext } from './choose-next.js';
import { readDueRuns, type QueueRules } from './due-runs.js';

/** Of each queued run among `ids`, in one sentence, what it waits for. */
export function whyWaiting(db: Db, rules: QueueRules, now: EpochMs, ids: ReadonlySet<number>): Map<number, string> {
  const { candidates, state, rows } = readDueRuns(db, rules, now);
  const { gated, unfit } = chooseNext(candidates, state);
  const gateOf = new Map([...gated].map(([id, reason]) => [rows.get(id)?.lane, reason]));
  const reasons = new Map<number, string>();
  let ahead = 0;
  for (const { id, lane, due_at } of queueInOrder(db)) {
    const gate = gateOf.get(lane);
    const isDue = due_at <= now;
    if (ids.has(id)) reasons.set(id, isDue ? (gate ?? unfit.get(id) ?? place(ahead, state.running.length, state.slots)) : notYet(due_at));
    if (isDue && gate === undefined) ahead++;
  }
  return reasons;
}

function place(ahead: number, underWay: number, slots: number): string {
  if (ahead > 0) return `${ahead} ahead of it`;
  return underWay >= slots ? `is next: waits for one of the ${underWay} under way to end` : 'starts next';
}

function notYet(dueAt: EpochMs): string {
  return `is tried again at ${new Date(dueAt).toISOString()}`;
}
