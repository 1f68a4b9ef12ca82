/** Where one segment is: a mask per slice, made when it is asked for, so that a whole series is never unpacked at once. */
import type { Grid, LabelMap } from '../geometry/grid.js';

export interface SegmentMask {
  /** The slices k that have voxels of the segment, ascending. */
  readonly slices: readonly number[];
  /** The voxels of slice k in C order [j][i], rows × columns, non-zero = inside. The array is valid until the next call. */
  slice(k: number): Uint8Array;
}

/** One mask per label value of a label map, in the order of `values`; the map is read once to find where they are. */
export function masksOfLabels(labelMap: LabelMap, values: readonly number[]): SegmentMask[] {
  const { grid, labels } = labelMap;
  const perSlice = grid.rows * grid.columns;
  const index = new Map(values.map((value, n) => [value, n]));
  const slices: number[][] = values.map(() => []);
  for (let k = 0; k < grid.slices; k++) {
    for (const value of valuesIn(labels.subarray(k * perSlice, (k + 1) * perSlice))) {
      const n = index.get(value);
      if (n !== undefined) slices[n]?.push(k);
    }
  }
  return values.map((value, n) => maskOfLabel(labelMap, value, slices[n] ?? []));
}

function maskOfLabel(labelMap: LabelMap, value: number, slices: readonly number[]): SegmentMask {
  const perSlice = labelMap.grid.rows * labelMap.grid.columns;
  const mask = new Uint8Array(perSlice);
  return {
    slices,
    slice: (k) => {
      const labels = labelMap.labels.subarray(k * perSlice, (k + 1) * perSlice);
      for (let n = 0; n < perSlice; n++) mask[n] = labels[n] === value ? 1 : 0;
      return mask;
    },
  };
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
