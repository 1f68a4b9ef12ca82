/** Frames of a container's segmentation, put on the slices of its source. */
import type { SegSource } from '../dicom/seg/input.js';
import type { SegmentMask, TakeRun } from '../dicom/seg/mask.js';
import { placeFrame, placementGrid } from '../dicom/seg/placement.js';
import type { Misplacement, Placement } from '../dicom/seg/placement.js';
import type { SegFrame, Segmentation } from '../dicom/seg/segmentation.js';
import type { Steps } from '../foundation/steps.js';
import type { GateReason } from './verdict.js';

/** A frame on slice `placement.k`. */
export interface PlacedFrame {
  readonly frame: SegFrame;
  readonly placement: Placement;
  readonly voxelCount: number;
}

export interface PlacedFrames {
  readonly frames: readonly PlacedFrame[];
  readonly reasons: readonly GateReason[];
  readonly notes: readonly string[];
}

/** At most so many frames are named in the reasons; the others go wrong in the same way, as a rule. */
const MAX_GEOMETRY_REASONS = 3;

/** Places every frame by its position, which must agree with the source instance that it names. One at a time, for who must give way between. */
export function* placingFrames(seg: Segmentation, source: SegSource): Steps<PlacedFrames> {
  const onto = placementGrid(source.grid, source.slices);
  const placedFrames: PlacedFrame[] = [];
  const misplaced: GateReason[] = [];
  const taken = new Set<string>();
  for (const frame of seg.frames) {
    const placement = placeFrame(frame, seg.rows, seg.columns, onto);
    const fault = 'k' in placement ? (disagreement(frame, placement.k, source) ?? secondFrame(frame, placement.k, taken)) : placement;
    if (fault !== undefined)
      misplaced.push({ check: 'geometry', seen: `frame ${frame.frameIndex + 1}: ${fault.seen}`, expected: fault.expected });
    else if ('k' in placement) placedFrames.push({ frame, placement, voxelCount: countOf(frame) });
    yield;
  }
  const realigned = placedFrames.filter(({ placement }) => placement.realigned).length;
  return {
    frames: placedFrames,
    reasons: shortened(misplaced, seg.frames.length),
    notes: realigned === 0 ? [] : [`${realigned} of ${seg.frames.length} frames were realigned to the rows and columns of the source`],
  };
}

/** A frame that names source instances must name the one on whose slice it lies. */
function disagreement(frame: SegFrame, k: number, source: SegSource): Misplacement | undefined {
  const named = frame.sourceSopInstanceUids;
  const here = source.slices[k]?.sopInstanceUid;
  if (named.length === 0 || here === undefined || named.includes(here)) return undefined;
  const elsewhere = source.slices.findIndex((slice) => named.includes(slice.sopInstanceUid));
  if (elsewhere < 0) return { seen: `derived from ${named[0]}, which is not in the source series`, expected: here };
  return { seen: `derived from slice ${elsewhere + 1} but lying on slice ${k + 1}`, expected: 'the same slice' };
}

function secondFrame(frame: SegFrame, k: number, taken: Set<string>): Misplacement | undefined {
  const place = `${frame.segmentNumber} ${k}`;
  if (taken.has(place)) return { seen: `a second frame of segment ${frame.segmentNumber} on slice ${k + 1}`, expected: 'one' };
  taken.add(place);
  return undefined;
}

function shortened(reasons: readonly GateReason[], frameCount: number): GateReason[] {
  if (reasons.length <= MAX_GEOMETRY_REASONS) return [...reasons];
  const more: GateReason = { check: 'geometry', seen: `${reasons.length} of ${frameCount} frames off the grid in all`, expected: 'none' };
  return [...reasons.slice(0, MAX_GEOMETRY_REASONS), more];
}

function countOf(frame: SegFrame): number {
  let count = 0;
  if (frame.runs !== undefined) {
    frame.runs((from, to) => (count += to - from));
    return count;
  }
  const mask = frame.unpack();
  for (let n = 0; n < mask.length; n++) count += mask[n];
  return count;
}

/**
 * The mask of one segment's frames on the source, without empty frames; frames are unpacked when their slice is asked for. It has runs where
 * the frames have them and lie as they are on their slices.
 */
export function maskOnSource(frames: readonly PlacedFrame[]): SegmentMask {
  const bySlice = new Map(frames.filter(({ voxelCount }) => voxelCount > 0).map((placed) => [placed.placement.k, placed]));
  const asTheyAre = [...bySlice.values()].every(({ frame, placement }) => frame.runs !== undefined && !placement.realigned);
  return {
    slices: [...bySlice.keys()].sort((a, b) => a - b),
    slice: (k) => {
      const placed = bySlice.get(k);
      return placed === undefined ? new Uint8Array(0) : placed.placement.toSlice(placed.frame.unpack());
    },
    ...(asTheyAre ? { runs: (k: number, take: TakeRun) => bySlice.get(k)?.frame.runs?.(take) } : {}),
  };
}
