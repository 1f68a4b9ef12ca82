/**
 * The gate for segmentations (DESIGN: "Nothing leaves without passing the gate"). Pure: it sees what a container left and what
 * its source is, and says either which masks lie where on the source, or every reason why the output is rejected.
 */
import { voxelVolumeMl } from '../dicom/geometry/grid.js';
import type { SegSource, SegmentMeaning } from '../dicom/seg/input.js';
import type { Segment, Segmentation } from '../dicom/seg/segmentation.js';
import { areOppositeSides, isPartOf, meaningOf, normalised, structureByName, structureOf } from '../dicom/structures/table.js';
import type { SegmentCodes, Structure } from '../dicom/structures/table.js';
import { judgeBelonging } from './belonging.js';
import { maskOnSource, placeFrames } from './placing.js';
import type { PlacedFrame } from './placing.js';
import type { Expectations, GateReason, GateVerdict, GatedSegment } from './verdict.js';

/** Atlases of the brain have some hundreds. */
const MAX_SEGMENTS = 1000;

/**
 * Judges a container's segmentation against its source series.
 *
 * The grid must be the source's: frames whose rows or columns are mirrored or exchanged, or which cover a part of the plane,
 * are realigned; everything else that does not lie on the source's voxels within a tenth of one is rejected. Gaps in the
 * segment numbers are let through, because our own object is numbered anew; numbers that come twice are not.
 */
export function judgeSegmentation(seg: Segmentation, source: SegSource, expectations: Expectations): GateVerdict {
  const outside = [...judgeIdentity(seg, source), ...judgeSegments(seg.segments)];
  // Frames are unpacked only then: thousands of segments would take hours.
  if (outside.length > 0) return { passed: false, reasons: outside };
  const placed = placeFrames(seg, source);
  if (placed.reasons.length > 0) return { passed: false, reasons: placed.reasons };
  const segments = seg.segments.map((segment) => gated(segment, placed.frames, source));
  const drawn = segments.map(({ segment, structure, voxelCount }) => ({ name: segment.label, structure, voxelCount }));
  const missing = judgeContent(drawn, expectations, 'segments');
  if (missing.length > 0) return { passed: false, reasons: missing };
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
  if (segments.length > MAX_SEGMENTS)
    return [{ check: 'numbering', seen: `${segments.length} segments`, expected: `at most ${MAX_SEGMENTS}` }];
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

function gated(segment: Segment, frames: readonly PlacedFrame[], source: SegSource): GatedSegment {
  const own = frames.filter((placed) => placed.frame.segmentNumber === segment.number);
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

/** What is judged of a drawn region, whatever its form. */
export interface DrawnRegion {
  readonly name: string;
  readonly structure?: Structure | undefined;
  readonly voxelCount: number;
}

/** Not empty unless allowed, and every structure that must be there has voxels. `regions`: what they are called in the form. */
export function judgeContent(drawn: readonly DrawnRegion[], { mustExist, allowEmpty }: Expectations, regions: string): GateReason[] {
  const found = drawn.filter(({ voxelCount }) => voxelCount > 0);
  const absent = mustExist.filter((id) => !found.some((region) => shows(region, id)));
  const reasons: GateReason[] = absent.map((id) => ({
    check: 'required structure',
    seen: `no voxel of ${id}`,
    expected: 'some: the model card says that it must be there',
  }));
  if (found.length === 0 && !allowEmpty && absent.length === 0) {
    reasons.push({ check: 'empty', seen: `no voxel in any of ${drawn.length} ${regions}`, expected: 'some' });
  }
  return reasons;
}

function shows({ structure, name }: DrawnRegion, id: string): boolean {
  if (structure !== undefined) return isPartOf(structure.id, id);
  return normalised(name) === normalised(id);
}
