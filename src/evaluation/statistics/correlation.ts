/** How two numbers of the same cases go together. */
import type { Measured } from '../metrics/measured.js';
import type { Interval } from './bootstrap.js';
import { mean } from './describe.js';
import { studentTwoSided } from './distributions.js';
import { ranksOf } from './ranks.js';

export interface Correlation {
  readonly n: number;
  readonly r: number;
  /** Two-sided, from Student's distribution with n − 2 degrees of freedom. */
  readonly p: number;
  /** 95 %, by Fisher's transformation; none for fewer than four pairs. */
  readonly interval?: Interval;
}

export type Pairs = readonly (readonly [x: number, y: number])[];

/** Pearson's correlation. Undefined for fewer than three pairs, and where one side is the same in all. */
export function pearson(pairs: Pairs): Measured<Correlation> {
  const n = pairs.length;
  if (n < 3) return { undefinedBecause: `${n} pairs, at least 3 are needed` };
  const [meanX, meanY] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    yy += (y - meanY) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  if (isNothing(xx, meanX, n) || isNothing(yy, meanY, n)) return { undefinedBecause: 'one of the two is the same in all cases' };
  const r = Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
  const p = studentTwoSided(r * Math.sqrt((n - 2) / (1 - r * r)), n - 2);
  return { value: { n, r, p, ...(n < 4 ? {} : { interval: fisherInterval(r, n) }) } };
}

/** Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank; its p value is an approximation for few pairs. */
export function spearman(pairs: Pairs): Measured<Correlation> {
  const [xs, ys] = [ranksOf(pairs.map(([x]) => x)), ranksOf(pairs.map(([, y]) => y))];
  return pearson(xs.map((x, index) => [x, ys[index]]));
}

/** What is left of a column of one value is rounding. */
function isNothing(squares: number, meanOf: number, n: number): boolean {
  return squares <= n * (1e-13 * meanOf) ** 2;
}

function fisherInterval(r: number, n: number): Interval {
  const half = 1.959963984540054 / Math.sqrt(n - 3);
  return { low: Math.tanh(Math.atanh(r) - half), high: Math.tanh(Math.atanh(r) + half) };
}
