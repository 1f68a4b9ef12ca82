/** When may a study be forgotten: pure, so that the same answer stands in the log, in `doctor` and in a refusal. */

/** What the ledger knows of a study, as far as it matters here. Times are epoch ms. */
export interface RetentionFacts {
  readonly state: string;
  readonly lastReceivedAt: number;
  /** When the last run ended or the last delivery arrived; null where there was none. */
  readonly lastDoneAt: number | null;
  /** Versions that no rule has looked at yet. */
  readonly undecidedVersions: number;
  /** Runs that wait, run, or whose outputs have not passed the gate yet. */
  readonly openRuns: number;
  /** Runs that failed, were rejected or cancelled, for another reason than that the study went on. */
  readonly unsuccessfulRuns: number;
  readonly lastUnsuccessfulAt: number | null;
  /** Deliveries that have not arrived, and withdrawals that are under way. */
  readonly openDeliveries: number;
  /** Who keeps the study, each with the reason. */
  readonly keeps: readonly string[];
}

export interface RetentionLimits {
  /** Nothing younger is purged. */
  readonly minAgeMs: number;
  /** How long a study with an unsuccessful run stays, so that somebody can look into it. */
  readonly unsuccessfulMs: number;
  /** True where nobody is to decide about a study that is held. */
  readonly alsoHeld?: boolean;
}

export type RetentionVerdict =
  { readonly purge: true; readonly finishedAt: number } | { readonly purge: false; readonly obstacle: Obstacle; readonly reason: string };

/** Kinds of obstacles, for counting; the reason says it in full. */
export type Obstacle = 'state' | 'undecided' | 'runs' | 'deliveries' | 'kept' | 'age' | 'unsuccessful';

/** Whether nothing stands against forgetting the study, and since when it is finished; otherwise the first reason why not. */
export function mayBePurged(
  facts: RetentionFacts,
  { minAgeMs, unsuccessfulMs, alsoHeld = false }: RetentionLimits,
  now: number,
): RetentionVerdict {
  const no = (obstacle: Obstacle, reason: string): RetentionVerdict => ({ purge: false, obstacle, reason });
  const finishedAt = Math.max(facts.lastReceivedAt, facts.lastDoneAt ?? 0);
  if (facts.state !== 'settled' && !(alsoHeld && facts.state === 'held')) return no('state', `it is ${facts.state}; expected settled`);
  if (facts.undecidedVersions > 0) return no('undecided', 'no rule has looked at its last version yet');
  if (facts.openRuns > 0) return no('runs', `${facts.openRuns} run(s) have not ended`);
  if (facts.openDeliveries > 0) return no('deliveries', `${facts.openDeliveries} delivery(ies) or withdrawal(s) are not done`);
  if (facts.keeps.length > 0) return no('kept', `it is kept: ${facts.keeps.join('; ')}`);
  if (now - finishedAt < minAgeMs) return no('age', `it was finished ${hours(now - finishedAt)} ago; expected at least ${hours(minAgeMs)}`);
  const unsuccessfulForMs = now - (facts.lastUnsuccessfulAt ?? 0);
  if (facts.unsuccessfulRuns > 0 && unsuccessfulForMs < unsuccessfulMs) {
    return no(
      'unsuccessful',
      `${facts.unsuccessfulRuns} run(s) did not succeed, the last ${hours(unsuccessfulForMs)} ago; expected at least ${hours(unsuccessfulMs)}`,
    );
  }
  return { purge: true, finishedAt };
}

function hours(ms: number): string {
  return `${Math.round(ms / 360_000) / 10} h`;
}
