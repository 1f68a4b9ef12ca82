/** Arrays of voxels as the image tools see them: a size, and masks of that size. */

/** The size of an array in C order [k][j][i]. */
export interface Extent {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
}

/** 0 or 1 per voxel of an Extent. */
export type Mask = Uint8Array;
