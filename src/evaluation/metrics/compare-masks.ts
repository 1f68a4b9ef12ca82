/**
 * Two masks on one grid, compared. The definitions are plastimatch's (`plastimatch dice --all`), except where that gives no
 * figure that means anything: there the result says so in words.
 */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';
import { boxAround, boxOfBoth, cut } from '../../dicom/voxels/region.js';
import { AnteroomError } from '../../foundation/errors.js';
import { maskDistances, type Distances, type VoxelCounts } from './distances.js';
import type { Measured } from './measured.js';

export interface MaskComparison {
  readonly voxels: VoxelCounts;
  readonly volumeMl: { readonly reference: number; readonly output: number; readonly difference: number };
  /** (output − reference) / reference; undefined where the reference is empty. */
  readonly relativeVolumeDifference: Measured;
  /** 2 |A ∩ B| / (|A| + |B|): 0 where one mask is empty, undefined where both are. */
  readonly dice: Measured;
  /** Undefined where a mask is empty: nothing is a distance from it. */
  readonly surfaceDistances: Measured<Distances>;
  readonly voxelDistances: Measured<Distances>;
}

/**
 * Compares two masks of 0 and 1 in C order [k][j][i] on one grid; `spacingMm` along i, j, k. What is costly is done in the smallest
 * box around both. Time grows with that box, memory with about seven bytes for each of its voxels.
 * @throws {AnteroomError} INTERNAL where the masks are not of one size.
 */
export function compareMasks(reference: Mask, output: Mask, extent: Extent, spacingMm: Vec3): MaskComparison {
  demandOneSize(reference, output, extent);
  const boxes = [boxAround(reference, extent, [0, 0, 0]), boxAround(output, extent, [0, 0, 0])] as const;
  const box = boxOfBoth(...boxes);
  if (box === undefined) return comparison({ reference: 0, output: 0, both: 0 }, spacingMm, NOTHING);
  const a = cut(reference, extent, box);
  const b = cut(output, extent, box);
  const voxels = countVoxels(a, b);
  const empty = boxes[0] === undefined ? 'the reference is empty' : 'the output is empty';
  if (boxes[0] === undefined || boxes[1] === undefined) return comparison(voxels, spacingMm, { undefinedBecause: empty });
  return comparison(voxels, spacingMm, { value: maskDistances(a, b, voxels, box, spacingMm) });
}

const NOTHING = { undefinedBecause: 'both masks are empty' };

function comparison(voxels: VoxelCounts, spacingMm: Vec3, distances: Measured<ReturnType<typeof maskDistances>>): MaskComparison {
  const voxelMl = (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000;
  const { reference, output, both } = voxels;
  return {
    voxels,
    volumeMl: { reference: reference * voxelMl, output: output * voxelMl, difference: (output - reference) * voxelMl },
    relativeVolumeDifference:
      reference === 0 ? { undefinedBecause: 'the reference is empty' } : { value: (output - reference) / reference },
    dice: reference + output === 0 ? NOTHING : { value: (2 * both) / (reference + output) },
    surfaceDistances: 'value' in distances ? { value: distances.value.surface } : distances,
    voxelDistances: 'value' in distances ? { value: distances.value.voxels } : distances,
  };
}

function countVoxels(a: Mask, b: Mask): VoxelCounts {
  let reference = 0;
  let output = 0;
  let both = 0;
  for (let p = 0; p < a.length; p++) {
    reference += a[p];
    output += b[p];
    both += a[p] & b[p];
  }
  return { reference, output, both };
}

function demandOneSize(reference: Mask, output: Mask, { columns, rows, slices }: Extent): void {
  const size = columns * rows * slices;
  if (reference.length === size && output.length === size) return;
  throw new AnteroomError('INTERNAL', `masks of ${reference.length} and ${output.length} voxels, expected ${size} in each`);
}
