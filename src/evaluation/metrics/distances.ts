/** How far two masks lie apart: Hausdorff and mean distances, of their surfaces and of all their voxels. */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';
import { boundaryOf, type Boundary } from './boundary.js';
import { NearestOf } from './nearest.js';
import { valueAtRank } from './select.js';

/** The share of the distances that a 95 % Hausdorff distance is not smaller than. */
const SHARE = 0.95;

/** Distances between voxel centres in millimetres, over both directions. */
export interface Distances {
  /** The largest distance of either direction (Hausdorff). */
  readonly hausdorffMm: number;
  /** The mean of the two directions' 95th percentiles: the value of rank ⌊0.95 n⌋ of n, at least the smallest. */
  readonly hausdorff95Mm: number;
  /** The mean of the two directions' means: the mean surface distance where the distances are those of surfaces. */
  readonly meanMm: number;
  /** The larger of the two directions' means. */
  readonly largerMeanMm: number;
}

export interface MaskDistances {
  /** From each boundary voxel of one mask to the nearest boundary voxel of the other: plastimatch's "(boundary)" figures. */
  readonly surface: Distances;
  /** From each voxel of one mask to the nearest voxel of the other, 0 where it is in both: plastimatch's figures without "(boundary)". */
  readonly voxels: Distances;
}

/** How many voxels two masks have. */
export interface VoxelCounts {
  readonly reference: number;
  readonly output: number;
  readonly both: number;
}

/**
 * Distances of two masks, neither of them empty, whose voxels are counted already. The extent must be the smallest box around both
 * together, as it says what is flat (`boundaryOf`).
 */
export function maskDistances(reference: Mask, output: Mask, count: VoxelCounts, extent: Extent, spacingMm: Vec3): MaskDistances {
  const [rimOfReference, rimOfOutput] = [boundaryOf(reference, extent), boundaryOf(output, extent)];
  const toOutput = new NearestOf(rimOfOutput.mask, extent, spacingMm);
  const there = directed({ mask: reference, rim: rimOfReference, only: count.reference - count.both }, output, extent, toOutput);
  const toReference = new NearestOf(rimOfReference.mask, extent, spacingMm, toOutput.spare);
  const back = directed({ mask: output, rim: rimOfOutput, only: count.output - count.both }, reference, extent, toReference);
  return { surface: together(there.surface, back.surface), voxels: together(there.voxels, back.voxels) };
}

/** A mask, its boundary, and how many of its voxels the other mask has not. */
interface From {
  readonly mask: Mask;
  readonly rim: Boundary;
  readonly only: number;
}

interface Directed {
  readonly largestMm: number;
  readonly percentileMm: number;
  readonly meanMm: number;
}

function together(there: Directed, back: Directed): Distances {
  return {
    hausdorffMm: Math.max(there.largestMm, back.largestMm),
    hausdorff95Mm: (there.percentileMm + back.percentileMm) / 2,
    meanMm: (there.meanMm + back.meanMm) / 2,
    largerMeanMm: Math.max(there.meanMm, back.meanMm),
  };
}

/** To `other`, of which `nearest` knows the boundary: outside of a mask its nearest voxel is one of its boundary. */
function directed({ mask, rim, only }: From, other: Mask, extent: Extent, nearest: NearestOf): Record<'surface' | 'voxels', Directed> {
  const boundary = rim.mask;
  const surface = new Collected(rim.voxelCount);
  const voxels = new Collected(only);
  let inBoth = 0;
  for (let row = 0, p = 0; row < extent.rows * extent.slices; row++) {
    const [j, k] = [row % extent.rows, Math.floor(row / extent.rows)];
    for (const end = p + extent.columns; p < end; p++) {
      if (mask[p] === 0) continue;
      const isOfBoth = other[p];
      inBoth += isOfBoth;
      if ((boundary[p] | (isOfBoth ^ 1)) === 0) continue;
      const squaredMm = nearest.squaredDistanceMm(p, j, k);
      if (boundary[p] === 1) surface.add(squaredMm);
      if (isOfBoth === 0) voxels.add(squaredMm);
    }
  }
  return { surface: surface.summary(0), voxels: voxels.summary(inBoth) };
}

/** Squared distances, and how they add up. */
class Collected {
  private readonly squaredMm: Float32Array;
  private count = 0;
  private sumMm = 0;
  private largest = 0;

  constructor(size: number) {
    this.squaredMm = new Float32Array(size);
  }

  add(squaredMm: number): void {
    this.squaredMm[this.count++] = squaredMm;
    this.sumMm += Math.sqrt(squaredMm);
    if (squaredMm > this.largest) this.largest = squaredMm;
  }

  /** Of these distances and `zeros` more of 0. */
  summary(zeros: number): Directed {
    const all = this.count + zeros;
    const rank = Math.max(1, Math.floor(SHARE * all)) - zeros;
    return {
      largestMm: Math.sqrt(this.largest),
      percentileMm: rank < 1 ? 0 : Math.sqrt(valueAtRank(this.squaredMm, rank)),
      meanMm: this.sumMm / all,
    };
  }
}
