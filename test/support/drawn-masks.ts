/** Masks that are drawn: shapes whose volumes and distances are known. */
import { uniformRandom } from '../../src/dicom/phantom/random.js';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import type { Extent, Mask } from '../../src/dicom/voxels/extent.js';

/** Whether voxel (i, j, k) is inside. */
export type Shape = (i: number, j: number, k: number) => boolean;

export const nothing: Shape = () => false;

/** First and last voxel along i, j, k. */
export function box([i0, i1]: [number, number], [j0, j1]: [number, number], [k0, k1]: [number, number]): Shape {
  return (i, j, k) => i >= i0 && i <= i1 && j >= j0 && j <= j1 && k >= k0 && k <= k1;
}

/** The voxel that is set alone. */
export function voxel(i: number, j: number, k: number): Shape {
  return box([i, i], [j, j], [k, k]);
}

/** Centre in voxels, radius in millimetres. */
export function ball([ci, cj, ck]: Vec3, radiusMm: number, [si, sj, sk]: Vec3): Shape {
  return (i, j, k) => ((i - ci) * si) ** 2 + ((j - cj) * sj) ** 2 + ((k - ck) * sk) ** 2 <= radiusMm * radiusMm;
}

/** Each voxel within `within` is set with the probability of `share`, the same ones for the same seed. */
export function speckle(seed: number, share: number, within: Shape): Shape {
  return (i, j, k) => within(i, j, k) && uniformRandom(seed + i + 1009 * (j + 1013 * k))() < share;
}

/** Draws a shape. */
export function draw(shape: Shape, { columns, rows, slices }: Extent): Mask {
  const mask = new Uint8Array(columns * rows * slices);
  let p = 0;
  for (let k = 0; k < slices; k++)
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++)
        if (shape(i, j, k)) mask[p++] = 1;
        else p++;
  return mask;
}
