/** Which slice of a grid a contour lies on, and where on it. */
import type { Grid, Vec3 } from '../geometry/grid.js';
import { dot, minus } from '../geometry/vector.js';
import type { Contour } from './structure-set.js';

/** A closed contour in the pixels of a slice. */
export interface PlacedContour {
  readonly k: number;
  /** How far its plane is from that of the slice, in slices, −0.5 … 0.5. */
  readonly off: number;
  /** Columns and rows of its points in turn; pixel centres are whole numbers. */
  readonly outline: Float64Array;
}

/** How far the points of a contour may be off one plane along the slices, in slices: as for frames of segmentations. */
const OFF_PLANE = 0.1;
/** Planes that are nearer to one another are the same: decimals in files are rounded. */
const SAME_PLANE = 0.1;

/** The nearest slice within half a spacing (of two that are equally near the lower one), or in words why there is none. */
export function placeContour({ pointsMm }: Contour, grid: Grid): PlacedContour | string {
  const count = pointsMm.length / 3;
  const outline = new Float64Array(2 * count);
  let [lowest, highest, sum] = [Infinity, -Infinity, 0];
  for (let n = 0; n < count; n++) {
    const away = minus([pointsMm[3 * n], pointsMm[3 * n + 1], pointsMm[3 * n + 2]] satisfies Vec3, grid.originMm);
    outline[2 * n] = dot(away, grid.iDirection) / grid.spacingMm[0];
    outline[2 * n + 1] = dot(away, grid.jDirection) / grid.spacingMm[1];
    const height = dot(away, grid.kDirection) / grid.spacingMm[2];
    lowest = Math.min(lowest, height);
    highest = Math.max(highest, height);
    sum += height;
  }
  if (highest - lowest > OFF_PLANE)
    return `rises by ${mm((highest - lowest) * grid.spacingMm[2])} across the slices, expected one that lies on a plane of the images`;
  const height = sum / count;
  const k = Math.ceil(height - 0.5 - 1e-6);
  if (k < 0 || k >= grid.slices) {
    const beyond = Math.max(-height, height - (grid.slices - 1)) * grid.spacingMm[2];
    return `lies ${mm(beyond)} beyond the last slice, expected at most half a spacing (${mm(grid.spacingMm[2] / 2)})`;
  }
  return { k, off: height - k, outline };
}

/** Of the contours of one slice those on the plane that is nearest to it: what was drawn on two planes must not be counted even-odd as one. */
export function nearestPlane(contours: readonly PlacedContour[]): PlacedContour[] {
  const nearest = Math.min(...contours.map(({ off }) => Math.abs(off)));
  const plane = contours.find(({ off }) => Math.abs(off) === nearest)?.off ?? 0;
  return contours.filter(({ off }) => Math.abs(off - plane) <= SAME_PLANE);
}

/** True for a contour that counts for a slice on which it was not drawn. */
export function isBetweenSlices({ off }: PlacedContour): boolean {
  return Math.abs(off) > SAME_PLANE;
}

function mm(value: number): string {
  return `${value.toFixed(2)} mm`;
}
