/** Where one segment is: a mask per slice, made when it is asked for, so that a whole series is never unpacked at once. */
import type { Grid, LabelMap } from '../geometry/grid.js';

/** Rows j0 ≤ j < j1 and columns i0 ≤ i < i1 of a slice. */
export interface SliceBox {
  readonly i0: number;
  readonly i1: number;
  readonly j0: number;
  readonly j1: number;
}

export interface SegmentMask {
  /** The slices k that have voxels of the segment, ascending. */
  readonly slices: readonly number[];
  /** The voxels of slice k in C order [j][i], rows × columns, non-zero = inside. The array is valid until the next call. */
  slice(k: number): Uint8Array;
  /** Outside of it slice k has no voxel of the segment; absent where nobody has looked. */
  box?(k: number): SliceBox | undefined;
}

/**
 * One mask per label value of a label map, in the order of `values`. The map is read once to find where they are; afterwards only that part of
 * each slice is looked at, so that a hundred small segments cost no more than a few large ones.
 */
export function masksOfLabels(labelMap: LabelMap, values: readonly number[]): SegmentMask[] {
  const { slices } = labelMap.grid;
  const boxes = new Map(values.map((value) => [value, new Map<number, SliceBox>()]));
  for (let k = 0; k < slices; k++) {
    for (const [value, box] of boxesOn(labelMap, k)) boxes.get(value)?.set(k, box);
  }
  return values.map((value) => maskOfLabel(labelMap, value, boxes.get(value) ?? new Map<number, SliceBox>()));
}

function maskOfLabel({ grid, labels }: LabelMap, value: number, boxes: ReadonlyMap<number, SliceBox>): SegmentMask {
  const perSlice = grid.rows * grid.columns;
  let mask: Uint8Array | undefined;
  let drawn: SliceBox | undefined;
  return {
    slices: [...boxes.keys()],
    box: (k) => boxes.get(k),
    slice: (k) => {
      mask ??= new Uint8Array(perSlice);
      if (drawn !== undefined)
        for (let j = drawn.j0; j < drawn.j1; j++) mask.fill(0, j * grid.columns + drawn.i0, j * grid.columns + drawn.i1);
      drawn = boxes.get(k);
      if (drawn === undefined) return mask;
      const { i0, i1, j0, j1 } = drawn;
      for (let j = j0; j < j1; j++) {
        const row = labels.subarray(k * perSlice + j * grid.columns + i0, k * perSlice + j * grid.columns + i1);
        const n = j * grid.columns + i0;
        for (let i = 0; i < row.length; i++) if (row[i] === value) mask[n + i] = 1;
      }
      return mask;
    },
  };
}

/** The box around each value other than 0 on a slice. Runs of one value, of which label maps are made, cost one comparison for four voxels. */
function boxesOn({ grid: { rows, columns }, labels }: LabelMap, k: number): Map<number, SliceBox> {
  const words = wordsOf(labels);
  const boxes = new Map<number, { i0: number; i1: number; j0: number; j1: number }>();
  const widen = (value: number, from: number, to: number, j: number) => {
    const box = boxes.get(value);
    if (box === undefined) boxes.set(value, { i0: from, i1: to, j0: j, j1: j + 1 });
    else {
      if (from < box.i0) box.i0 = from;
      if (to > box.i1) box.i1 = to;
      box.j1 = j + 1;
    }
  };
  for (let j = 0, at = k * rows * columns; j < rows; j++, at += columns) {
    let [last, from] = [0, 0];
    for (let i = 0; i < columns; i++) {
      while (words !== undefined && i + 4 <= columns && ((at + i) & 3) === 0 && words[(at + i) >> 2] === last * 0x01010101) i += 4;
      if (i >= columns || labels[at + i] === last) continue;
      if (last !== 0) widen(last, from, i, j);
      [last, from] = [labels[at + i], i];
    }
    if (last !== 0) widen(last, from, columns, j);
  }
  return boxes;
}

/** The same bytes as words of four, where they can be read so. */
function wordsOf(labels: Uint8Array | Uint16Array): Uint32Array | undefined {
  if (!(labels instanceof Uint8Array) || (labels.byteOffset & 3) !== 0) return undefined;
  return new Uint32Array(labels.buffer, labels.byteOffset, labels.length >> 2);
}

/** The values other than 0 that occur. Runs of one value, of which label maps are made, cost one comparison a voxel. */
export function valuesIn(labels: Uint8Array | Uint16Array): Set<number> {
  const found = new Set<number>();
  let last = 0;
  for (let n = 0; n < labels.length; n++) {
    if (labels[n] === last) continue;
    last = labels[n];
    if (last !== 0) found.add(last);
  }
  return found;
}

/** All that is in one of the masks at least. */
export function unionOf(masks: readonly SegmentMask[]): SegmentMask {
  if (masks.length === 1) return masks[0];
  return {
    slices: [...new Set(masks.flatMap(({ slices }) => slices))].sort((a, b) => a - b),
    slice: (k) => {
      const [first, ...others] = masks.filter(({ slices }) => slices.includes(k)).map((mask) => mask.slice(k));
      const union = Uint8Array.from(first ?? []);
      for (const mask of others) for (let n = 0; n < union.length; n++) union[n] |= mask[n];
      return union;
    },
  };
}

/** A mask from slices that are held in memory; slices without a voxel are left out. */
export function maskOfSlices(slices: ReadonlyMap<number, Uint8Array>): SegmentMask {
  const occupied = [...slices.keys()].filter((k) => slices.get(k)?.some((voxel) => voxel !== 0)).sort((a, b) => a - b);
  return { slices: occupied, slice: (k) => slices.get(k) ?? new Uint8Array(0) };
}

/** True where some voxel belongs to more than one mask. Looks only at slices that several masks share, and stops at the first such voxel. */
export function masksOverlap(grid: Grid, masks: readonly SegmentMask[]): boolean {
  const bySlice = new Map<number, SegmentMask[]>();
  for (const mask of masks) {
    for (const k of mask.slices) bySlice.set(k, [...(bySlice.get(k) ?? []), mask]);
  }
  for (const [k, here] of bySlice) {
    if (
      here.length > 1 &&
      slicesOverlap(
        grid.rows * grid.columns,
        here.map((mask) => () => mask.slice(k)),
      )
    )
      return true;
  }
  return false;
}

function slicesOverlap(voxels: number, slices: readonly (() => Uint8Array)[]): boolean {
  const taken = new Uint8Array(voxels);
  for (const slice of slices) {
    const mask = slice();
    for (let n = 0; n < voxels; n++) {
      if (mask[n] === 0) continue;
      if (taken[n] === 1) return true;
      taken[n] = 1;
    }
  }
  return false;
}

/** Voxels of the segment, over all slices. */
export function voxelCount(mask: SegmentMask): number {
  let count = 0;
  for (const k of mask.slices) {
    for (const voxel of mask.slice(k)) if (voxel !== 0) count++;
  }
  return count;
}
