/** Several tests at once: how sure all of them together are. */

/** Holm's step-down correction of p values for as many tests as there are; the family-wise error stays at the level. In the order given. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => ps[a] - ps[b]);
  const corrected = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, ps[index] * (ps.length - rank)));
    corrected[index] = largest;
  });
  return corrected;
}
