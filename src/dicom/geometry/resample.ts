/**
 * Volumes and label maps on another grid. Positions up to half a voxel outside the outermost voxel centres belong to the source (a voxel
 * is as wide as its spacing); further out there is nothing. Nothing is smoothed before it is made coarser.
 */
import type { Grid, LabelMap, Vec3 } from './grid.js';
import { dot, minus } from './vector.js';

/** A target index (i, j, k) lies in the source at `offset + i * steps[0] + j * steps[1] + k * steps[2]`, in source indices. */
export interface IndexMap {
  readonly steps: readonly [Vec3, Vec3, Vec3];
  readonly offset: Vec3;
}

type Voxels = Int16Array | Float32Array | Uint8Array | Uint16Array;

/** Source indices this near to whole numbers are whole: grids that differ by rounding alone give the source's own values. */
const WHOLE = 1e-3;

/** Where the voxels of `target` lie in `source`. */
export function indexMap(source: Grid, target: Grid): IndexMap {
  const toSource = (way: Vec3): Vec3 => [
    dot(way, source.iDirection) / source.spacingMm[0],
    dot(way, source.jDirection) / source.spacingMm[1],
    dot(way, source.kDirection) / source.spacingMm[2],
  ];
  const step = (direction: Vec3, mm: number) => toSource([direction[0] * mm, direction[1] * mm, direction[2] * mm]);
  return {
    steps: [
      step(target.iDirection, target.spacingMm[0]),
      step(target.jDirection, target.spacingMm[1]),
      step(target.kDirection, target.spacingMm[2]),
    ],
    offset: toSource(minus(target.originMm, source.originMm)),
  };
}

/** True where every voxel centre of `target` lies on one of the source's (or outside of it): nothing has to be interpolated. */
export function isAligned(source: Grid, target: Grid): boolean {
  const { steps, offset } = indexMap(source, target);
  const sizes = [target.columns, target.rows, target.slices];
  const drift = (value: number, times: number) => Math.abs(value - Math.round(value)) * times;
  return offset.every((at) => drift(at, 1) < WHOLE) && steps.every((step, axis) => step.every((part) => drift(part, sizes[axis]) < WHOLE));
}

/**
 * Calls `put(at, value)` for every voxel of the target, in C order [k][j][i], with the value linearly interpolated between the eight
 * nearest source voxels; `outside` beyond the source.
 */
export function sampleLinear(voxels: Voxels, source: Grid, target: Grid, outside: number, put: (at: number, value: number) => void): void {
  const lines = linesOf(source);
  forEachPlace(source, target, (at, x, y, z) => {
    if (!lines.inside(x, y, z)) {
      put(at, outside);
      return;
    }
    lines.place(x, y, z);
    const { corners, weights, count } = lines;
    let sum = 0;
    for (let n = 0; n < count; n++) sum += voxels[corners[n]] * weights[n];
    put(at, sum);
  });
}

/** As `sampleLinear`, with the value of the nearest source voxel. */
export function sampleNearest(voxels: Voxels, source: Grid, target: Grid, outside: number, put: (at: number, value: number) => void): void {
  const lines = linesOf(source);
  const { columns, rows, slices } = source;
  forEachPlace(source, target, (at, x, y, z) => {
    const i = Math.min(columns - 1, Math.max(0, Math.round(x)));
    const j = Math.min(rows - 1, Math.max(0, Math.round(y)));
    const k = Math.min(slices - 1, Math.max(0, Math.round(z)));
    put(at, lines.inside(x, y, z) ? voxels[(k * rows + j) * columns + i] : outside);
  });
}

/**
 * Labels on another grid. `vote`: each of the eight nearest source voxels votes for its label with its weight in linear interpolation,
 * which is the same as interpolating each label's mask and taking the highest; `nearest`: the label of the nearest voxel.
 */
