/**
 * Reads DICOM Segmentations of any maker (PS3.3 A.51, A.89; C.8.20). Strict where pixels could be given to the wrong
 * segment or slice, tolerant of everything that does not touch them.
 */
import { AnteroomError } from '../../foundation/errors.js';
import { atOnce, type Steps } from '../../foundation/steps.js';
import type { DataSet, ParsedInstance } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { SOP_CLASS } from '../element/uids.js';
import type { Vec3 } from '../geometry/grid.js';
import type { DicomLab } from '../structures/cielab.js';
import { BACKGROUND, isConcept } from '../structures/code.js';
import type { SegmentCodes } from '../structures/table.js';
import { readSegmentCodes } from '../structures/code-items.js';
import type { TakeRun } from './mask.js';
import { frameDecoder } from './pixels.js';
import type { FrameDecoder } from './pixels.js';
import type { FramePlane, ReferencedSeries, SegFrame, Segment, Segmentation, SegmentationType } from './segmentation.js';

/** The SOP classes that `readSeg` reads. */
export const SEGMENTATION_SOP_CLASSES: readonly string[] = [SOP_CLASS.SegmentationStorage, SOP_CLASS.LabelMapSegmentationStorage];

const TYPES: readonly SegmentationType[] = ['BINARY', 'FRACTIONAL', 'LABELMAP'];

/** What an object may have at most, so that reading it takes no more memory than there is. */
export interface SegLimits {
  /** Items of SegmentSequence. */
  readonly segments: number;
  /** Frames; of a LABELMAP, each as often as it has segments, the background among them. */
  readonly frames: number;
  /** All but PixelData. */
  readonly headerBytes: number;
}

const UNLIMITED: SegLimits = { segments: Infinity, frames: Infinity, headerBytes: Infinity };

/**
 * The segments and frames of a segmentation. FRACTIONAL frames count from half of MaximumFractionalValue on. The frames
 * look into the bytes that were parsed.
 * @throws {AnteroomError} DICOM_DAMAGED where the object contradicts itself or is none; PIXELS_UNSUPPORTED for encodings that are not read; GATE_REJECTED where it has more than `limits` allow.
 */
export function readSeg(instance: ParsedInstance, limits?: SegLimits): Segmentation {
  return atOnce(readingSeg(instance, limits));
}

/** `readSeg` frame by frame, for who must give way between. */
export function* readingSeg(instance: ParsedInstance, limits = UNLIMITED): Steps<Segmentation> {
  const { dataset } = instance;
  demandWithin(instance, limits);
  const type = typeOf(dataset);
  const decoder = frameDecoder(instance, type);
  const { all, segments } = segmentsIn(dataset);
  if (all.length === 0) throw damaged('SegmentSequence has no item, expected one for each segment');
  return {
    type,
    sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? '',
    seriesInstanceUid: dataset.uid(TAG.SeriesInstanceUID) ?? '',
    studyInstanceUid: dataset.uid(TAG.StudyInstanceUID) ?? '',
    patientId: dataset.text(TAG.PatientID) ?? '',
    issuerOfPatientId: dataset.text(TAG.IssuerOfPatientID) ?? '',
    frameOfReferenceUid: dataset.uid(TAG.FrameOfReferenceUID) ?? '',
    referencedSeries: dataset.items(TAG.ReferencedSeriesSequence).map(readReferencedSeries),
    rows: decoder.rows,
    columns: decoder.columns,
    segments,
    frames: yield* readingFrames(dataset, type, decoder, { all, segments }, limits.frames),
  };
}

/** Asked before anything is made of the items. */
function demandWithin({ dataset, endOffsetBytes }: ParsedInstance, limits: SegLimits): void {
  const pixels = dataset.bytesOf(TAG.PixelData);
  // Compressed pixels are refused as such.
  if (pixels !== undefined) demandAtMost(endOffsetBytes - pixels.length, limits.headerBytes, 'bytes beside PixelData');
  demandAtMost(dataset.items(TAG.SegmentSequence).length, limits.segments, 'segments');
  demandAtMost(dataset.items(TAG.PerFrameFunctionalGroupsSequence).length, limits.frames, 'frames');
}

