/** Frames of a segmentation and what their functional groups say of them (PS3.3 C.7.6.16, C.7.6.17, C.8.20.3). */
import { AnteroomError } from '../../foundation/errors.js';
import { uidFromName } from '../../foundation/ids.js';
import { formatDecimal } from '../element/decimal.js';
import { tagKey } from '../element/dictionary.js';
import { TAG } from '../element/tags.js';
import { encodedSequence } from '../element/write.js';
import type { WritableHeader } from '../element/write.js';
import type { SourceSlice } from '../geometry/grid.js';
import type { Header } from '../header.js';
import { dcm } from '../structures/code.js';
import { codeItem, decimalString, headerOf } from '../compose.js';
import type { SegInput, SegSource } from './input.js';

/** One frame: the voxels of segment `segmentNumber` (from 1) on slice `k` of the source; without one, those of all segments there. */
export interface FrameToWrite {
  readonly segmentNumber?: number;
  readonly k: number;
}

/** The frames of an object in the order in which they are written: by segment, then along k. Empty slices get none. */
export function framesOf(input: SegInput): FrameToWrite[] {
  return input.segments.flatMap(({ mask }, index) => mask.slices.map((k) => ({ segmentNumber: index + 1, k })));
}

/** The frames of a label map: one for each slice with a voxel of any segment, along k. */
export function labelFramesOf(input: SegInput): FrameToWrite[] {
  const occupied = new Set(input.segments.flatMap(({ mask }) => mask.slices));
  return [...occupied].sort((a, b) => a - b).map((k) => ({ k }));
}

/** Dimensions, shared and per-frame functional groups. */
export function frameHeader(input: SegInput, frames: readonly FrameToWrite[]): WritableHeader {
  const { source } = input;
  const positionIndex = new Map([...new Set(frames.map((frame) => frame.k))].sort((a, b) => a - b).map((k, index) => [k, index + 1]));
  const placed = new Map([...positionIndex].map(([k, index]) => [k, { index, groups: sliceGroups(sliceAt(source, k)) }]));
  return {
    ...headerOf({
      NumberOfFrames: frames.length,
      ...dimensions(uidFromName(`${input.identity.sopInstanceUid} dimension organization`), frames[0].segmentNumber !== undefined),
      SharedFunctionalGroupsSequence: [sharedGroups(source)],
    }),
    [tagKey(TAG.PerFrameFunctionalGroupsSequence)]: encodedSequence(perFrame()),
  };

  function* perFrame(): Generator<WritableHeader, void> {
    for (const { segmentNumber, k } of frames) {
      const place = placed.get(k);
      yield { ...place?.groups, ...frameGroups(segmentNumber, place?.index ?? 0) };
    }
  }
}

/** Frames are indexed by segment, where each has one, then by position (PS3.3 C.7.6.17). */
function dimensions(organizationUid: string, bySegment: boolean) {
  const dimension = (label: string, pointer: number, group: number): Header =>
    headerOf({
      DimensionOrganizationUID: organizationUid,
      DimensionIndexPointer: tagKey(pointer),
      FunctionalGroupPointer: tagKey(group),
      DimensionDescriptionLabel: label,
    });
  return {
    DimensionOrganizationSequence: [headerOf({ DimensionOrganizationUID: organizationUid })],
    DimensionIndexSequence: [
      ...(bySegment ? [dimension('ReferencedSegmentNumber', TAG.ReferencedSegmentNumber, TAG.SegmentIdentificationSequence)] : []),
      dimension('ImagePositionPatient', TAG.ImagePositionPatient, TAG.PlanePositionSequence),
    ],
  };
}

function sharedGroups(source: SegSource): Header {
  const spacing = formatDecimal(source.grid.spacingMm[2]);
  return headerOf({
    PlaneOrientationSequence: [headerOf({ ImageOrientationPatient: source.imageOrientation.map(decimalString) })],
    PixelMeasuresSequence: [
      headerOf({
        PixelSpacing: source.pixelSpacing.map(decimalString),
        SliceThickness: source.sliceThickness === undefined ? spacing : decimalString(source.sliceThickness),
        SpacingBetweenSlices: spacing,
      }),
    ],
  });
}

/** The groups that all frames on one slice share; encoded once for each slice. */
function sliceGroups(slice: SourceSlice): WritableHeader {
  const image = headerOf({
    ReferencedSOPClassUID: slice.sopClassUid,
    ReferencedSOPInstanceUID: slice.sopInstanceUid,
    ReferencedFrameNumber: slice.frameNumber,
    SpatialLocationsPreserved: 'YES',
    PurposeOfReferenceCodeSequence: [codeItem(dcm('121322', 'Source image for image processing operation'))],
  });
  const derivation = headerOf({ DerivationCodeSequence: [codeItem(dcm('113076', 'Segmentation'))], SourceImageSequence: [image] });
  const position = headerOf({ ImagePositionPatient: slice.imagePosition.map(decimalString) });
  return {
    [tagKey(TAG.DerivationImageSequence)]: encodedSequence([derivation]),
    [tagKey(TAG.PlanePositionSequence)]: encodedSequence([position]),
  };
}

function frameGroups(segmentNumber: number | undefined, positionIndex: number): Header {
  if (segmentNumber === undefined) return headerOf({ FrameContentSequence: [headerOf({ DimensionIndexValues: [positionIndex] })] });
  return headerOf({
    FrameContentSequence: [headerOf({ DimensionIndexValues: [segmentNumber, positionIndex] })],
    SegmentIdentificationSequence: [headerOf({ ReferencedSegmentNumber: segmentNumber })],
  });
}

function sliceAt(source: SegSource, k: number): SourceSlice {
  const slice = source.slices[k];
  if (slice === undefined) throw new AnteroomError('INTERNAL', `a mask has voxels on slice ${k} of a series of ${source.slices.length}`);
  return slice;
}
