/** How sure a mean is, by drawing the cases again and again (Efron's percentile interval). */
import { uniformRandom } from '../../dicom/phantom/random.js';
import { mean, quantile } from './describe.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
const SEED = 20_260_101;
const CONFIDENCE = 0.95;

/**
 * The 95 % interval of the mean: 2000 resamples, drawn with a seed, so that the same numbers in the same order always give the same interval.
 * Undefined for fewer than two numbers, of which no spread is known.
 */
export function meanInterval(values: readonly number[]): Interval | undefined {
  const size = values.length;
  if (size < 2) return undefined;
  const random = uniformRandom(SEED);
  const means = new Float64Array(RESAMPLES);
  const drawn = new Float64Array(size);
  for (let n = 0; n < RESAMPLES; n++) {
    for (let i = 0; i < size; i++) drawn[i] = values[Math.floor(random() * size)];
    means[n] = mean(drawn);
  }
  means.sort();
  return { low: quantile(means, (1 - CONFIDENCE) / 2), high: quantile(means, (1 + CONFIDENCE) / 2) };
}
