/** How far the nearest voxel of a set is, for those voxels that ask: two surfaces are close to each other, as a rule. */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import { acrossRows, squaredAlongRowsMm } from '../../dicom/voxels/distance.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

/** Rows that may be looked at, for each voxel of the array, before it is cheaper to prepare all of them. */
const PATIENCE = 4;

/**
 * Exact distances to the set. Of each row the distances are known beforehand; a question looks at the rows around, nearer ones first, and
 * ends when none that is left can be nearer. Where questions turn out to look far, distances within slices are worked out once and
 * for all, and only slices are looked through.
 */
export class NearestOf {
  private readonly squaredMm: Float32Array;
  private rowsToLookAt: number;
  /** The voxel that was asked for last, and the answer. */
  private lastVoxel = -2;
  private lastRow = -1;
  private lastSquaredMm = Infinity;

  /** `spare` is an array of the mask's size to be filled, where there is one. */
  constructor(
    mask: Mask,
    private readonly extent: Extent,
    private readonly spacingMm: Vec3,
    spare?: Float32Array,
  ) {
    this.squaredMm = squaredAlongRowsMm(mask, extent, spacingMm, 1, spare);
    this.rowsToLookAt = PATIENCE * mask.length;
  }

  /** The array in which the distances were kept, to be used again when there are no more questions. */
  get spare(): Float32Array {
    return this.squaredMm;
  }

  /** The squared distance in mm² of voxel `p` in row j and slice k to the nearest of the set; Infinity where that is empty. */
  squaredDistanceMm(p: number, j: number, k: number): number {
    const { columns, rows, slices } = this.extent;
    const stepMm = this.spacingMm[2];
    const perSlice = columns * rows;
    const limit = p === this.lastVoxel + 1 && j === this.lastRow ? this.limitFrom(this.lastSquaredMm) : Infinity;
    let best = this.withinSlice(p, j, limit);
    for (let step = 1; step < slices; step++) {
      const away = step * step * stepMm * stepMm;
      const within = (best < limit ? best : limit) - away;
      if (within <= 0) break;
      if (k >= step) best = Math.min(best, away + this.withinSlice(p - step * perSlice, j, within));
      if (k + step < slices) best = Math.min(best, away + this.withinSlice(p + step * perSlice, j, within));
    }
    this.lastVoxel = p;
    this.lastRow = j;
    this.lastSquaredMm = best;
    return best;
  }

  /** Nothing is farther from a voxel than from its neighbour by more than the step between them; a little more for rounding. */
  private limitFrom(squaredMm: number): number {
    return (Math.sqrt(squaredMm) + this.spacingMm[0]) ** 2 * 1.00001;
  }

  /** Within the slice of `p`; what is not below `limit` may come out larger. */
  private withinSlice(p: number, j: number, limit: number): number {
    let best = this.squaredMm[p];
    if (this.rowsToLookAt < 0) return best;
    const { columns, rows } = this.extent;
    const stepMm = this.spacingMm[1];
    let step = 1;
    for (; step < rows; step++) {
      const away = step * step * stepMm * stepMm;
      if (away >= best || away >= limit) break;
      if (j >= step) best = Math.min(best, away + this.squaredMm[p - step * columns]);
      if (j + step < rows) best = Math.min(best, away + this.squaredMm[p + step * columns]);
    }
    this.rowsToLookAt -= step;
    if (this.rowsToLookAt < 0) acrossRows(this.squaredMm, this.extent, this.spacingMm);
    return best;
  }
}
