/** When two numbers of two runs count as the same. */

/** A number may differ by so much of the reference's value, and by so much in any case: for values about 0. */
export const TOLERANCE = { relative: 1e-6, absolute: 1e-9 };

/** NaN equals NaN, and an infinity itself; everything else by `TOLERANCE`. */
export function sameNumber(reference: number, output: number): boolean {
  if (Object.is(reference, output) || reference === output) return true;
  if (!Number.isFinite(reference) || !Number.isFinite(output)) return false;
  return Math.abs(output - reference) <= TOLERANCE.absolute + TOLERANCE.relative * Math.abs(reference);
}
