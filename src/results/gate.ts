/**
 * The gate for segmentations (DESIGN: "Nothing leaves without passing the gate"). It sees nothing but what a container left and what
 * its source is, and says either which masks lie where on the source, or every reason why the output is rejected.
 */
import { voxelVolumeMl } from '../dicom/geometry/grid.js';
import type { SegSource, SegmentMeaning } from '../dicom/seg/input.js';
import type { Segment, Segmentation } from '../dicom/seg/segmentation.js';
import { areOppositeSides, meaningOf, structureByName, structureOf } from '../dicom/structures/table.js';
import type { SegmentCodes, Structure } from '../dicom/structures/table.js';
import { givingWay } from '../foundation/steps.js';
import { judgeBelonging } from './belonging.js';
import { maskOnSource, placingFrames } from './placing.js';
import type { PlacedFrame } from './placing.js';
import { SEG_LIMITS } from './read-outputs.js';
import type { DrawnRegion, GateReason, GateVerdict, GatedSegment, PassedVerdict } from './verdict.js';

/**
 * Judges a container's segmentation against its source series.
 *
 * The grid must be the source's: frames whose rows or columns are mirrored or exchanged, or which cover a part of the plane,
 * are realigned; everything else that does not lie on the source's voxels within a tenth of one is rejected. Gaps in the
 * segment numbers are let through, because our own object is numbered anew; numbers that come twice are not. Which structures must
 * be there is asked of all outputs of a run together (`answer.ts`). Gives way to other work after each frame.
 */
export async function judgeSegmentation(seg: Segmentation, source: SegSource, allowEmpty: boolean): Promise<GateVerdict> {
  const outside = [...judgeIdentity(seg, source), ...judgeSegments(seg.segments)];
  // Frames are unpacked only then: thousands of segments would take hours.
  if (outside.length > 0) return { passed: false, reasons: outside };
  const placed = await givingWay(placingFrames(seg, source));
  if (placed.reasons.length > 0) return { passed: false, reasons: placed.reasons };
  const framesOf = bySegment(placed.frames);
  const segments = seg.segments.map((segment) => gated(segment, framesOf.get(segment.number) ?? [], source));
  const empty = judgeEmpty(segments, allowEmpty, 'segments');
  if (empty.length > 0) return { passed: false, reasons: empty };
  return { passed: true, segments, empty: segments.every((segment) => segment.voxelCount === 0), notes: placed.notes };
}

/** Patient, study, frame of reference and series are the source's. */
function judgeIdentity(seg: Segmentation, source: SegSource): GateReason[] {
  const reasons = [...judgeBelonging(seg, source.header)];
  const same = (check: GateReason['check'], seen: string, expected: string) => {
    if (seen !== expected) reasons.push({ check, seen: seen || 'none', expected: expected || 'none' });
  };
  same('frame of reference', seg.frameOfReferenceUid, source.grid.frameOfReferenceUid);
  const other = seg.referencedSeries.find((series) => series.seriesInstanceUid !== source.seriesInstanceUid);
  if (other !== undefined) same('reference', other.seriesInstanceUid, source.seriesInstanceUid);
  return reasons;
}

/** Numbers and codes of the segments. */
function judgeSegments(segments: readonly Segment[]): GateReason[] {
  if (segments.length > SEG_LIMITS.segments)
    return [{ check: 'numbering', seen: `${segments.length} segments`, expected: `at most ${SEG_LIMITS.segments}` }];
  const numbers = segments.map((segment) => segment.number);
  const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  const reasons: GateReason[] = [];
  if (segments.length === 0) reasons.push({ check: 'numbering', seen: 'no segment but the background', expected: 'at least one' });
  if (twice.length > 0)
    reasons.push({ check: 'numbering', seen: `segment number ${twice.join(', ')} twice`, expected: 'each number once' });
  for (const { number, label, codes } of segments) {
    const absent = [codes.category ? [] : 'category', codes.type ? [] : 'type'].flat();
    if (absent.length > 0)
      reasons.push({ check: 'codes', seen: `segment ${number} without a code for ${absent.join(' and ')}`, expected: 'both coded' });
    const [coded, named] = [structureOf(codes, label), structureByName(label)];
    if (areOppositeSides(coded, named)) {
      reasons.push({
        check: 'codes',
        seen: `segment ${number} labelled as ${named?.id} and coded as ${coded?.id}`,
        expected: 'the same side in both',
      });
    }
  }
  return reasons;
}

function bySegment(frames: readonly PlacedFrame[]): ReadonlyMap<number, PlacedFrame[]> {
  const found = new Map<number, PlacedFrame[]>();
  for (const placed of frames) {
    const own = found.get(placed.frame.segmentNumber);
    if (own === undefined) found.set(placed.frame.segmentNumber, [placed]);
    else own.push(placed);
  }
  return found;
}

function gated(segment: Segment, own: readonly PlacedFrame[], source: SegSource): GatedSegment {
  const structure = structureOf(segment.codes, segment.label);
  const voxelCount = own.reduce((sum, placed) => sum + placed.voxelCount, 0);
  return {
    segment,
    ...(structure === undefined ? {} : { structure }),
    meaning: meaningToWrite(segment.codes, structure),
    mask: maskOnSource(own),
    voxelCount,
    volumeMl: voxelCount * voxelVolumeMl(source.grid),
  };
}

/** The table's codes where it has the structure; a place in which it has none is kept as the container named it. */
function meaningToWrite(seen: SegmentCodes, structure: Structure | undefined): SegmentMeaning {
  // Category and type are there: judgeSegments has rejected a segment without them.
  if (structure === undefined) return seen as SegmentMeaning;
  const known = meaningOf(structure);
  return known.regions.length > 0 ? known : { ...known, regions: seen.regions, regionModifiers: seen.regionModifiers };
}

/** The segments as regions. */
export function regionsOf({ segments }: PassedVerdict): DrawnRegion[] {
  return segments.map(({ segment, structure, voxelCount }) => ({ name: segment.label, structure, voxelCount, empty: voxelCount === 0 }));
}

/** Not empty unless allowed. `what`: how regions are called in the form. */
export function judgeEmpty(regions: readonly Pick<DrawnRegion, 'voxelCount'>[], allowEmpty: boolean, what: string): GateReason[] {
  if (allowEmpty || regions.some(({ voxelCount }) => voxelCount > 0)) return [];
  return [{ check: 'empty', seen: `no voxel in any of ${regions.length} ${what}`, expected: 'some' }];
}
