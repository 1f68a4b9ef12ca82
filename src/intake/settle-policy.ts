/** Is a study complete? Pure: facts in, and out comes by what signal it is, or what it waits for and when to look again. */
import type { EpochMs } from '../foundation/clock.js';
import type { Ending, StudySender } from '../ledger/associations.js';
import type { CountedSeries } from '../ledger/expected-counts.js';
import type { SettlePolicy } from '../settings/settle-schema.js';

export interface SettleFacts {
  readonly now: EpochMs;
  readonly lastReceivedAt: EpochMs;
  /** Instances here that are no results of this node. */
  readonly instanceCount: number;
  /** Who brought instances since the study settled last. */
  readonly senders: readonly StudySender[];
  /** Open associations of its senders that have begun a C-STORE and not shown of which study. */
  readonly undeclared: number;
  readonly count?: CountFacts | undefined;
  /** The rule whose required series are all there. */
  readonly requiredBy?: string | undefined;
  /** The last storage-commitment request (N-ACTION) that named every instance that is here. */
  readonly commitmentAt?: EpochMs | undefined;
}

export interface CountFacts {
  readonly source: string;
  /** When the answer was asked for; undefined where there is none yet. */
  readonly answeredFor?: EpochMs | undefined;
  /** When the first answer was asked for that listed more than was here, if it has listed the same since. */
  readonly aheadSince?: EpochMs | undefined;
  /** When it was last asked in vain, and why. */
  readonly failed?: { readonly at: EpochMs; readonly why: string } | undefined;
  /** As answered; see `countedSeries`. */
  readonly series: readonly CountedSeries[];
}

export type SettleDecision =
  | { readonly kind: 'settle'; readonly signal: string; readonly detail: string }
  | {
      readonly kind: 'wait';
      readonly until: EpochMs;
      /** What for, in words. */
      readonly why: string;
      /** The PACS is to be asked for its count now. */
      readonly ask: boolean;
    };

/** What the count says: `unknown` also where the PACS is behind us, or its answer is older than the last instance. */
type CountVerdict = { readonly kind: 'off' | 'unknown' | 'ask' } | { readonly kind: 'equal' | 'fewer'; readonly text: string };

/** Settles at the latest when the last resort's time is over; earlier by the first signal that the policy names and the facts bear. */
export function decideSettling(policy: SettlePolicy, facts: SettleFacts): SettleDecision {
  const { now, lastReceivedAt, instanceCount } = facts;
  if (instanceCount === 0) return { kind: 'settle', signal: 'quiet-time', detail: 'nothing is here but results of this node' };
  const times = timesOf(policy, lastReceivedAt);
  const count = countVerdict(policy, facts);
  const lastResortAt = count.kind === 'fewer' ? times.incompleteAt : times.quietAt;
  if (now >= lastResortAt) return { kind: 'settle', signal: 'quiet-time', detail: lastResortText(facts, count) };
  const wait = (until: EpochMs, why: string, ask = false): SettleDecision => ({
    kind: 'wait',
    until: Math.min(until, lastResortAt),
    why,
    ask,
  });
  if (now < times.shortAt) return wait(times.shortAt, 'more may be on its way');
  if (count.kind === 'equal' && wasAhead(facts, times.shortMs)) return { kind: 'settle', signal: 'expected-count', detail: count.text };
  if (count.kind === 'fewer') return wait(lastResortAt, count.text);
  if (count.kind === 'ask')
    return wait(lastResortAt, `asks ${facts.count?.source ?? policy.countFrom ?? ''} how many instances there are`, true);
  return firstOf(
    [requiredSeries(policy, facts), released(policy, facts, times.shortMs), commitment(policy, facts), asMany(policy, facts, count)],
    wait,
  );
}

function timesOf({ quietS, shortQuietS, incompleteS, signals }: SettlePolicy, last: EpochMs) {
  const quietMs = quietS * 1000;
  const shortMs = signals.length === 0 ? quietMs : Math.min(shortQuietS * 1000, quietMs);
  return { shortMs, shortAt: last + shortMs, quietAt: last + quietMs, incompleteAt: last + Math.max(incompleteS * 1000, quietMs) };
}

/** The first that settles; else they wait together, each with its reason. */
function firstOf(
  decisions: readonly (SettleDecision | undefined)[],
  wait: (until: EpochMs, why: string) => SettleDecision,
): SettleDecision {
  const settling = decisions.find((decision) => decision?.kind === 'settle');
  if (settling !== undefined) return settling;
  const waits = decisions.filter((decision) => decision?.kind === 'wait');
  const why = waits.map((decision) => decision.why).join('; ');
  return wait(Math.min(...waits.map(({ until }) => until)), why === '' ? 'no signal of completeness: the quiet time decides' : why);
}

/** Every association that brought something was released, after an answer of Success to each C-STORE, and nobody else is about to send. */
function released(
  policy: SettlePolicy,
  { now, lastReceivedAt, senders, undeclared }: SettleFacts,
  shortMs: number,
): SettleDecision | undefined {
  if (!policy.signals.includes('association-released') || senders.length === 0) return undefined;
  if (senders.some(({ ended_at, ending }) => ended_at !== null && ending !== 'released')) return undefined;
  const open = senders.filter(({ ended_at }) => ended_at === null).length;
  // The end of one of ours brings a look of its own; that another one is about another study is only seen by looking again.
  if (open > 0) return { kind: 'wait', until: Infinity, why: `${associations(open)} of it still open`, ask: false };
  if (undeclared > 0)
    return { kind: 'wait', until: now + shortMs, why: `${associations(undeclared)} of its sender just begun`, ask: false };
  const endedAt = Math.max(...senders.map(({ ended_at }) => ended_at ?? 0));
  const until = Math.max(endedAt, lastReceivedAt) + shortMs;
  if (now < until) return { kind: 'wait', until, why: 'more may be on its way', ask: false };
  return { kind: 'settle', signal: 'association-released', detail: `${associations(senders.length)} of ${aeTitles(senders)} released` };
}

