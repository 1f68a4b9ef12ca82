/**
 * Writes RT Structure Sets (PS3.3 A.19) of masks on the grid of their source series: from the same input as a segmentation, so that either
 * form says the same. In Implicit VR Little Endian: ContourData of many points is longer than Explicit VR lets a DS be (PS3.5 7.1.2).
 */
import { headerOf, type Attributes } from '../compose.js';
import { TAG, tagKey } from '../element/tags.js';
import { encodeImplicitDataSet, fileMeta } from '../element/write.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { contributingEquipment, equipmentAttributes } from '../equipment.js';
import { voxelToPatient, voxelVolumeMl, type Grid, type SourceSlice } from '../geometry/grid.js';
import { firstText, type Header } from '../header.js';
import { patientAndStudy, takenOver } from '../patient-and-study.js';
import type { SegInput, SegmentInput, SegSource } from '../seg/input.js';
import { voxelCount } from '../seg/mask.js';
import { segmentCodes } from '../structures/code-items.js';
import { CATEGORY, isConcept } from '../structures/code.js';
import { outlinesOf } from './outlines.js';

/** How far an outline may be moved to spare points, in voxels: less than what moves it over the centre of one (`outlines.ts`). */
export const DEFAULT_TOLERANCE_VOXELS = 0.34;

/** Detached Study Management, retired: what RTReferencedStudySequence has always referred to, and what readers look for. */
const STUDY_SOP_CLASS = '1.2.840.10008.3.1.2.3.1';

/** The structure set of `input` as a DICOM file. The same input gives the same bytes. A segment without voxels is a region without contours. */
export function writeStructureSet(input: SegInput, toleranceVoxels = DEFAULT_TOLERANCE_VOXELS): Uint8Array {
  const meta = fileMeta({
    sopClassUid: SOP_CLASS.RTStructureSetStorage,
    sopInstanceUid: input.identity.sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.ImplicitVRLittleEndian,
  });
  return Buffer.concat([meta, encodeImplicitDataSet({ ...objectHeader(input), ...regions(input, toleranceVoxels) })]);
}

/** Patient, study, series, equipment, frame of reference, structure set and approval (PS3.3 C.8.8.1, C.8.8.5, C.8.8.16). */
function objectHeader({ source, identity, provenance }: SegInput): Header {
  const { contentDate, contentTime, seriesDescription } = identity;
  return {
    ...patientAndStudy(source.header),
    ...headerOf({ PositionReferenceIndicator: [], OperatorsName: [] }),
    ...takenOver(source.header, ['BodyPartExamined', 'PositionReferenceIndicator']),
    ...headerOf({
      SOPClassUID: SOP_CLASS.RTStructureSetStorage,
      SOPInstanceUID: identity.sopInstanceUid,
      InstanceCreationDate: contentDate,
      InstanceCreationTime: contentTime,
      InstanceNumber: 1,
      Modality: 'RTSTRUCT',
      SeriesInstanceUID: identity.seriesInstanceUid,
      SeriesNumber: identity.seriesNumber,
      SeriesDate: contentDate,
      SeriesTime: contentTime,
      SeriesDescription: seriesDescription,
      ...equipmentAttributes(provenance.equipment),
      ContributingEquipmentSequence: provenance.contributors.map((one) => contributingEquipment(one, `${contentDate}${contentTime}`)),
      FrameOfReferenceUID: source.grid.frameOfReferenceUid,
      StructureSetLabel: seriesDescription.slice(0, 16).trim(),
      StructureSetName: seriesDescription,
      StructureSetDescription: identity.contentDescription,
      StructureSetDate: contentDate,
      StructureSetTime: contentTime,
      ReferencedFrameOfReferenceSequence: [references(source)],
      ApprovalStatus: 'UNAPPROVED',
    }),
  };
}

