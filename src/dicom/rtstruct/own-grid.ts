/** A grid around contours, for structure sets whose images are not at hand. */
import type { Grid, Vec3 } from '../geometry/grid.js';
import { cross, dot, length, minus, scaled, unit } from '../geometry/vector.js';
import type { Contour } from './structure-set.js';

/** Pixels are as small as this, unless more than so many of them would be needed in a row. */
const FINEST_MM = 0.5;
const MOST_PIXELS = 512;
const MOST_SLICES = 500;
/** Planes that are nearer to one another are the same. */
const SAME_PLANE_MM = 0.01;

/** Planes parallel to the largest contour, through all contours where their distances allow it; a single voxel where there is no contour. */
export function gridAround(contours: readonly Contour[]): Grid {
  const [iDirection, jDirection, kDirection] = axesOf(contours);
  const along = (axis: Vec3) => rangeAlong(contours, axis);
  const [i, j] = [along(iDirection), along(jDirection)];
  const pixelMm = Math.max(FINEST_MM, (i.to - i.from) / MOST_PIXELS, (j.to - j.from) / MOST_PIXELS);
  const heights = contours.filter(({ pointsMm }) => pointsMm.length > 0).map((contour) => dot(pointAt(contour, 0), kDirection));
  const levels = levelsOf(heights);
  const [lowest, highest] = [levels.at(0) ?? 0, levels.at(-1) ?? 0];
  const gaps = levels.slice(1).map((mm, n) => mm - levels[n]);
  const stepMm = gaps.length === 0 ? 1 : Math.max(Math.min(...gaps), (highest - lowest) / MOST_SLICES);
  const place = (axis: 0 | 1 | 2) =>
    (i.from - pixelMm) * iDirection[axis] + (j.from - pixelMm) * jDirection[axis] + lowest * kDirection[axis];
  return {
    columns: Math.ceil((i.to - i.from) / pixelMm) + 3,
    rows: Math.ceil((j.to - j.from) / pixelMm) + 3,
    slices: Math.round((highest - lowest) / stepMm) + 1,
    originMm: [place(0), place(1), place(2)],
    iDirection,
    jDirection,
    kDirection,
    spacingMm: [pixelMm, pixelMm, stepMm],
    frameOfReferenceUid: '',
  };
}

/** The normal of the largest contour, and two directions in its plane that are near to the patient's axes. */
function axesOf(contours: readonly Contour[]): readonly [Vec3, Vec3, Vec3] {
  const normals = contours.map(areaVector);
  const largest = normals.reduce((best, one) => (length(one) > length(best) ? one : best), [0, 0, 0] satisfies Vec3);
  if (length(largest) === 0)
    return [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
  const normal = unit(largest);
  const towards: Vec3 = Math.abs(normal[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0];
  const i = unit(minus(towards, scaled(normal, dot(towards, normal))));
  return [i, cross(normal, i), normal];
}

/** Twice the area of a contour, along its normal (Newell). */
function areaVector(contour: Contour): Vec3 {
  const count = contour.pointsMm.length / 3;
  if (count < 3) return [0, 0, 0];
  const first = pointAt(contour, 0);
  let sum: Vec3 = [0, 0, 0];
  for (let n = 1; n + 1 < count; n++) {
    const part = cross(minus(pointAt(contour, n), first), minus(pointAt(contour, n + 1), first));
    sum = [sum[0] + part[0], sum[1] + part[1], sum[2] + part[2]];
  }
  return sum;
}

function pointAt({ pointsMm }: Contour, n: number): Vec3 {
  return [pointsMm[3 * n], pointsMm[3 * n + 1], pointsMm[3 * n + 2]];
}

function rangeAlong(contours: readonly Contour[], axis: Vec3): { from: number; to: number } {
  let [from, to] = [Infinity, -Infinity];
  for (const contour of contours)
    for (let n = 0; n < contour.pointsMm.length / 3; n++) {
      const mm = dot(pointAt(contour, n), axis);
      from = Math.min(from, mm);
      to = Math.max(to, mm);
    }
  return from > to ? { from: 0, to: 0 } : { from, to };
}

function levelsOf(heights: readonly number[]): number[] {
  const levels: number[] = [];
  for (const mm of [...heights].sort((a, b) => a - b))
    if (levels.length === 0 || mm - (levels.at(-1) ?? 0) > SAME_PLANE_MM) levels.push(mm);
  return levels;
}
