/** How many runs of a rule may be under way and may start: whether one more may, and if not, why. Pure. */
import type { EpochMs } from '../foundation/clock.js';
import type { RunLimits, StartLimits } from '../ledger/runs.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface StartCounts {
  /** Runs of the rule that are under way, of all sources or of one. */
  underWay(rule: string, source?: string): number;
  /** Runs of the rule that have started since then. */
  startedSince(rule: string, since: EpochMs, source?: string): number;
}

/** Which limit keeps a run of this rule from starting now, in one sentence; undefined where none does. */
export function limitReached(
  run: { readonly rule: string; readonly source: string; readonly limits?: RunLimits },
  counts: StartCounts,
  now: EpochMs,
): string | undefined {
  const { rule, source, limits } = run;
  if (limits === undefined) return undefined;
  const ofRule = reached(limits, `rule ${rule}`, counts, now, rule);
  if (ofRule !== undefined || limits.perSource === undefined) return ofRule;
  return reached(limits.perSource, `rule ${rule}`, counts, now, rule, source);
}

function reached(
  { atOnce, perHour, perDay }: StartLimits,
  name: string,
  counts: StartCounts,
  now: EpochMs,
  rule: string,
  source?: string,
): string | undefined {
  const whose = `its limit${source === undefined ? '' : ` for studies from ${source}`}`;
  const underWay = atOnce === undefined ? 0 : counts.underWay(rule, source);
  if (atOnce !== undefined && underWay >= atOnce) return `${name} has ${runs(underWay)} under way, ${whose}`;
  const started = (limit: number | undefined, spanMs: number) =>
    limit === undefined ? false : counts.startedSince(rule, now - spanMs, source) >= limit;
  if (started(perHour, HOUR_MS)) return `${name} has started ${runs(perHour)} within an hour, ${whose}`;
  if (started(perDay, DAY_MS)) return `${name} has started ${runs(perDay)} within a day, ${whose}`;
  return undefined;
}

const runs = (count: number | undefined): string => (count === 1 ? '1 run' : `${count} runs`);