/** The images that were segmented: all of the series, whether a contour lies on them or not. */
function references({ grid, header, seriesInstanceUid, slices }: SegSource): Header {
  const images = [...new Map(slices.map((slice) => [slice.sopInstanceUid, slice])).values()];
  const series = headerOf({
    SeriesInstanceUID: seriesInstanceUid,
    ContourImageSequence: images.map(({ sopClassUid, sopInstanceUid }) =>
      headerOf({ ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid }),
    ),
  });
  return headerOf({
    FrameOfReferenceUID: grid.frameOfReferenceUid,
    RTReferencedStudySequence: [
      headerOf({
        ReferencedSOPClassUID: STUDY_SOP_CLASS,
        ReferencedSOPInstanceUID: firstText(header, tagKey(TAG.StudyInstanceUID)) ?? '',
        RTReferencedSeriesSequence: [series],
      }),
    ],
  });
}

/** The regions: PS3.3 C.8.8.5, C.8.8.6 and C.8.8.8. They are numbered 1..N in the order of the segments. */
function regions({ segments, source }: SegInput, toleranceVoxels: number): Header {
  return headerOf({
    StructureSetROISequence: segments.map((segment, n) => roi(segment, n + 1, source.grid)),
    ROIContourSequence: segments.map((segment, n) => roiContour(segment, n + 1, source, toleranceVoxels)),
    RTROIObservationsSequence: segments.map((segment, n) => observation(segment, n + 1)),
  });
}

function roi({ label, description, algorithm, mask }: SegmentInput, number: number, grid: Grid): Header {
  return headerOf({
    ROINumber: number,
    ReferencedFrameOfReferenceUID: grid.frameOfReferenceUid,
    ROIName: label,
    ROIDescription: description,
    ROIVolume: Number((voxelCount(mask) * voxelVolumeMl(grid)).toFixed(3)),
    ROIGenerationAlgorithm: algorithm.type,
    ROIGenerationDescription: [algorithm.name, algorithm.version, algorithm.parameters].filter((part) => part !== undefined).join(' '),
  });
}

function roiContour({ mask, colour }: SegmentInput, number: number, source: SegSource, toleranceVoxels: number): Header {
  const { rows, columns } = source.grid;
  const contours = mask.slices.flatMap((k) =>
    outlinesOf(mask.slice(k), rows, columns, toleranceVoxels).map((outline) => contour(outline, k, source)),
  );
  return headerOf({
    ROIDisplayColor: colour,
    ContourSequence: contours.length === 0 ? undefined : contours.map((item, n) => ({ ...item, ...headerOf({ ContourNumber: n + 1 }) })),
    ReferencedROINumber: number,
  });
}

function contour(outline: Float64Array, k: number, { grid, slices }: SegSource): Header {
  return headerOf({
    ContourImageSequence: [imageOf(slices[k])],
    ContourGeometricType: 'CLOSED_PLANAR',
    NumberOfContourPoints: outline.length / 2,
    ContourData: contourData(outline, k, grid),
  });
}

function imageOf({ sopClassUid, sopInstanceUid, frameNumber }: SourceSlice): Header {
  return headerOf({ ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid, ReferencedFrameNumber: frameNumber });
}

/** Coordinates in LPS mm, to a hundredth of a voxel or finer: what the tolerance leaves between outline and centres is more. */
function contourData(outline: Float64Array, k: number, grid: Grid): string[] {
  const decimals = Math.max(2, Math.ceil(-Math.log10(Math.min(grid.spacingMm[0], grid.spacingMm[1]) / 100)));
  const texts: string[] = [];
  for (let n = 0; n < outline.length; n += 2)
    for (const mm of voxelToPatient(grid, outline[n], outline[n + 1], k)) texts.push(String(Number(mm.toFixed(decimals))));
  return texts;
}

/** What a region is, for programs: type and side in codes, and ORGAN where it is anatomy (PS3.3 C.8.8.8.1). */
function observation({ label, meaning }: SegmentInput, number: number): Header {
  const observed: Attributes = {
    ObservationNumber: number,
    ReferencedROINumber: number,
    ROIObservationLabel: label.slice(0, 16).trim(),
    ...segmentCodes(meaning, 'RTROIIdentificationCodeSequence'),
    RTROIInterpretedType: isConcept(meaning.category, CATEGORY.anatomy) ? 'ORGAN' : [],
    ROIInterpreter: [],
  };
  return headerOf(observed);
}
