/** The attributes of a Segmentation (PS3.3 A.51, A.89) outside of its frames: patient to common instance reference. */
import { SOP_CLASS } from '../element/uids.js';
import type { Keyword } from '../element/tags.js';
import type { Header } from '../header.js';
import { patientAndStudy, takenOver } from '../patient-and-study.js';
import { labFromRgb } from '../structures/cielab.js';
import { dcm } from '../structures/code.js';
import { segmentCodes } from '../structures/code-items.js';
import { codeItem, headerOf } from '../compose.js';
import type { Attributes } from '../compose.js';
import { contributingEquipment, equipmentAttributes } from '../equipment.js';
import type { SegInput, SegmentInput, SegSource } from './input.js';

/** Attributes of the source series that the segmentation shares, beside those of patient and study. */
const OF_SERIES: readonly Keyword[] = ['BodyPartExamined', 'Laterality', 'PositionReferenceIndicator'];

const ARTIFICIAL_INTELLIGENCE = dcm('123110', 'Artificial Intelligence');

/** How voxels are kept: a bit for each segment, or one number that says of which segment a voxel is. */
export type VoxelForm = { readonly type: 'BINARY' } | { readonly type: 'LABELMAP'; readonly bits: 8 | 16 };

/** Everything but frames, functional groups and pixels. */
export function objectHeader(input: SegInput, overlap: boolean, form: VoxelForm): Header {
  return {
    ...headerOf({ PositionReferenceIndicator: [] }),
    ...patientAndStudy(input.source.header),
    ...takenOver(input.source.header, OF_SERIES),
    ...headerOf({
      SpecificCharacterSet: 'ISO_IR 192',
      ...series(input),
      ...image(input),
      ...pixelsOf(form),
      FrameOfReferenceUID: input.source.grid.frameOfReferenceUid,
      SegmentsOverlap: overlap ? 'YES' : 'NO',
      SegmentSequence: input.segments.map((segment, index) => segmentItem(segment, index + 1)),
      ReferencedSeriesSequence: [referencedSeries(input.source)],
      ContributingEquipmentSequence: someOf(
        input.provenance.contributors.map((one) =>
          contributingEquipment(one, `${input.identity.contentDate}${input.identity.contentTime}`),
        ),
      ),
    }),
  };
}

/** Series and equipment: PS3.3 C.7.3.1, C.8.20.1, C.7.5.1, C.7.5.2. */
function series({ identity, provenance }: SegInput): Attributes {
  return {
    Modality: 'SEG',
    SeriesInstanceUID: identity.seriesInstanceUid,
    SeriesNumber: identity.seriesNumber,
    SeriesDate: identity.contentDate,
    SeriesTime: identity.contentTime,
    SeriesDescription: identity.seriesDescription,
    ...equipmentAttributes(provenance.equipment),
  };
}

/** SOP common, general image and segmentation image: PS3.3 C.12.1, C.7.6.1, C.8.20.2. Voxels are never compressed with loss: LossyImageCompression speaks of the source. */
function image({ identity, source }: SegInput): Attributes {
  return {
    SOPInstanceUID: identity.sopInstanceUid,
    InstanceCreationDate: identity.contentDate,
    InstanceCreationTime: identity.contentTime,
    InstanceNumber: 1,
    ContentDate: identity.contentDate,
    ContentTime: identity.contentTime,
    ContentLabel: 'SEGMENTATION',
    ContentDescription: identity.contentDescription ?? [],
    ContentCreatorName: [],
    ImageType: ['DERIVED', 'PRIMARY'],
    BurnedInAnnotation: 'NO',
    LossyImageCompression: source.lossy === undefined ? '00' : '01',
    LossyImageCompressionRatio: someOf(source.lossy?.ratios ?? []),
    LossyImageCompressionMethod: someOf(source.lossy?.methods ?? []),
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    PixelRepresentation: 0,
    Rows: source.grid.rows,
    Columns: source.grid.columns,
  };
}

/**
 * The background of a label map is its padding, and no segment (PS3.3 C.8.20.2.3 leaves both open): viewers that take colours by the place of a segment
 * in SegmentSequence show all of them shifted where it begins with segment 0.
 */
function pixelsOf(form: VoxelForm): Attributes {
  if (form.type === 'BINARY')
    return { SOPClassUID: SOP_CLASS.SegmentationStorage, SegmentationType: form.type, BitsAllocated: 1, BitsStored: 1, HighBit: 0 };
  return {
    SOPClassUID: SOP_CLASS.LabelMapSegmentationStorage,
    SegmentationType: form.type,
    BitsAllocated: form.bits,
    BitsStored: form.bits,
    HighBit: form.bits - 1,
    PixelPaddingValue: 0,
  };
}

/** A list, or undefined (left out) where it is empty. */
function someOf<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** An item of SegmentSequence: PS3.3 C.8.20.4. */
function segmentItem(segment: SegmentInput, number: number): Header {
  const { meaning, algorithm } = segment;
  return headerOf({
    SegmentNumber: number,
    SegmentLabel: segment.label,
    SegmentDescription: segment.description,
    SegmentAlgorithmType: algorithm.type,
    SegmentAlgorithmName: algorithm.name,
    SegmentationAlgorithmIdentificationSequence: [algorithmItem(segment)],
    ...segmentCodes(meaning, 'SegmentedPropertyTypeCodeSequence'),
    RecommendedDisplayCIELabValue: labFromRgb(segment.colour),
    TrackingID: segment.tracking.id,
    TrackingUID: segment.tracking.uid,
  });
}

function algorithmItem({ algorithm }: SegmentInput): Header {
  return headerOf({
    AlgorithmFamilyCodeSequence: [codeItem(algorithm.family ?? ARTIFICIAL_INTELLIGENCE)],
    AlgorithmName: algorithm.name,
    AlgorithmVersion: algorithm.version,
    AlgorithmParameters: algorithm.parameters,
    AlgorithmSource: algorithm.source,
  });
}

/** PS3.3 C.12.2 common instance reference: all instances of the source, whether a frame lies on them or not. */
function referencedSeries(source: SegSource): Header {
  const instances = new Map(source.slices.map((slice) => [slice.sopInstanceUid, slice.sopClassUid]));
  return headerOf({
    SeriesInstanceUID: source.seriesInstanceUid,
    ReferencedInstanceSequence: [...instances].map(([sopInstanceUid, sopClassUid]) =>
      headerOf({ ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid }),
    ),
  });
}
