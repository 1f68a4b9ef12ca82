/** A point or direction in the patient coordinate system: LPS (x to the left, y to the back, z to the head), millimetres. */
export type Vec3 = readonly [number, number, number];

/** A regular voxel grid in space (PS3.3 C.7.6.2.1.1). Index (i, j, k) = (column, row, slice). */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** Centre of voxel (0, 0, 0), LPS mm. */
  readonly originMm: Vec3;
  /** Unit vector along increasing column index i: the first triplet of ImageOrientationPatient. */
  readonly iDirection: Vec3;
  /** Unit vector along increasing row index j: the second triplet of ImageOrientationPatient. */
  readonly jDirection: Vec3;
  /** Unit vector along increasing slice index k. Slices are kept so that it is the normal i × j: never mirrored. */
  readonly kDirection: Vec3;
  /** Distance of voxel centres along i (PixelSpacing[1]), j (PixelSpacing[0]) and k. */
  readonly spacingMm: Vec3;
  /** Empty where the source objects name none. */
  readonly frameOfReferenceUid: string;
}

/** One slice of a source series, in the order of the grid's k. */
export interface SourceSlice {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** ImagePositionPatient as written in the object: three DS strings (or the numbers' text for FD sources). */
  readonly imagePosition: readonly [string, string, string];
  /** Only of multi-frame objects: which frame it is, counted from 1 as in ReferencedFrameNumber. */
  readonly frameNumber?: number;
}

/** A series as one volume. `voxels` is in C order [k][j][i]; for CT the values are Hounsfield units. */
export interface Volume {
  readonly grid: Grid;
  readonly slices: readonly SourceSlice[];
  readonly voxels: Int16Array | Float32Array;
}

/** Integer labels on a grid, C order [k][j][i]; 0 is background. */
export interface LabelMap {
  readonly grid: Grid;
  readonly labels: Uint8Array | Uint16Array;
}

/** Patient position (LPS mm) of the centre of voxel (i, j, k). */
export function voxelToPatient(grid: Grid, i: number, j: number, k: number): Vec3 {
  const at = (axis: 0 | 1 | 2) =>
    grid.originMm[axis] +
    i * grid.spacingMm[0] * grid.iDirection[axis] +
    j * grid.spacingMm[1] * grid.jDirection[axis] +
    k * grid.spacingMm[2] * grid.kDirection[axis];
  return [at(0), at(1), at(2)];
}

/** The size of one voxel in millilitres. */
export function voxelVolumeMl(grid: Grid): number {
  return (grid.spacingMm[0] * grid.spacingMm[1] * grid.spacingMm[2]) / 1000;
}