function demandAtMost(seen: number, most: number, what: string): void {
  if (seen > most) throw new AnteroomError('GATE_REJECTED', `${seen} ${what}, expected at most ${most} in one segmentation`);
}

function typeOf(dataset: DataSet): SegmentationType {
  const sopClassUid = dataset.uid(TAG.SOPClassUID) ?? 'none';
  if (!SEGMENTATION_SOP_CLASSES.includes(sopClassUid)) throw damaged(`SOPClassUID is ${sopClassUid}, expected a segmentation's`);
  const seen = dataset.text(TAG.SegmentationType);
  const type = TYPES.find((known) => known === seen);
  if (type === undefined) throw damaged(`SegmentationType is ${seen ?? 'absent'}, expected ${TYPES.join(', ')}`);
  return type;
}

/** The items of SegmentSequence, and those that count as segments: all but the background of a LABELMAP. Of a head alone as well. */
export function segmentsIn(dataset: DataSet): { readonly all: readonly Segment[]; readonly segments: readonly Segment[] } {
  const all = dataset.items(TAG.SegmentSequence).map(readSegment);
  if (dataset.text(TAG.SegmentationType) !== 'LABELMAP') return { all, segments: all };
  const paddingValue = dataset.number(TAG.PixelPaddingValue);
  return { all, segments: all.filter(({ number, codes }) => number !== paddingValue && !isBackground(codes)) };
}

function readSegment(item: DataSet): Segment {
  const number = item.number(TAG.SegmentNumber);
  if (number === undefined) throw damaged('an item of SegmentSequence has no SegmentNumber');
  const [algorithm] = item.items(TAG.SegmentationAlgorithmIdentificationSequence);
  const cielab = item.numbers(TAG.RecommendedDisplayCIELabValue);
  return {
    number,
    label: item.text(TAG.SegmentLabel) ?? '',
    description: item.text(TAG.SegmentDescription),
    codes: readSegmentCodes(item, TAG.SegmentedPropertyTypeCodeSequence),
    algorithmType: item.text(TAG.SegmentAlgorithmType),
    algorithmName: item.text(TAG.SegmentAlgorithmName) ?? algorithm?.text(TAG.AlgorithmName),
    algorithmVersion: algorithm?.text(TAG.AlgorithmVersion),
    trackingId: item.text(TAG.TrackingID),
    trackingUid: item.uid(TAG.TrackingUID),
    cielab: cielab.length === 3 ? (cielab as [number, number, number] satisfies DicomLab) : undefined,
  };
}

/** A LABELMAP describes its background as a segment, too, unless that is its padding (PS3.3 C.8.20.2.3); neither is a finding. */
export function isBackground({ type }: SegmentCodes): boolean {
  return type !== undefined && isConcept(type, BACKGROUND);
}

function readReferencedSeries(item: DataSet): ReferencedSeries {
  return {
    seriesInstanceUid: item.uid(TAG.SeriesInstanceUID) ?? '',
    sopInstanceUids: item.items(TAG.ReferencedInstanceSequence).map((instance) => instance.uid(TAG.ReferencedSOPInstanceUID) ?? ''),
  };
}

function* readingFrames(
  dataset: DataSet,
  type: SegmentationType,
  decoder: FrameDecoder,
  { all, segments }: ReturnType<typeof segmentsIn>,
  most: number,
): Steps<SegFrame[]> {
  const perFrame = dataset.items(TAG.PerFrameFunctionalGroupsSequence);
  const [shared] = dataset.items(TAG.SharedFunctionalGroupsSequence);
  if (perFrame.length !== decoder.frameCount) throw wrongFrameCount(dataset, perFrame.length, decoder.frameCount);
  const declared = new Set(all.map((segment) => segment.number));
  const wanted = new Set(segments.map((segment) => segment.number));
  const nothing = type === 'LABELMAP' ? [0, decoder.paddingValue] : [];
  const frames: SegFrame[] = [];
  let seen = 0;
  for (const [frameIndex, own] of perFrame.entries()) {
    const numbers = type === 'LABELMAP' ? decoder.valuesIn(frameIndex) : [segmentNumberOf(own, shared, frameIndex)];
    const unknown = numbers.find((number) => !declared.has(number) && !nothing.includes(number));
    if (unknown !== undefined) throw damaged(`frame ${frameIndex + 1} is of segment ${unknown}, expected one of SegmentSequence`);
    const plane = readPlane(own, shared);
    for (const segmentNumber of numbers.filter((number) => wanted.has(number)))
      frames.push({
        ...plane,
        segmentNumber,
        frameIndex,
        unpack: () => decoder.unpack(frameIndex, segmentNumber),
        ...(decoder.runs === undefined ? {} : { runs: (take: TakeRun) => decoder.runs?.(frameIndex, segmentNumber, take) }),
      });
    demandAtMost((seen += numbers.length), most, 'segments on frames');
    yield;
  }
  return frames;
}

