/** Exact Euclidean distance transform in millimetres, separable and linear (Felzenszwalb and Huttenlocher, 2012). */
import type { Vec3 } from '../geometry/grid.js';
import type { Extent, Mask } from './extent.js';

/** A constant of this file, not a look-up in the global object for every voxel. */
const FAR = Infinity;

/**
 * The squared distance in mm² of every voxel centre to the nearest voxel centre of the set `mask[p] === target`; Infinity where there is none.
 * Voxels beyond the array belong to no set.
 */
export function squaredDistanceMm(mask: Mask, extent: Extent, spacingMm: Vec3, target: 0 | 1): Float32Array {
  const distance = squaredAlongRowsMm(mask, extent, spacingMm, target);
  acrossRows(distance, extent, spacingMm);
  acrossSlices(distance, extent, spacingMm);
  return distance;
}

/**
 * The same within each row only: two sweeps that count from the last voxel of the set. `distance` is an array of this size to be
 * filled, where there is one to spare.
 */
export function squaredAlongRowsMm(
  mask: Mask,
  { columns }: Extent,
  [spacingMm]: Vec3,
  target: 0 | 1,
  distance: Float32Array = new Float32Array(mask.length),
): Float32Array {
  for (let begin = 0; begin < mask.length; begin += columns) {
    if (!mask.subarray(begin, begin + columns).includes(target)) {
      distance.fill(FAR, begin, begin + columns);
      continue;
    }
    let away = FAR;
    for (let p = begin; p < begin + columns; p++) {
      away = mask[p] === target ? 0 : away + spacingMm;
      distance[p] = away;
    }
    away = FAR;
    for (let p = begin + columns - 1; p >= begin; p--) {
      away = mask[p] === target ? 0 : away + spacingMm;
      const nearest = away < distance[p] ? away : distance[p];
      distance[p] = nearest * nearest;
    }
  }
  return distance;
}

/** Makes squared distances within rows those within slices. */
export function acrossRows(distance: Float32Array, { columns, rows, slices }: Extent, spacingMm: Vec3): void {
  if (rows === 1) return;
  const scratch = scratchFor(rows);
  for (let k = 0; k < slices; k++) {
    for (let i = 0; i < columns; i++) alongLine(distance, k * rows * columns + i, columns, rows, spacingMm[1], scratch);
  }
}

function acrossSlices(distance: Float32Array, { columns, rows, slices }: Extent, spacingMm: Vec3): void {
  if (slices === 1) return;
  const scratch = scratchFor(slices);
  for (let p = 0; p < rows * columns; p++) alongLine(distance, p, rows * columns, slices, spacingMm[2], scratch);
}

interface Scratch {
  readonly values: Float64Array;
  /** Positions of the parabolas of the lower envelope, and where each begins to be the lowest. */
  readonly vertices: Int32Array;
  readonly begins: Float64Array;
}

function scratchFor(length: number): Scratch {
  return { values: new Float64Array(length), vertices: new Int32Array(length), begins: new Float64Array(length + 1) };
}

/** The lower envelope of the parabolas that stand on one line of the array. */
function alongLine(distance: Float32Array, offset: number, stride: number, length: number, spacingMm: number, scratch: Scratch): void {
  const { values, vertices, begins } = scratch;
  let top = -1;
  let allZero = true;
  const square = spacingMm * spacingMm;
  for (let q = 0, p = offset; q < length; q++, p += stride) {
    const value = distance[p];
    values[q] = value;
    if (value !== 0) allZero = false;
    if (value === FAR) continue;
    let begin = -FAR;
    while (top >= 0) {
      const v = vertices[top];
      begin = (value - values[v]) / (2 * square * (q - v)) + (q + v) / 2;
      if (begin > begins[top]) break;
      top--;
    }
    top++;
    vertices[top] = q;
    begins[top] = top === 0 ? -FAR : begin;
  }
  if (top < 0 || allZero) return;
  begins[top + 1] = FAR;
  for (let q = 0, p = offset, at = 0; q < length; q++, p += stride) {
    while (begins[at + 1] < q) at++;
    const steps = q - vertices[at];
    distance[p] = steps * steps * square + values[vertices[at]];
  }
}
