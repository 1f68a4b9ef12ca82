/** Whether paired numbers differ, without asking how they are distributed: Wilcoxon's signed-rank test. */
import type { Measured } from '../metrics/measured.js';
import { normalTwoSided } from './distributions.js';
import { ranksOf, tieSizes } from './ranks.js';

/** Up to so many differences the p value is exact. */
const EXACT_UP_TO = 50;

export interface SignedRank {
  /** Pairs that differ: those without a difference say nothing and are left out (Wilcoxon's own way; `wilcox` in scipy). */
  readonly n: number;
  readonly zeros: number;
  /** The smaller of the sums of the ranks of positive and of negative differences. */
  readonly statistic: number;
  /** Two-sided. */
  readonly p: number;
  readonly method: 'exact' | 'normal';
}

/**
 * The test of differences against 0. Equal sizes share their mean rank. Up to 50 differences p is exact: all 2ⁿ signs of the ranks that there are, ties
 * included, are counted; beyond, the normal approximation with the variance corrected for ties and without a continuity correction.
 */
export function signedRank(differences: readonly number[]): Measured<SignedRank> {
  const nonZero = differences.filter((difference) => difference !== 0);
  const zeros = differences.length - nonZero.length;
  if (differences.length === 0) return { undefinedBecause: 'there are no pairs' };
  if (nonZero.length === 0) return { undefinedBecause: 'no pair differs' };
  const sizes = nonZero.map(Math.abs);
  const ranks = ranksOf(sizes);
  const positive = ranks.reduce((sum, rank, index) => (nonZero[index] > 0 ? sum + rank : sum), 0);
  const n = nonZero.length;
  const statistic = Math.min(positive, (n * (n + 1)) / 2 - positive);
  const isExact = n <= EXACT_UP_TO;
  const p = isExact ? exactP(ranks, statistic) : normalP(statistic, n, sizes);
  return { value: { n, zeros, statistic, p, method: isExact ? 'exact' : 'normal' } };
}

/** Twice the share of all signs whose sum of positive ranks is at most the statistic; ranks are doubled to be whole. */
function exactP(ranks: readonly number[], statistic: number): number {
  const doubled = ranks.map((rank) => Math.round(2 * rank));
  const ways = new Float64Array(doubled.reduce((sum, rank) => sum + rank, 0) + 1);
  ways[0] = 1;
  let most = 0;
  for (const rank of doubled) {
    most += rank;
    for (let sum = most; sum >= rank; sum--) ways[sum] += ways[sum - rank];
  }
  let atMost = 0;
  for (let sum = 0; sum <= Math.round(2 * statistic); sum++) atMost += ways[sum];
  return Math.min(1, (2 * atMost) / 2 ** ranks.length);
}

function normalP(statistic: number, n: number, sizes: readonly number[]): number {
  const ties = tieSizes(sizes).reduce((sum, size) => sum + size ** 3 - size, 0);
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48;
  return normalTwoSided((statistic - (n * (n + 1)) / 4) / Math.sqrt(variance));
}
