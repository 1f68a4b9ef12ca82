/** Which way a grid's index axes run in the patient. */
import type { Grid, Vec3 } from './grid.js';

/** An index axis of a grid (0: i, columns; 1: j, rows; 2: k, slices) and whether the index increases (1) or decreases (-1) along a patient direction. */
export interface IndexAxis {
  readonly axis: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/** For each patient direction of LPS the index axis nearest to it; each axis stands for one direction. */
export interface AnatomicalAxes {
  readonly left: IndexAxis;
  readonly posterior: IndexAxis;
  readonly superior: IndexAxis;
}

const ASSIGNMENTS: readonly (readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** The axes nearest to Left, Posterior and Superior: the assignment whose direction cosines add up to the most, so that oblique grids get one too. */
export function anatomicalAxes(grid: Grid): AnatomicalAxes {
  const directions: readonly Vec3[] = [grid.iDirection, grid.jDirection, grid.kDirection];
  const cosine = (patient: 0 | 1 | 2, axis: 0 | 1 | 2) => directions[axis][patient];
  const fit = ([left, posterior, superior]: readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2]) =>
    Math.abs(cosine(0, left)) + Math.abs(cosine(1, posterior)) + Math.abs(cosine(2, superior));
  const [left, posterior, superior] = ASSIGNMENTS.reduce((best, one) => (fit(one) > fit(best) ? one : best));
  const indexAxis = (patient: 0 | 1 | 2, axis: 0 | 1 | 2): IndexAxis => ({ axis, sign: cosine(patient, axis) < 0 ? -1 : 1 });
  return { left: indexAxis(0, left), posterior: indexAxis(1, posterior), superior: indexAxis(2, superior) };
}