/** A slide's TILED_FULL object leaves the places of its frames to be counted out (PS3.3 C.7.6.17.3); slides are not read here. */
function wrongFrameCount(dataset: DataSet, items: number, frames: number): AnteroomError {
  if (dataset.text(TAG.DimensionOrganizationType) === 'TILED_FULL') {
    return new AnteroomError(
      'PIXELS_UNSUPPORTED',
      'DimensionOrganizationType is TILED_FULL (a slide), expected frames with a position each',
    );
  }
  return damaged(`PerFrameFunctionalGroupsSequence has ${items} items, expected one for each of ${frames} frames`);
}

/** The item of a functional group of a frame: the frame's own or the shared one (PS3.3 C.7.6.16.1). */
function groupOf(own: DataSet, shared: DataSet | undefined, tag: number): DataSet | undefined {
  return own.items(tag)[0] ?? shared?.items(tag)[0];
}

function segmentNumberOf(own: DataSet, shared: DataSet | undefined, frameIndex: number): number {
  const number = groupOf(own, shared, TAG.SegmentIdentificationSequence)?.number(TAG.ReferencedSegmentNumber);
  if (number === undefined) throw damaged(`frame ${frameIndex + 1} has no ReferencedSegmentNumber`);
  return number;
}

function readPlane(own: DataSet, shared: DataSet | undefined): FramePlane {
  const position = numbersOf(groupOf(own, shared, TAG.PlanePositionSequence), TAG.ImagePositionPatient, 3);
  const orientation = numbersOf(groupOf(own, shared, TAG.PlaneOrientationSequence), TAG.ImageOrientationPatient, 6);
  const spacing = numbersOf(groupOf(own, shared, TAG.PixelMeasuresSequence), TAG.PixelSpacing, 2);
  const sliceSpacing = numbersOf(groupOf(own, shared, TAG.PixelMeasuresSequence), TAG.SpacingBetweenSlices, 1)?.[0];
  const derivations = own.items(TAG.DerivationImageSequence);
  const sources = derivations.flatMap((derivation) => derivation.items(TAG.SourceImageSequence));
  return {
    ...(position === undefined ? {} : { positionMm: vec3(position, 0) }),
    ...(orientation === undefined ? {} : { rowDirection: vec3(orientation, 0), columnDirection: vec3(orientation, 3) }),
    ...(spacing === undefined ? {} : { pixelSpacingMm: [spacing[0], spacing[1]] as const }),
    ...(sliceSpacing === undefined || sliceSpacing <= 0 ? {} : { sliceSpacingMm: sliceSpacing }),
    sourceSopInstanceUids: sources.flatMap((source) => source.uid(TAG.ReferencedSOPInstanceUID) ?? []),
  };
}

function numbersOf(group: DataSet | undefined, tag: number, count: number): readonly number[] | undefined {
  const numbers = group?.numbers(tag) ?? [];
  return numbers.length === count && numbers.every(Number.isFinite) ? numbers : undefined;
}

function vec3(numbers: readonly number[], from: number): Vec3 {
  return [numbers[from], numbers[from + 1], numbers[from + 2]];
}

function damaged(seen: string): AnteroomError {
  return new AnteroomError('DICOM_DAMAGED', seen);
}
