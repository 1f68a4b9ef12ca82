/** What a set of numbers is like. Everything here is pure; what is no number is left out by the caller, who counts it. */

export interface Description {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  /** First and third quartile; the interquartile range lies between them. */
  readonly q1: number;
  readonly q3: number;
  readonly least: number;
  readonly most: number;
}

/** The description of at least one number; undefined where there is none. */
export function describe(values: readonly number[]): Description | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  return {
    n: sorted.length,
    mean: mean(values),
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    least: sorted[0],
    most: sorted[sorted.length - 1],
  };
}

/** The arithmetic mean of at least one number. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n];
  return sum / values.length;
}

/** The quantile of numbers in ascending order, interpolated between the two nearest ranks (type 7 of Hyndman and Fan: R, numpy). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
