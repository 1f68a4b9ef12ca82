/** Segmentations on one grid, which is made of the planes of their frames: no source image is needed. */
import { cross, dot, minus } from '../../dicom/geometry/vector.js';
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { SegFrame, Segmentation } from '../../dicom/seg/segmentation.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

/** How far planes may be off, in voxels and in the length of a direction. */
const TOLERANCE = 1e-3;

/** Where voxels are. A single slice of which no spacing is said counts as 1 mm thick. */
export interface CommonGrid {
  readonly extent: Extent;
  readonly spacingMm: Vec3;
  /** The slice on which a frame lies. */
  readonly sliceOf: (frame: SegFrame) => number;
}

interface Plane {
  readonly positionMm: Vec3;
  readonly rowDirection: Vec3;
  readonly columnDirection: Vec3;
  readonly pixelSpacingMm: readonly [number, number];
  readonly sliceSpacingMm?: number;
}

/** The grid, or in words why there is none on which all of them lie. `reference` is what the others are held against. */
export function commonGrid(reference: Segmentation, ...others: readonly Segmentation[]): CommonGrid | { readonly seen: string } {
  const { rows, columns } = reference;
  const odd = others.find((other) => other.rows !== rows || other.columns !== columns);
  if (odd !== undefined) return { seen: `${odd.columns} × ${odd.rows} voxels a slice, expected ${columns} × ${rows}` };
  const planes = [reference, ...others].flatMap(({ frames }) => frames.map(planeOf));
  const [first] = planes;
  if (planes.length === 0) return { seen: 'no frame in any of them' };
  if (first === undefined || planes.includes(undefined)) return { seen: 'a frame without position, orientation or spacing' };
  const normal = cross(first.rowDirection, first.columnDirection);
  const off = (planes as Plane[]).map((plane) => misfit(plane, first)).find((found) => found !== undefined);
  if (off !== undefined) return { seen: off };
  const heightMm = (plane: Plane) => dot(minus(plane.positionMm, first.positionMm), normal);
  return stacked((planes as Plane[]).map(heightMm), first, { columns, rows }, (frame) => heightMm(planeOf(frame) as Plane));
}

function planeOf({ positionMm, rowDirection, columnDirection, pixelSpacingMm, sliceSpacingMm }: SegFrame): Plane | undefined {
  if (positionMm === undefined || rowDirection === undefined || columnDirection === undefined || pixelSpacingMm === undefined)
    return undefined;
  return { positionMm, rowDirection, columnDirection, pixelSpacingMm, ...(sliceSpacingMm === undefined ? {} : { sliceSpacingMm }) };
}

/** All frames have the same directions and spacing, and begin at the same row and column. */
function misfit(plane: Plane, first: Plane): string | undefined {
  const turned = [minus(plane.rowDirection, first.rowDirection), minus(plane.columnDirection, first.columnDirection)].flat();
  if (turned.some((by) => Math.abs(by) > TOLERANCE)) return 'frames that are turned against each other';
  if (plane.pixelSpacingMm.some((mm, axis) => Math.abs(mm - first.pixelSpacingMm[axis]) > TOLERANCE * mm))
    return `PixelSpacing ${plane.pixelSpacingMm.join('\\')}, elsewhere ${first.pixelSpacingMm.join('\\')}`;
  const away = minus(plane.positionMm, first.positionMm);
  const columns = dot(away, first.rowDirection) / first.pixelSpacingMm[1];
  const rows = dot(away, first.columnDirection) / first.pixelSpacingMm[0];
  if (Math.max(Math.abs(columns), Math.abs(rows)) <= 100 * TOLERANCE) return undefined;
  return `frames that lie ${columns.toFixed(2)} columns and ${rows.toFixed(2)} rows apart`;
}

function stacked(
  heightsMm: readonly number[],
  { pixelSpacingMm, sliceSpacingMm }: Plane,
  { columns, rows }: Omit<Extent, 'slices'>,
  heightOf: (frame: SegFrame) => number,
): CommonGrid | { readonly seen: string } {
  const levels = levelsIn(heightsMm);
  const stepMm = stepOf(levels, sliceSpacingMm);
  const lowest = levels[0];
  const index = (mm: number) => (mm - lowest) / stepMm;
  const odd = levels.find((mm) => Math.abs(index(mm) - Math.round(index(mm))) > 0.1);
  if (odd !== undefined)
    return { seen: `slices ${stepMm.toFixed(2)} mm apart and one at ${(odd - lowest).toFixed(2)} mm, between two of them` };
  return {
    extent: { columns, rows, slices: Math.round(index(levels[levels.length - 1])) + 1 },
    spacingMm: [pixelSpacingMm[1], pixelSpacingMm[0], stepMm],
    sliceOf: (frame) => Math.round(index(heightOf(frame))),
  };
}

/** Each height once, ascending; what is less than a micrometre apart is the same. */
function levelsIn(heightsMm: readonly number[]): number[] {
  const sorted = [...heightsMm].sort((a, b) => a - b);
  return sorted.filter((mm, n) => n === 0 || mm - sorted[n - 1] > 1e-3);
}

/**
 * The smallest gap; or the spacing that is said, where the gaps are multiples of it: a structure may be on every other slice. Stretched to the whole
 * height: positions are written with few decimals, and hundreds of steps add up what they lack.
 */
function stepOf(levels: readonly number[], saidMm: number | undefined): number {
  const gapsMm = levels.slice(1).map((mm, n) => mm - levels[n]);
  if (gapsMm.length === 0) return saidMm ?? 1;
  const least = Math.min(...gapsMm);
  const isMultiple = (mm: number, of: number) => Math.abs(mm / of - Math.round(mm / of)) <= 0.1;
  const stepMm = saidMm !== undefined && saidMm < least && gapsMm.every((mm) => isMultiple(mm, saidMm)) ? saidMm : least;
  const spanMm = levels[levels.length - 1] - levels[0];
  return spanMm / Math.round(spanMm / stepMm);
}

/** The voxels of one segment on the grid, C order [k][j][i]. */
export function maskOf(segmentation: Segmentation, segmentNumber: number, { extent, sliceOf }: CommonGrid): Mask {
  const perSlice = extent.columns * extent.rows;
  const mask = new Uint8Array(perSlice * extent.slices);
  for (const frame of segmentation.frames) {
    if (frame.segmentNumber !== segmentNumber) continue;
    const voxels = frame.unpack();
    const begin = sliceOf(frame) * perSlice;
    for (let p = 0; p < perSlice; p++) if (voxels[p] !== 0) mask[begin + p] = 1;
  }
  return mask;
}
