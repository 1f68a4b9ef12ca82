/** Ranks of numbers. */

/** The rank of each number from 1 on; equal numbers share the mean of their ranks, so that twice a rank is always whole. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let first = 0, next = 0; first < order.length; first = next) {
    while (next < order.length && values[order[next]] === values[order[first]]) next++;
    for (let at = first; at < next; at++) ranks[order[at]] = (first + 1 + next) / 2;
  }
  return ranks;
}

/** How many numbers are in each group of equal ones, groups of one included. */
export function tieSizes(values: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()];
}
