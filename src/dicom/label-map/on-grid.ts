/** A label map of any tool on the grid of the series that it was made of: its axes turned and mirrored, nothing resampled. */
import { dot, minus } from '../geometry/vector.js';
import type { Grid, LabelMap, Vec3 } from '../geometry/grid.js';
import { PLACEMENT_TOLERANCE_VOXELS } from '../seg/placement.js';
import { refused } from './voxels.js';
import type { LabelVolume } from './voxels.js';

/** The axes of a file in voxels of a grid: its first voxel, and which axis of the grid each of its axes runs along, ±1 voxel a step. */
interface Axes {
  readonly first: readonly number[];
  readonly axes: readonly { readonly along: number; readonly sign: number }[];
}

/**
 * The labels in the order of the grid. Every voxel of the file must be one of the grid's, and the file must cover the grid.
 * @throws AnteroomError LABEL_MAP_REFUSED where it lies otherwise
 */
export function labelsOnGrid(volume: LabelVolume, grid: Grid): LabelMap {
  const { first, axes } = axesOn(volume, grid);
  const perAxis = [1, grid.columns, grid.columns * grid.rows];
  const [di, dj, dk] = axes.map(({ along, sign }) => sign * perAxis[along]);
  const start = first.reduce((sum, index, axis) => sum + index * perAxis[axis], 0);
  const { size, labels: from } = volume;
  const labels = from instanceof Uint8Array ? new Uint8Array(from.length) : new Uint16Array(from.length);
  for (let k = 0, n = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      let at = start + k * dk + j * dj;
      for (let i = 0; i < size[0]; i++, n++, at += di) labels[at] = from[n];
    }
  }
  return { grid, labels };
}

/** True where the voxels of both are the same ones, in whatever order. */
export function isOnGrid(volume: Omit<LabelVolume, 'labels'>, grid: Grid): boolean {
  return axesFound(volume, grid) !== undefined;
}

function axesOn(volume: LabelVolume, grid: Grid): Axes {
  const found = axesFound(volume, grid);
  if (found !== undefined) return found;
  const text = (numbers: readonly number[]) => numbers.map((n) => Number(n.toFixed(2))).join(', ');
  const steps = volume.stepsMm.map((step) => `(${text(inVoxels(step, grid))})`).join(' ');
  throw refused(
    `${volume.size.join(' × ')} voxels from (${text(inVoxels(minus(volume.originMm, grid.originMm), grid))}) with steps of ${steps} voxels of the series, expected its ${grid.columns} × ${grid.rows} × ${grid.slices} voxels`,
  );
}

function axesFound({ size, originMm, stepsMm }: Omit<LabelVolume, 'labels'>, grid: Grid): Axes | undefined {
  const extents = [grid.columns, grid.rows, grid.slices];
  const axes = stepsMm.map((step, axis) => {
    const way = inVoxels(step, grid);
    const along = way.reduce((best, part, n) => (Math.abs(part) > Math.abs(way[best]) ? n : best), 0);
    const sign = Math.sign(way[along]);
    const off = way.map((part, n) => Math.abs(part - (n === along ? sign : 0)) * (size[axis] - 1));
    return { along, sign, fits: Math.max(...off) <= PLACEMENT_TOLERANCE_VOXELS && size[axis] === extents[along] };
  });
  const start = inVoxels(minus(originMm, grid.originMm), grid);
  const first = axes.reduce<number[]>((at, { along, sign }) => {
    at[along] = sign < 0 ? extents[along] - 1 : 0;
    return at;
  }, []);
  const allAxes = new Set(axes.map(({ along }) => along)).size === 3;
  const starts = first.every((index, axis) => Math.abs(start[axis] - index) <= PLACEMENT_TOLERANCE_VOXELS);
  return allAxes && starts && axes.every(({ fits }) => fits) ? { first, axes } : undefined;
}

/** A way in mm as numbers of voxels along the axes of the grid. */
function inVoxels(mm: Vec3, { iDirection, jDirection, kDirection, spacingMm }: Grid): Vec3 {
  return [dot(mm, iDirection) / spacingMm[0], dot(mm, jDirection) / spacingMm[1], dot(mm, kDirection) / spacingMm[2]];
}
