/** The parts of the grid that the network sees one after the other: the whole, batches of slices, or overlapping tiles. */
import type { Grid } from '../../dicom/geometry/grid.js';
import type { OnnxContract, TensorAxis } from './contract.js';

/** Along one axis: what the network sees (`start`, `size`), and the part of it that is taken from here (`from` … `to`, within the grid). */
export interface Span {
  readonly start: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Along i, j and k. */
export type Window = readonly [Span, Span, Span];

export type SpatialAxis = 'i' | 'j' | 'k';
const AXES = ['i', 'j', 'k'] as const;

/** The axis along which slices are batched: the one that the layout does not name. Undefined where it is a volume. */
export function sliceAxis(layout: readonly TensorAxis[]): SpatialAxis | undefined {
  return layout.includes('n') ? AXES.find((axis) => !layout.includes(axis)) : undefined;
}

/** All windows; together their taken parts fill the grid, each voxel once. */
export function windowsOf(grid: Grid, { tile, batch_slices, input }: Pick<OnnxContract, 'tile' | 'batch_slices' | 'input'>): Window[] {
  const along = sliceAxis(input.layout);
  const spans = [grid.columns, grid.rows, grid.slices].map((length, n) => {
    if (AXES[n] === along) return spansOf(length, Math.min(length, batch_slices), 0);
    return tile === undefined ? spansOf(length, length, 0) : spansOf(length, tile.size[n], tile.overlap[n]);
  });
  return spans[2].flatMap((k) => spans[1].flatMap((j) => spans[0].map((i) => [i, j, k] as const)));
}

/** Windows of one size; the last is moved back to end with the axis. Where two overlap, each gives its own half. */
function spansOf(length: number, size: number, overlap: number): Span[] {
  const starts: number[] = [];
  for (let start = 0; ; start += size - overlap) {
    starts.push(Math.min(start, length - size));
    if (start + size >= length) break;
  }
  const meeting = (n: number) => Math.ceil((starts[n] + size + starts[n + 1]) / 2);
  return starts.map((start, n) => ({
    start,
    size,
    from: n === 0 ? 0 : meeting(n - 1),
    to: n === starts.length - 1 ? length : meeting(n),
  }));
}
