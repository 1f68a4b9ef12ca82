/** Regions that may overlap as a label map, in which a voxel has one label: which of two has it is stated, never left to their order. */
import type { Grid } from '../dicom/geometry/grid.js';
import type { SegmentMask } from '../dicom/seg/mask.js';
import { isPartOf } from '../dicom/structures/table.js';
import type { Remark, Segmentation } from './items.js';

/** A region that was drawn; several may be of one structure. */
export interface DrawnRegion {
  readonly id: string;
  readonly mask: SegmentMask;
}

/** Voxels that two structures were drawn on. */
export interface Overlap {
  /** Which of them has the voxels. */
  readonly has: string;
  readonly lacks: string;
  readonly voxels: number;
  /** False where nothing says which comes first; then it is that which has them by chance. */
  readonly decided: boolean;
}

/**
 * The regions as labels 1, 2, … in the order of `ids`. What lacks voxels that were drawn as its own says so in its remark.
 * @param priority structures of which each has what it shares with those behind it; that counts for their parts, and for findings in them
 */
export function oneLabelEach(
  regions: readonly DrawnRegion[],
  ids: readonly string[],
  grid: Grid,
  priority: readonly string[],
): { readonly segmentation: Segmentation; readonly overlaps: readonly Overlap[] } {
  const perSlice = grid.rows * grid.columns;
  const labels = new (ids.length > 255 ? Uint16Array : Uint8Array)(perSlice * grid.slices);
  const overlaps = new Map<string, Overlap>();
  // In an order of their own: what is said must not depend on that of the regions either.
  for (const { id, mask } of [...regions].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const value = ids.indexOf(id) + 1;
    const sharedWith = new Map<number, number>();
    const wins = ids.map((other) => comesFirst(id, other, priority));
    for (const k of mask.slices) {
      const slice = mask.slice(k);
      for (let p = 0, at = k * perSlice; p < perSlice; p++, at++) {
        const there = labels[at];
        if (slice[p] === 0 || there === value) continue;
        if (there === 0 || wins[there - 1] === true) labels[at] = value;
        if (there !== 0) sharedWith.set(there, (sharedWith.get(there) ?? 0) + 1);
      }
    }
    for (const [there, voxels] of sharedWith) add(overlaps, id, ids[there - 1], voxels, wins[there - 1]);
  }
  const shared = [...overlaps.values()];
  const structures = ids.map((id, n) => ({ value: n + 1, id, ...remarked(id, shared) }));
  return { segmentation: { labelMap: { grid, labels }, structures }, overlaps: shared };
}

function add(overlaps: Map<string, Overlap>, id: string, there: string, voxels: number, wins: boolean | undefined): void {
  const [has, lacks] = wins === true ? [id, there] : [there, id];
  const key = `${has} ${lacks}`;
  overlaps.set(key, { has, lacks, voxels: voxels + (overlaps.get(key)?.voxels ?? 0), decided: wins !== undefined });
}

function remarked(id: string, overlaps: readonly Overlap[]): { readonly remark?: Remark } {
  const others = overlaps.filter(({ lacks }) => lacks === id).map(({ has, voxels }) => `${voxels} voxels that are of ${has}`);
  return others.length === 0 ? {} : { remark: { word: 'incomplete', text: `Incomplete: without ${others.join(', ')}.` } };
}

/**
 * True where `id` has what it shares with `other`, false where it is the other way round, undefined where nothing says so. Where `priority` says nothing,
 * a part comes before its whole, and a finding before the place that it is in.
 */
function comesFirst(id: string, other: string, priority: readonly string[]): boolean | undefined {
  const [one, two] = [rankOf(id, priority), rankOf(other, priority)];
  if (one !== undefined && two !== undefined && one !== two) return one < two;
  if (isWithin(id, other)) return true;
  return isWithin(other, id) ? false : undefined;
}

/** Where the structure stands itself, or else the first of what it lies within. */
function rankOf(id: string, priority: readonly string[]): number | undefined {
  const own = priority.indexOf(id);
  const rank = own >= 0 ? own : priority.findIndex((named) => isWithin(id, named));
  return rank < 0 ? undefined : rank;
}

/** `LEFT_LUNG` lies within `LUNG`, and so does `LEFT_LUNG+NODULE`. */
function isWithin(id: string, other: string): boolean {
  const [place, finding] = id.split('+');
  return isPartOf(id, other) || (finding !== undefined && !other.includes('+') && isPartOf(place, other));
}
