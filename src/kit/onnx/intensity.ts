/** What happens to the values before the network sees them: a list of steps, done in the order in which they are written. */
import { z } from 'zod';
import { oneStep } from '../one-step.js';

const pair = z.tuple([z.number(), z.number()], { error: 'must be a list of two numbers' });
const of = z
  .enum(['all', 'above_minimum', 'above_otsu'])
  .default('all')
  .describe(
    'Of which voxels: `all`, `above_minimum`: brighter than the darkest (padding, air that is 0), `above_otsu`: brighter than the threshold of Otsu.',
  );
type Of = z.output<typeof of>;
const percent = z.number().min(0).max(100).optional().describe('Percent; no limit by default.');

const step = oneStep({
  offset: z.number().describe('Is added.'),
  factor: z.number().describe('Is multiplied with.'),
  clamp: z
    .strictObject({
      from: z.number().optional().describe('No lower limit by default.'),
      to: z.number().optional().describe('No upper limit by default.'),
    })
    .describe('Values below and above become the limits.'),
  clamp_percentiles: z.strictObject({ from: percent, to: percent, of }).describe('Limits that are percentiles of the values.'),
  scale: z
    .strictObject({
      from: pair.optional().describe('The lowest and the highest value that there is, by default.'),
      to: pair.describe('What they become.'),
    })
    .describe('One range becomes another; values outside of it are not clamped.'),
  standardise: z
    .strictObject({
      mean: z.number().optional().describe('That of the values by default.'),
      deviation: z.number().positive().optional().describe('That of the values by default.'),
      of,
    })
    .describe('The mean is taken off, then it is divided by the standard deviation: given, or those of the values.'),
  quantise: z.literal('uint8').describe('Whole numbers from 0 to 255, rounded half up.'),
});

export const intensitySteps = z.array(step);
export type IntensityStep = z.output<typeof step>;

/** Does the steps, in place. */
export function applyIntensity(values: Float32Array, steps: readonly IntensityStep[]): void {
  for (const one of steps) applyStep(values, one);
}

function applyStep(values: Float32Array, one: IntensityStep): void {
  if (one.offset !== undefined) linear(values, 1, one.offset);
  if (one.factor !== undefined) linear(values, one.factor, 0);
  if (one.clamp !== undefined) clamp(values, one.clamp.from ?? -Infinity, one.clamp.to ?? Infinity);
  if (one.clamp_percentiles !== undefined) clampPercentiles(values, one.clamp_percentiles);
  if (one.scale !== undefined) scale(values, one.scale.from ?? rangeOf(values), one.scale.to);
  if (one.standardise !== undefined) standardise(values, one.standardise);
  if (one.quantise !== undefined) for (let p = 0; p < values.length; p++) values[p] = Math.min(255, Math.max(0, Math.round(values[p])));
}

function clampPercentiles(values: Float32Array, { from, to, of: which }: { from?: number; to?: number; of: Of }): void {
  const [low, high] = percentiles(values, [from ?? 0, to ?? 100], limitOf(values, which));
  clamp(values, from === undefined ? -Infinity : low, to === undefined ? Infinity : high);
}

/** Voxels above this are meant. */
function limitOf(values: Float32Array, which: Of): number {
  if (which === 'all') return -Infinity;
  return which === 'above_otsu' ? otsuThreshold(values) : rangeOf(values)[0];
}

function linear(values: Float32Array, factor: number, offset: number): void {
  for (let p = 0; p < values.length; p++) values[p] = values[p] * factor + offset;
}

function clamp(values: Float32Array, low: number, high: number): void {
  for (let p = 0; p < values.length; p++) values[p] = Math.min(high, Math.max(low, values[p]));
}

/** A series of one value becomes the lower end of the range. */
function scale(values: Float32Array, [low, high]: readonly [number, number], [to0, to1]: readonly [number, number]): void {
  const factor = high === low ? 0 : (to1 - to0) / (high - low);
  for (let p = 0; p < values.length; p++) values[p] = (values[p] - low) * factor + to0;
}

function standardise(values: Float32Array, given: { mean?: number; deviation?: number; of: Of }): void {
  const above = limitOf(values, given.of);
  const mean = given.mean ?? meanOf(values, above, (value) => value);
  const deviation = given.deviation ?? Math.sqrt(meanOf(values, above, (value) => (value - mean) ** 2));
  linear(values, deviation === 0 ? 0 : 1 / deviation, deviation === 0 ? 0 : -mean / deviation);
}

function meanOf(values: Float32Array, above: number, of: (value: number) => number): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value <= above) continue;
    sum += of(value);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

/** The lowest and the highest value. */
export function rangeOf(values: ArrayLike<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let p = 0; p < values.length; p++) {
    if (values[p] < low) low = values[p];
    if (values[p] > high) high = values[p];
  }
  return [low, high];
}

const BINS = 65536;

interface Histogram {
  readonly counts: Float64Array;
  readonly low: number;
  readonly widthPerBin: number;
}

function histogramOf(values: Float32Array, above: number): Histogram {
  const [low, high] = rangeOf(values);
  const counts = new Float64Array(BINS);
  const widthPerBin = (high - low) / (BINS - 1) || 1;
  for (const value of values) if (value > above) counts[Math.round((value - low) / widthPerBin)]++;
  return { counts, low, widthPerBin };
}

/** The values below which so many per cent of those above a limit lie, to within one of 65536 steps of the range. */
export function percentiles(values: Float32Array, percents: readonly [number, number], above: number): [number, number] {
  const { counts, low, widthPerBin } = histogramOf(values, above);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const at = (percent: number) => {
    let left = (percent / 100) * total;
    const bin = counts.findIndex((n) => (left -= n) <= 0 && n > 0);
    return low + (bin < 0 ? BINS - 1 : bin) * widthPerBin;
  };
  return [at(percents[0]), at(percents[1])];
}

/** The threshold that parts two classes with the greatest variance between them (Otsu, 1979). */
export function otsuThreshold(values: Float32Array): number {
  const { counts, low, widthPerBin } = histogramOf(values, -Infinity);
  const total = values.length;
  const sum = counts.reduce((all, n, bin) => all + n * bin, 0);
  let [best, bestVariance, below, sumBelow] = [0, -1, 0, 0];
  for (let bin = 0; bin < BINS; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    if (below === 0 || below === total) continue;
    const distance = sumBelow / below - (sum - sumBelow) / (total - below);
    const variance = below * (total - below) * distance * distance;
    if (variance > bestVariance) [best, bestVariance] = [bin, variance];
  }
  return low + best * widthPerBin;
}