export function resampleLabels({ grid, labels }: LabelMap, target: Grid, how: 'vote' | 'nearest'): LabelMap {
  const out = new (labels instanceof Uint16Array ? Uint16Array : Uint8Array)(target.columns * target.rows * target.slices);
  if (how === 'nearest') sampleNearest(labels, grid, target, 0, (at, label) => (out[at] = label));
  else voteInto(out, labels, grid, target);
  return { grid: target, labels: out };
}

function voteInto(out: Uint8Array | Uint16Array, labels: Uint8Array | Uint16Array, source: Grid, target: Grid): void {
  const lines = linesOf(source);
  const votes = new Float64Array(8);
  forEachPlace(source, target, (at, x, y, z) => {
    if (!lines.inside(x, y, z)) return;
    lines.place(x, y, z);
    const { corners, weights, count } = lines;
    const first = labels[corners[0]];
    let same = true;
    for (let n = 1; n < count; n++) if (labels[corners[n]] !== first) same = false;
    out[at] = same ? first : winner(labels, corners, weights, count, votes);
  });
}

/** The label with the most weight among the corners; of two that have the same, the one that comes first. */
function winner(labels: Uint8Array | Uint16Array, corners: Int32Array, weights: Float64Array, count: number, votes: Float64Array): number {
  let best = 0;
  for (let n = 0; n < count; n++) {
    votes[n] = 0;
    for (let m = 0; m < count; m++) if (labels[corners[m]] === labels[corners[n]]) votes[n] += weights[m];
    if (votes[n] > votes[best]) best = n;
  }
  return labels[corners[best]];
}

/** Calls with the target's index and the place in source indices (whole where it is nearly so). */
function forEachPlace(source: Grid, target: Grid, visit: (at: number, x: number, y: number, z: number) => void): void {
  const { steps, offset } = indexMap(source, target);
  const [si, sj, sk] = steps;
  let at = 0;
  for (let k = 0; k < target.slices; k++) {
    for (let j = 0; j < target.rows; j++) {
      const x0 = offset[0] + k * sk[0] + j * sj[0];
      const y0 = offset[1] + k * sk[1] + j * sj[1];
      const z0 = offset[2] + k * sk[2] + j * sj[2];
      for (let i = 0; i < target.columns; i++) visit(at++, snapped(x0 + i * si[0]), snapped(y0 + i * si[1]), snapped(z0 + i * si[2]));
    }
  }
}

function snapped(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < WHOLE ? whole : value;
}

/** Finds the source voxels around a place and their weights, in arrays that are used again for each. */
function linesOf({ columns, rows, slices }: Grid) {
  const corners = new Int32Array(8);
  const weights = new Float64Array(8);
  const found = { corners, weights, count: 0, inside, place };
  return found;

  function inside(x: number, y: number, z: number): boolean {
    return x >= -0.5 && x <= columns - 0.5 && y >= -0.5 && y <= rows - 0.5 && z >= -0.5 && z <= slices - 0.5;
  }

  function place(x: number, y: number, z: number): void {
    const [cx, cy, cz] = [clamped(x, columns), clamped(y, rows), clamped(z, slices)];
    const [i, j, k] = [Math.floor(cx), Math.floor(cy), Math.floor(cz)];
    const base = (k * rows + j) * columns + i;
    corners[0] = base;
    weights[0] = 1;
    found.count = 1;
    spread(cx - i, 1);
    spread(cy - j, columns);
    spread(cz - k, rows * columns);
  }

  /** Doubles the corners along one axis where the place lies between two voxels of it. */
  function spread(fraction: number, stride: number): void {
    if (fraction === 0) return;
    const { count } = found;
    for (let n = 0; n < count; n++) {
      corners[count + n] = corners[n] + stride;
      weights[count + n] = weights[n] * fraction;
      weights[n] *= 1 - fraction;
    }
    found.count = 2 * count;
  }
}

function clamped(at: number, size: number): number {
  return at < 0 ? 0 : at > size - 1 ? size - 1 : at;
}
