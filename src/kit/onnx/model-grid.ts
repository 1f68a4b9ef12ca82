/** The grid that a network sees, from what its package states and where the series lies. */
import type { Grid, Vec3 } from '../../dicom/geometry/grid.js';
import { anatomicalAxes } from '../../dicom/geometry/orient.js';
import { dot } from '../../dicom/geometry/vector.js';
import type { OnnxContract } from './contract.js';

type Wanted = OnnxContract['grid'];

/** One axis of the grid to be: where it runs to, its spacing, and how far the series reaches along it. */
interface AxisPlan {
  readonly direction: Vec3;
  readonly spacingMm: number;
  readonly size: number;
  /** Edge to edge of the series along this direction. */
  readonly extentMm: number;
  readonly sameSpacing: boolean;
}

/**
 * The network's grid. Directions may be left-handed (as LIA is); the grid is only ever sampled, never written as DICOM.
 * @param atLeast the size is padded to at least this (that of a tile)
 */
export function modelGrid(source: Grid, wanted: Wanted, atLeast: readonly number[] = [1, 1, 1]): Grid {
  const axes = directionsOf(source, wanted).map((direction, n) => planAxis(source, wanted, direction, n, atLeast[n] ?? 1));
  const [i, j, k] = axes as [AxisPlan, AxisPlan, AxisPlan];
  const centre = centreOf(source);
  const originMm = [0, 1, 2].map((x) =>
    [i, j, k].reduce((at, axis) => at + axis.direction[x] * startOf(axis, wanted.place), centre[x]),
  ) as unknown as Vec3;
  return {
    columns: i.size,
    rows: j.size,
    slices: k.size,
    originMm,
    iDirection: i.direction,
    jDirection: j.direction,
    kDirection: k.direction,
    spacingMm: [i.spacingMm, j.spacingMm, k.spacingMm],
    frameOfReferenceUid: source.frameOfReferenceUid,
  };
}

const LETTERS: Readonly<Record<string, Vec3>> = {
  L: [1, 0, 0],
  R: [-1, 0, 0],
  P: [0, 1, 0],
  A: [0, -1, 0],
  S: [0, 0, 1],
  I: [0, 0, -1],
};

function directionsOf(source: Grid, { orientation, axes }: Wanted): Vec3[] {
  const own = [source.iDirection, source.jDirection, source.kDirection];
  if (orientation === 'source') return own;
  const letters = orientation.split('');
  if (axes === 'patient') return letters.map((letter) => LETTERS[letter]);
  const { left, posterior, superior } = anatomicalAxes(source);
  return letters.map((letter) => {
    const { axis, sign } = 'LR'.includes(letter) ? left : 'PA'.includes(letter) ? posterior : superior;
    const turn = 'LPS'.includes(letter) ? sign : -sign;
    return own[axis].map((part) => part * turn) as unknown as Vec3;
  });
}

function planAxis(source: Grid, wanted: Wanted, direction: Vec3, n: number, atLeast: number): AxisPlan {
  const sizes = [source.columns, source.rows, source.slices];
  const own = [source.iDirection, source.jDirection, source.kDirection].map((axis) => Math.abs(dot(axis, direction)));
  const nearest = own.indexOf(Math.max(...own));
  const statedMm = wanted.spacing_mm === 'source' ? 'source' : wanted.spacing_mm[n];
  const spacingMm = statedMm === 'source' ? source.spacingMm[nearest] : statedMm;
  const extentMm = own.reduce((sum, cosine, axis) => sum + (cosine > 1e-6 ? cosine * sizes[axis] * source.spacingMm[axis] : 0), 0);
  const stated = wanted.size === 'source' ? 'source' : wanted.size[n];
  const filled = stated === 'source' ? Math.ceil(extentMm / spacingMm - 1e-3) : stated;
  const multiple = wanted.multiple_of[n];
  const size = Math.ceil(Math.max(filled, atLeast) / multiple) * multiple;
  return { direction, spacingMm, size, extentMm, sameSpacing: spacingMm === source.spacingMm[nearest] && own[nearest] > 1 - 1e-6 };
}

/** The centre of the first voxel along an axis, as a distance from the middle of the series. */
function startOf({ spacingMm, size, extentMm, sameSpacing }: AxisPlan, place: Wanted['place']): number {
  if (place === 'start') return -extentMm / 2 + spacingMm / 2;
  const surplus = size - extentMm / spacingMm;
  // Where the spacing is the series' own, padding is whole voxels: nothing needs to be interpolated.
  const before = sameSpacing ? Math.floor(surplus / 2 + 1e-3) : surplus / 2;
  return -extentMm / 2 - before * spacingMm + spacingMm / 2;
}

function centreOf({ columns, rows, slices, originMm, iDirection, jDirection, kDirection, spacingMm }: Grid): Vec3 {
  const at = (axis: 0 | 1 | 2) =>
    originMm[axis] +
    (iDirection[axis] * spacingMm[0] * (columns - 1) +
      jDirection[axis] * spacingMm[1] * (rows - 1) +
      kDirection[axis] * spacingMm[2] * (slices - 1)) /
      2;
  return [at(0), at(1), at(2)];
}