function requiredSeries(policy: SettlePolicy, { requiredBy }: SettleFacts): SettleDecision | undefined {
  if (!policy.signals.includes('required-series') || requiredBy === undefined) return undefined;
  return { kind: 'settle', signal: 'required-series', detail: `the series that rule ${requiredBy} needs are there` };
}

/** A hint: the sender asks to keep all that is here, which may still be a part of the study. */
function commitment(policy: SettlePolicy, { now, lastReceivedAt, commitmentAt }: SettleFacts): SettleDecision | undefined {
  if (!policy.signals.includes('storage-commitment')) return undefined;
  const hintQuietMs = policy.hintQuietS * 1000;
  // The request itself brings no look.
  if (commitmentAt === undefined || commitmentAt < lastReceivedAt)
    return { kind: 'wait', until: now + hintQuietMs, why: 'storage commitment was not asked for all that is here', ask: false };
  const until = commitmentAt + hintQuietMs;
  if (now < until) return { kind: 'wait', until, why: 'storage commitment was asked for all that is here', ask: false };
  return { kind: 'settle', signal: 'storage-commitment', detail: 'storage commitment was asked for all that is here' };
}

/**
 * The PACS listed as much when we had less: it does not just receive along with us. By so little that it may only be one
 * instance ahead, this counts only after every association was released.
 */
function wasAhead({ lastReceivedAt, count, senders }: SettleFacts, shortMs: number): boolean {
  const aheadMs = lastReceivedAt - (count?.aheadSince ?? Infinity);
  return aheadMs >= shortMs || (aheadMs > 0 && senders.every(hasReleased));
}

/** As many as at a PACS that may be receiving the study at the same time: a hint, and none while more may come over an association. */
function asMany(policy: SettlePolicy, { now, lastReceivedAt, senders }: SettleFacts, count: CountVerdict): SettleDecision | undefined {
  if (count.kind !== 'equal' || !senders.every(hasReleased)) return undefined;
  const until = lastReceivedAt + policy.hintQuietS * 1000;
  if (now < until) return { kind: 'wait', until, why: `${count.text}, and more may come to both`, ask: false };
  return { kind: 'settle', signal: 'expected-count', detail: count.text };
}

function hasReleased({ ended_at, ending }: StudySender): boolean {
  return ended_at !== null && ending === 'released';
}

function countVerdict(policy: SettlePolicy, { lastReceivedAt, count }: SettleFacts): CountVerdict {
  if (!policy.signals.includes('expected-count')) return { kind: 'off' };
  if (count?.answeredFor !== undefined && count.answeredFor >= lastReceivedAt) return compare(policy, count);
  // An old answer is no proof of completeness, but what it lacked and is still not here is missing.
  if (count?.answeredFor !== undefined && compare(policy, count).kind === 'fewer' && hasFailedSince(count, lastReceivedAt))
    return compare(policy, count);
  return hasFailedSince(count, lastReceivedAt) ? { kind: 'unknown' } : { kind: 'ask' };
}

function hasFailedSince(count: CountFacts | undefined, at: EpochMs): boolean {
  return count?.failed !== undefined && count.failed.at >= at;
}

function compare({ countPer }: SettlePolicy, { source, series }: CountFacts): CountVerdict {
  const counted = countPer === 'study' ? series : series.filter(({ here }) => here > 0);
  const total = (of: 'here' | 'there') => counted.reduce((sum, one) => sum + one[of], 0);
  const missing = counted.reduce((sum, { here, there }) => sum + Math.max(0, there - here), 0);
  const text = `${source} lists ${total('there')} instances, ${total('here')} are here`;
  if (missing > 0) return { kind: 'fewer', text: `${text}, ${missing} are missing` };
  return total('here') === total('there') ? { kind: 'equal', text } : { kind: 'unknown' };
}

function lastResortText({ lastReceivedAt, now, senders, count }: SettleFacts, verdict: CountVerdict): string {
  const parts = [`nothing came for ${Math.round((now - lastReceivedAt) / 1000)} s`];
  if ('text' in verdict) parts.push(verdict.text);
  else if (verdict.kind !== 'off' && count?.failed !== undefined) parts.push(`${count.source} could not be asked (${count.failed.why})`);
  const broken = senders.filter(({ ended_at, ending }) => ended_at !== null && ending !== 'released' && ending !== 'forgotten');
  if (broken.length > 0)
    parts.push(`${associations(broken.length)} broke off (${[...new Set(broken.map(({ ending }) => ending as Ending))].join(', ')})`);
  return parts.join('; ');
}

function associations(count: number): string {
  return count === 1 ? '1 association' : `${count} associations`;
}

function aeTitles(senders: readonly StudySender[]): string {
  return [...new Set(senders.map(({ calling_ae }) => calling_ae))].join(', ');
}
