/** Where a frame of a segmentation lies on the grid of its source series. */
import { dot, minus, scaled } from '../geometry/vector.js';
import type { Grid, SourceSlice, Vec3 } from '../geometry/grid.js';
import type { FramePlane } from './segmentation.js';

/** How far a frame's voxel centres may lie from those of the source, in voxels of the source along each axis. */
export const PLACEMENT_TOLERANCE_VOXELS = 0.1;

/** A frame that lies on the grid. */
export interface Placement {
  readonly k: number;
  /** True where the frame's rows or columns run otherwise than the source's, or it covers only a part of the plane. */
  readonly realigned: boolean;
  /** A mask of the frame as one of the source's slice, C order [j][i]; the same array where nothing has to be moved. */
  toSlice(mask: Uint8Array): Uint8Array;
}

/** Why a frame does not lie on the grid. */
export interface Misplacement {
  readonly seen: string;
  readonly expected: string;
}

/** The series' slices with their positions as numbers, made once for many frames. */
export interface PlacementGrid {
  readonly grid: Grid;
  readonly positionsMm: readonly Vec3[];
}

/** The grid that frames are placed on. */
export function placementGrid(grid: Grid, slices: readonly SourceSlice[]): PlacementGrid {
  return { grid, positionsMm: slices.map((slice) => slice.imagePosition.map(Number) as unknown as Vec3) };
}

/**
 * Places a frame of `rows` × `columns` pixels on the slice that it lies on. All of it must lie on voxels of the source, at
 * three of its corners, so that spacing, direction and position are judged at once. Rows and columns that are
 * mirrored or exchanged are put right; other planes and other spacings are not resampled but refused.
 */
export function placeFrame(plane: FramePlane, rows: number, columns: number, onto: PlacementGrid): Placement | Misplacement {
  const { positionMm, rowDirection, columnDirection, pixelSpacingMm } = plane;
  if (positionMm === undefined || rowDirection === undefined || columnDirection === undefined || pixelSpacingMm === undefined) {
    return { seen: 'a frame without ImagePositionPatient, ImageOrientationPatient or PixelSpacing', expected: 'each frame with all three' };
  }
  const k = nearestSlice(positionMm, onto);
  const origin = toIndex(minus(positionMm, onto.positionsMm[k]), onto.grid);
  const alongRow = toIndex(scaled(rowDirection, columns * pixelSpacingMm[1]), onto.grid);
  const alongColumn = toIndex(scaled(columnDirection, rows * pixelSpacingMm[0]), onto.grid);
  return (
    offPlane(origin, k, onto.grid) ??
    offDirection(alongRow, alongColumn, rows, columns) ??
    placed(origin, alongRow, alongColumn, rows, columns, k, onto.grid)
  );
}

/** The frame's first voxel must be a voxel of the slice, not one between slices or voxels. */
function offPlane(origin: Vec3, k: number, grid: Grid): Misplacement | undefined {
  const off = origin.map((index) => Math.abs(index - Math.round(index))) as unknown as Vec3;
  const alongNormalMm = Math.abs(origin[2]) * grid.spacingMm[2];
  if (!(Math.abs(origin[2]) <= PLACEMENT_TOLERANCE_VOXELS)) {
    const allowedMm = PLACEMENT_TOLERANCE_VOXELS * grid.spacingMm[2];
    return {
      seen: `a frame ${alongNormalMm.toFixed(2)} mm off the nearest slice (${k + 1})`,
      expected: `at most ${allowedMm.toFixed(2)} mm`,
    };
  }
  if (off[0] <= PLACEMENT_TOLERANCE_VOXELS && off[1] <= PLACEMENT_TOLERANCE_VOXELS) return undefined;
  const between = `${off[0].toFixed(2)} columns and ${off[1].toFixed(2)} rows`;
  return { seen: `a frame ${between} off the voxels of slice ${k + 1}`, expected: `at most ${PLACEMENT_TOLERANCE_VOXELS} of a voxel` };
}

