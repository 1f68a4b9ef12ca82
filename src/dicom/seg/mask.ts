/** Where one segment is: a mask per slice, made when it is asked for, so that a whole series is never unpacked at once. */
import type { Grid, LabelMap } from '../geometry/grid.js';

/** Takes the voxels `from` ≤ n < `to` of a slice in C order, all of which are inside. */
export type TakeRun = (from: number, to: number) => void;

export interface SegmentMask {
  /** The slices k that have voxels of the segment, ascending. */
  readonly slices: readonly number[];
  /** The voxels of slice k in C order [j][i], rows × columns, non-zero = inside. The array is valid until the next call. */
  slice(k: number): Uint8Array;
  /** Tells the voxels of slice k by their runs, ascending; absent where that is no cheaper than to draw the slice. */
  runs?(k: number, take: TakeRun): void;
}

/** Tells the voxels of slice k of any mask by their runs, ascending. */
export function eachRunOn(mask: SegmentMask, k: number, take: TakeRun): void {
  if (mask.runs !== undefined) return mask.runs(k, take);
  const voxels = mask.slice(k);
  eachRun(voxels, wordsOf(voxels), 0, voxels.length, (_, from, to) => take(from, to));
}

/** Labels of slices that lie one behind the other: rows × columns values each, C order [j][i]. */
export interface LabelledSlices {
  readonly grid: Pick<Grid, 'rows' | 'columns'>;
  readonly labels: Uint8Array | Uint16Array;
}

/** Rows j0 ≤ j < j1 and columns i0 ≤ i < i1 of a slice, outside of which it has no voxel of a segment. */
export interface SliceBox {
  i0: number;
  i1: number;
  readonly j0: number;
  j1: number;
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

function maskOfLabel(labelMap: LabelMap, value: number, boxes: ReadonlyMap<number, SliceBox>): SegmentMask {
  const { rows, columns } = labelMap.grid;
  let mask: Uint8Array | undefined;
  const runs = (k: number, take: TakeRun) => eachRunOfLabel(labelMap, k, value, boxes.get(k), take);
  return {
    slices: [...boxes.keys()],
    runs,
    slice: (k) => {
      const drawn = (mask ??= new Uint8Array(rows * columns)).fill(0);
      runs(k, (from, to) => drawn.fill(1, from, to));
      return drawn;
    },
  };
}

/** Tells the runs of one value on slice k, looking only within the box around it; none without a box. */
export function eachRunOfLabel(
  { grid: { rows, columns }, labels }: LabelledSlices,
  k: number,
  value: number,
  box: SliceBox | undefined,
  take: TakeRun,
): void {
  if (box === undefined) return;
  const words = wordsOf(labels);
  const start = k * rows * columns;
  const takeOwn = (label: number, from: number, to: number) => {
    if (label === value) take(from - start, to - start);
  };
  for (let j = box.j0, at = start + box.j0 * columns; j < box.j1; j++, at += columns)
    eachRun(labels, words, at + box.i0, at + box.i1, takeOwn);
}

/** The box around each value other than 0 on a slice. */
export function boxesOn({ grid: { rows, columns }, labels }: LabelledSlices, k: number): Map<number, SliceBox> {
  const words = wordsOf(labels);
  const boxes = new Map<number, SliceBox>();
  for (let j = 0, at = k * rows * columns; j < rows; j++, at += columns) {
    eachRun(labels, words, at, at + columns, (value, from, to) => {
      const box = boxes.get(value);
      if (box === undefined) boxes.set(value, { i0: from - at, i1: to - at, j0: j, j1: j + 1 });
      else {
        box.i0 = Math.min(box.i0, from - at);
        box.i1 = Math.max(box.i1, to - at);
        box.j1 = j + 1;
      }
    });
  }
  return boxes;
}

/** Tells each run of one value other than 0 among the labels `start` ≤ n < `end`. Long runs, of which label maps are made, cost one comparison for four voxels. */
function eachRun(
  labels: Uint8Array | Uint16Array,
  words: Uint32Array | undefined,
  start: number,
  end: number,
  tell: (value: number, from: number, to: number) => void,
): void {
  let [value, word, from] = [0, 0, start];
  for (let n = start; n < end; n++) {
    if (words !== undefined && (n & 3) === 0) while (n + 4 <= end && words[n >> 2] === word) n += 4;
    if (n >= end || labels[n] === value) continue;
    if (value !== 0) tell(value, from, n);
    value = labels[n];
    word = value * 0x01010101;
    from = n;
  }
  if (value !== 0) tell(value, from, end);
}

/** The same bytes as words of four, where they can be read so. */
function wordsOf(labels: Uint8Array | Uint16Array): Uint32Array | undefined {
  if (!(labels instanceof Uint8Array) || (labels.byteOffset & 3) !== 0) return undefined;
  return new Uint32Array(labels.buffer, labels.byteOffset, labels.length >> 2);
}

/** The values other than 0 that occur, ascending. Images of numbers cost no more than label maps. */
export function valuesIn(labels: Uint8Array | Uint16Array): Set<number> {
  const isThere = new Uint8Array(labels instanceof Uint8Array ? 0x100 : 0x10000);
  for (let n = 0; n < labels.length; n++) isThere[labels[n]] = 1;
  return new Set([...isThere.keys()].filter((value) => value !== 0 && isThere[value] === 1));
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

/** True where some voxel belongs to more than one mask. Stops at the first such slice. */
export function masksOverlap(grid: Grid, masks: readonly SegmentMask[]): boolean {
  for (const overlap of overlapsBySlice(grid, masks)) if (overlap) return true;
  return false;
}

/** Of each slice that several masks share, whether a voxel of it belongs to two of them: one slice at a time, for who must give way between. */
export function* overlapsBySlice(grid: Grid, masks: readonly SegmentMask[]): Generator<boolean, void> {
  const bySlice = new Map<number, SegmentMask[]>();
  for (const mask of masks) {
    for (const k of mask.slices) {
      const here = bySlice.get(k);
      if (here === undefined) bySlice.set(k, [mask]);
      else here.push(mask);
    }
  }
  for (const [k, here] of bySlice) if (here.length > 1) yield overlapOn(k, here, grid.rows * grid.columns);
}

function overlapOn(k: number, masks: readonly SegmentMask[], voxels: number): boolean {
  const taken = new Uint8Array(voxels);
  let overlap = false;
  for (const mask of masks) {
    eachRunOn(mask, k, (from, to) => {
      overlap ||= taken.subarray(from, to).includes(1);
      taken.fill(1, from, to);
    });
    if (overlap) return true;
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
