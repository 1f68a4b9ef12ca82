/** What the writers of segmentations and structure sets are told of a case: either form says the same. */
import { z } from 'zod';
import { isLossy } from '../dicom/codec/pixels.js';
import { formatDecimal } from '../dicom/element/decimal.js';
import { TAG } from '../dicom/element/tags.js';
import { toHeader } from '../dicom/element/to-header.js';
import type { Volume } from '../dicom/geometry/grid.js';
import type { SegIdentity, SegInput, SegmentInput, SegSource } from '../dicom/seg/input.js';
import { masksOfLabels, unionOf } from '../dicom/seg/mask.js';
import { dcm } from '../dicom/structures/code.js';
import { meaningOf, structureById } from '../dicom/structures/table.js';
import { AnteroomError } from '../foundation/errors.js';
import { newUid, uidFromName } from '../foundation/ids.js';
import type { Case, DicomSeries, ModelIdentity, Segmentation } from './module.js';
import { query } from './query.js';
import { segmentationOf } from './segmentation-of.js';

/** CID 7005. */
const PROCESSING_EQUIPMENT = dcm('109102', 'Processing Equipment');

/** Settings that the modules have in common. */
export const segSettings = z.object({
  model_name: z.string().min(1).optional().describe('Name of the algorithm in the object; that of the model card by default.'),
  source_segs: query
    .prefault('segmentation')
    .describe(
      'What is written: segmentations, or label maps in files, `nifti:mod=seg:roi=*`, whose `roi` names the structures of labels 1 to n.',
    ),
  target_dicom: query.prefault('dicom').describe('The series that it is written on; every label map must lie on its voxels.'),
  segment_id_meta_key: z.string().min(1).default('roi').describe('The metadata of a file that names its structures.'),
});

type SegSettings = z.output<typeof segSettings> & { readonly series_number: number };

/** One segment for each structure of the label maps that are asked for, on the grid of their series. */
export async function segInputOf(one: Case, settings: SegSettings, model: ModelIdentity): Promise<SegInput> {
  const series = one.series(settings.target_dicom);
  const volume = await series.volume();
  const sources = one.matching(settings.source_segs);
  const maps = await Promise.all(sources.map((item) => segmentationOf(item, volume.grid, settings.segment_id_meta_key)));
  return {
    source: sourceOf(series, volume),
    segments: maps.flatMap((segmentation) => segmentsOf(segmentation, series.seriesInstanceUid, model)),
    identity: identityOf(model, settings.series_number),
    provenance: {
      equipment: { manufacturer: 'Anteroom', modelName: 'Anteroom kit', deviceSerialNumber: 'none', softwareVersions: [model.version] },
      contributors: [{ purpose: PROCESSING_EQUIPMENT, manufacturer: 'Anteroom', modelName: model.name, softwareVersions: [model.version] }],
    },
    // Labels of one map cannot overlap; of several, and of wholes beside their parts, the writer looks.
    ...(maps.length === 1 && maps[0].wholes === undefined ? { segmentsOverlap: false } : {}),
  };
}

function sourceOf({ seriesInstanceUid, instances }: DicomSeries, { grid, slices }: Volume): SegSource {
  const { dataset } = instances[0];
  const written = (tag: number, values: readonly number[]) => (dataset.isEmpty(tag) ? values.map(formatDecimal) : dataset.texts(tag));
  const sliceThickness = dataset.text(TAG.SliceThickness);
  const lossy = instances.filter(isLossy).map((instance) => instance.dataset);
  return {
    header: toHeader(dataset),
    seriesInstanceUid,
    grid,
    slices,
    imageOrientation: written(TAG.ImageOrientationPatient, [...grid.iDirection, ...grid.jDirection]),
    pixelSpacing: written(TAG.PixelSpacing, [grid.spacingMm[1], grid.spacingMm[0]]),
    ...(sliceThickness === undefined ? {} : { sliceThickness }),
    ...(lossy.length === 0
      ? {}
      : { lossy: { ratios: lossy[0].texts(TAG.LossyImageCompressionRatio), methods: lossy[0].texts(TAG.LossyImageCompressionMethod) } }),
  };
}

function segmentsOf({ labelMap, structures, wholes = [] }: Segmentation, sid: string, model: ModelIdentity): SegmentInput[] {
  const shown = [...structures.map(({ value, ...structure }) => ({ ...structure, values: [value] })), ...wholes];
  const values = [...new Set(shown.flatMap((structure) => structure.values))];
  const masks = masksOfLabels(labelMap, values);
  const maskOf = (value: number) => masks[values.indexOf(value)];
  return shown.map(({ id, values: own, remark }) => {
    const structure = structureById(id);
    if (structure === undefined) throw new AnteroomError('INTERNAL', `the structure ${id} is not in the table of structures`);
    return {
      label: remark === undefined ? structure.name : `${structure.name} (${remark.word})`,
      ...(remark === undefined ? {} : { description: remark.text }),
      meaning: meaningOf(structure),
      algorithm: { type: 'AUTOMATIC', name: model.name, version: model.version },
      tracking: { id, uid: uidFromName(`${sid}/${model.name}/${id}`) },
      colour: structure.colour,
      mask: unionOf(own.map(maskOf)),
    };
  });
}

function identityOf(model: ModelIdentity, seriesNumber: number): SegIdentity {
  const [contentDate, contentTime] = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return {
    sopInstanceUid: newUid(),
    seriesInstanceUid: newUid(),
    seriesNumber,
    contentDate,
    contentTime,
    seriesDescription: `${model.title} ${model.version}`,
  };
}