/** Over their whole length, rows must run along one in-plane axis of the source and columns along the other, one voxel a step. */
function offDirection(alongRow: Vec3, alongColumn: Vec3, rows: number, columns: number): Misplacement | undefined {
  const onAxis = (extent: Vec3, axis: 0 | 1, steps: number) =>
    [0, 1, 2].every((other) => Math.abs(Math.abs(extent[other]) - (other === axis ? steps : 0)) <= PLACEMENT_TOLERANCE_VOXELS);
  const fits =
    (onAxis(alongRow, 0, columns) && onAxis(alongColumn, 1, rows)) || (onAxis(alongRow, 1, columns) && onAxis(alongColumn, 0, rows));
  if (fits) return undefined;
  const voxels = (extent: Vec3) => extent.map((steps) => steps.toFixed(2)).join(', ');
  return {
    seen: `rows that run (${voxels(alongRow)}) and columns that run (${voxels(alongColumn)}) voxels of the source for ${columns} columns and ${rows} rows`,
    expected: 'one voxel of the source a step, along its rows and columns',
  };
}

function placed(
  origin: Vec3,
  alongRow: Vec3,
  alongColumn: Vec3,
  rows: number,
  columns: number,
  k: number,
  grid: Grid,
): Placement | Misplacement {
  const [i0, j0] = [Math.round(origin[0]), Math.round(origin[1])];
  const [rowI, rowJ] = [step(alongRow[0], columns), step(alongRow[1], columns)];
  const [columnI, columnJ] = [step(alongColumn[0], rows), step(alongColumn[1], rows)];
  const [i1, j1] = [i0 + rowI * (columns - 1) + columnI * (rows - 1), j0 + rowJ * (columns - 1) + columnJ * (rows - 1)];
  if (Math.min(i0, i1, j0, j1) < 0 || Math.max(i0, i1) >= grid.columns || Math.max(j0, j1) >= grid.rows) {
    return {
      seen: `a frame over columns ${Math.min(i0, i1)} to ${Math.max(i0, i1)} and rows ${Math.min(j0, j1)} to ${Math.max(j0, j1)}`,
      expected: `a frame inside of ${grid.columns} columns and ${grid.rows} rows, counted from 0`,
    };
  }
  if (rowI === 1 && columnJ === 1 && rows === grid.rows && columns === grid.columns)
    return { k, realigned: false, toSlice: (mask) => mask };
  const first = j0 * grid.columns + i0;
  const perColumn = rowJ * grid.columns + rowI;
  const perRow = columnJ * grid.columns + columnI;
  return {
    k,
    realigned: true,
    toSlice: (mask) => moved(mask, rows, columns, new Uint8Array(grid.rows * grid.columns), { first, perRow, perColumn }),
  };
}

/** Copies a mask into a slice: `first` is the place of its first voxel, the steps those to the next row and column. */
function moved(
  mask: Uint8Array,
  rows: number,
  columns: number,
  slice: Uint8Array,
  to: { first: number; perRow: number; perColumn: number },
): Uint8Array {
  for (let row = 0, n = 0; row < rows; row++) {
    let at = to.first + row * to.perRow;
    for (let column = 0; column < columns; column++, n++, at += to.perColumn) slice[at] = mask[n];
  }
  return slice;
}

/** -1, 0 or 1: how far one step goes of an extent of `steps` steps that is known to lie on an axis. */
function step(extent: number, steps: number): number {
  return Math.round(extent / steps) + 0;
}

function nearestSlice(positionMm: Vec3, { grid, positionsMm }: PlacementGrid): number {
  let nearest = 0;
  let leastMm = Infinity;
  positionsMm.forEach((slicePositionMm, k) => {
    const distanceMm = Math.abs(dot(minus(positionMm, slicePositionMm), grid.kDirection));
    if (distanceMm < leastMm) [nearest, leastMm] = [k, distanceMm];
  });
  return nearest;
}

/** A displacement in mm as numbers of voxels along i, j and k. */
function toIndex(mm: Vec3, grid: Grid): Vec3 {
  return [
    dot(mm, grid.iDirection) / grid.spacingMm[0],
    dot(mm, grid.jDirection) / grid.spacingMm[1],
    dot(mm, grid.kDirection) / grid.spacingMm[2],
  ];
}
