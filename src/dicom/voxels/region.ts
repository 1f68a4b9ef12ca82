/** Boxes of an array: the costly steps work only where something is. */
import type { Extent, Mask } from './extent.js';

/** A part of an array; its own extent is its size. */
export interface Box extends Extent {
  readonly i0: number;
  readonly j0: number;
  readonly k0: number;
}

/** The smallest box around what the mask holds, widened by a margin (in voxels along i, j, k) where there is room; undefined if it is empty. */
export function boxAround(mask: Mask, extent: Extent, margin: readonly [number, number, number]): Box | undefined {
  const { columns, rows, slices } = extent;
  const low = [Infinity, Infinity, Infinity];
  const high = [-1, -1, -1];
  for (let row = 0; row < rows * slices; row++) {
    const line = mask.subarray(row * columns, (row + 1) * columns);
    const first = line.indexOf(1);
    if (first < 0) continue;
    [first, row % rows, Math.floor(row / rows)].forEach((at, axis) => (low[axis] = Math.min(low[axis], at)));
    [line.lastIndexOf(1), row % rows, Math.floor(row / rows)].forEach((at, axis) => (high[axis] = Math.max(high[axis], at)));
  }
  if (high[0] === -1) return undefined;
  const from = low.map((at, axis) => Math.max(0, at - margin[axis]));
  const to = high.map((at, axis) => Math.min([columns, rows, slices][axis] - 1, at + margin[axis]));
  return { i0: from[0], j0: from[1], k0: from[2], columns: to[0] - from[0] + 1, rows: to[1] - from[1] + 1, slices: to[2] - from[2] + 1 };
}

/** The smallest box around two, of which either may be nothing. */
export function boxOfBoth(a: Box | undefined, b: Box | undefined): Box | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [i0, j0, k0] = [Math.min(a.i0, b.i0), Math.min(a.j0, b.j0), Math.min(a.k0, b.k0)];
  return {
    ...{ i0, j0, k0 },
    columns: Math.max(a.i0 + a.columns, b.i0 + b.columns) - i0,
    rows: Math.max(a.j0 + a.rows, b.j0 + b.rows) - j0,
    slices: Math.max(a.k0 + a.slices, b.k0 + b.slices) - k0,
  };
}

/** Copies the box out of the array. */
export function cut<T extends Uint8Array | Int16Array>(array: T, extent: Extent, box: Box): T {
  const size = box.columns * box.rows * box.slices;
  const part = (array instanceof Uint8Array ? new Uint8Array(size) : new Int16Array(size)) as T;
  forEachRow(extent, box, (at, within) => part.set(array.subarray(at, at + box.columns), within));
  return part;
}

/** Writes a value into the array wherever the mask of the box is set. */
export function paintBox(array: Uint8Array, extent: Extent, box: Box, mask: Mask, value: number): void {
  forEachRow(extent, box, (at, within) => {
    for (let i = 0; i < box.columns; i++) if (mask[within + i] !== 0) array[at + i] = value;
  });
}

function forEachRow(extent: Extent, box: Box, visit: (inArray: number, inBox: number) => void): void {
  for (let k = 0, within = 0; k < box.slices; k++) {
    for (let j = 0; j < box.rows; j++, within += box.columns) {
      visit(((k + box.k0) * extent.rows + j + box.j0) * extent.columns + box.i0, within);
    }
  }
}
