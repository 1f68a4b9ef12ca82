/** A label map of any tool on the grid of the series that it was made of: its axes turned and mirrored, nothing resampled. */
import { atOnce, type Steps } from '../../foundation/steps.js';
import { dot, minus, plus, scaled, unit } from '../geometry/vector.js';
import type { Grid, LabelMap, Vec3 } from '../geometry/grid.js';
import { PLACEMENT_TOLERANCE_VOXELS } from '../seg/placement.js';
import { refused } from './voxels.js';
import type { LabelVolume } from './voxels.js';

/**
 * The labels in the order of the grid. Every voxel of the file must be one of the grid's, and the file must cover the grid.
 * @throws AnteroomError LABEL_MAP_REFUSED where it lies otherwise
 */
export function labelsOnGrid(volume: LabelVolume, grid: Grid): LabelMap {
  demandOnGrid(volume, grid);
  return { grid, labels: atOnce(turning(volume, grid)).labels };
}

/**
 * The map with its axes in the order and the directions of the grid's, so that its planes are those of the grid, each in one piece: whether its
 * voxels are the grid's is not asked. The same map where its axes lie so. One plane at a time, for who must give way between.
 */
export function* turning(volume: LabelVolume, grid: Grid): Steps<LabelVolume> {
  const { size, stepsMm, labels: from } = volume;
  const axes = axesAlong(volume, grid);
  if (axes.every(({ axis, sign }, along) => axis === along && sign > 0)) return volume;
  const inFile = [1, size[0], size[0] * size[1]];
  const [columns, rows, planes] = axes.map(({ axis }) => size[axis]);
  const [di, dj, dk] = axes.map(({ axis, sign }) => sign * inFile[axis]);
  const reversed = axes.filter(({ sign }) => sign < 0).map(({ axis }) => axis);
  const start = reversed.reduce<number>((sum, axis) => sum + (size[axis] - 1) * inFile[axis], 0);
  const labels = from instanceof Uint8Array ? new Uint8Array(from.length) : new Uint16Array(from.length);
  for (let k = 0; k < planes; k++) {
    copyPlane(from, { start: start + k * dk, di, dj }, labels.subarray(k * rows * columns, (k + 1) * rows * columns), columns);
    yield;
  }
  const [i, j, k] = axes.map(({ axis, sign }) => scaled(stepsMm[axis], sign));
  const originMm = reversed.reduce((mm, axis) => plus(mm, scaled(stepsMm[axis], size[axis] - 1)), volume.originMm);
  return { size: [columns, rows, planes], originMm, stepsMm: [i, j, k], labels };
}

type Labels = LabelVolume['labels'];

function copyPlane(from: Labels, { start, di, dj }: { start: number; di: number; dj: number }, into: Labels, columns: number): void {
  for (let n = 0, row = start; n < into.length; row += dj) {
    const end = n + columns;
    for (let at = row; n < end; n++, at += di) into[n] = from[at];
  }
}

/** The axis of the file that runs along each axis of the grid, and 1 or -1: with it or against it. Chosen from the slices on, so that there always is one. */
function axesAlong({ stepsMm }: LabelVolume, { iDirection, jDirection, kDirection }: Grid): { axis: 0 | 1 | 2; sign: number }[] {
  const free = new Set([0, 1, 2] as const);
  const nearest = (direction: Vec3) => {
    const along = (axis: 0 | 1 | 2) => dot(unit(stepsMm[axis]), direction);
    const axis = [...free].reduce((best, one) => (Math.abs(along(one)) > Math.abs(along(best)) ? one : best));
    free.delete(axis);
    return { axis, sign: along(axis) < 0 ? -1 : 1 };
  };
  const [k, j, i] = [kDirection, jDirection, iDirection].map(nearest);
  return [i, j, k];
}

/** True where the voxels of both are the same ones, in whatever order. */
export function isOnGrid({ size, originMm, stepsMm }: Omit<LabelVolume, 'labels'>, grid: Grid): boolean {
  const extents = [grid.columns, grid.rows, grid.slices];
  const axes = stepsMm.map((step, axis) => {
    const way = inVoxels(step, grid);
    const along = way.reduce((best, part, n) => (Math.abs(part) > Math.abs(way[best]) ? n : best), 0);
    const sign = Math.sign(way[along]);
    const off = way.map((part, n) => Math.abs(part - (n === along ? sign : 0)) * (size[axis] - 1));
    return { along, sign, fits: Math.max(...off) <= PLACEMENT_TOLERANCE_VOXELS && size[axis] === extents[along] };
  });
  const start = inVoxels(minus(originMm, grid.originMm), grid);
  const starts = axes.every(
    ({ along, sign }) => Math.abs(start[along] - (sign < 0 ? extents[along] - 1 : 0)) <= PLACEMENT_TOLERANCE_VOXELS,
  );
  return starts && new Set(axes.map(({ along }) => along)).size === 3 && axes.every(({ fits }) => fits);
}

function demandOnGrid(volume: LabelVolume, grid: Grid): void {
  if (isOnGrid(volume, grid)) return;
  const text = (numbers: readonly number[]) => numbers.map((n) => Number(n.toFixed(2))).join(', ');
  const steps = volume.stepsMm.map((step) => `(${text(inVoxels(step, grid))})`).join(' ');
  throw refused(
    `${volume.size.join(' × ')} voxels from (${text(inVoxels(minus(volume.originMm, grid.originMm), grid))}) with steps of ${steps} voxels of the series, expected its ${grid.columns} × ${grid.rows} × ${grid.slices} voxels`,
  );
}

/** A way in mm as numbers of voxels along the axes of the grid. */
function inVoxels(mm: Vec3, { iDirection, jDirection, kDirection, spacingMm }: Grid): Vec3 {
  return [dot(mm, iDirection) / spacingMm[0], dot(mm, jDirection) / spacingMm[1], dot(mm, kDirection) / spacingMm[2]];
}
