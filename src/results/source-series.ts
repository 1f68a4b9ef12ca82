/** The series that a model was run on, as the gate and the writer need it: read from the archive's files, headers only. */
import { join } from 'node:path';
import { readHead } from '../archive/read-head.js';
import type { DataSet } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { toHeader } from '../dicom/element/to-header.js';
import { planGrid, sliceFacts, type SliceFacts } from '../dicom/geometry/volume.js';
import type { SegSource } from '../dicom/seg/input.js';
import { AnteroomError } from '../foundation/errors.js';
import type { InstanceRow } from '../ledger/instances.js';

/** Reads the headers of a series. Throws GEOMETRY_REFUSED where the slices are no regular stack. */
export async function readSourceSeries(archiveFolder: string, instances: readonly InstanceRow[]): Promise<SegSource> {
  const [first] = instances;
  if (first === undefined) throw new AnteroomError('GEOMETRY_REFUSED', 'the source series has no instances');
  const datasets: DataSet[] = [];
  for (const instance of instances) datasets.push(await readHead(join(archiveFolder, instance.path)));
  const facts = datasets.map(sliceFacts);
  const slices = facts.flat();
  const { grid, order } = planGrid(slices);
  const dataset = datasets[0];
  return {
    header: toHeader(dataset),
    seriesInstanceUid: first.series_instance_uid,
    grid,
    slices: order.map((index): SliceFacts => slices[index]),
    imageOrientation: planeTexts(dataset, TAG.PlaneOrientationSequence, TAG.ImageOrientationPatient),
    pixelSpacing: planeTexts(dataset, TAG.PixelMeasuresSequence, TAG.PixelSpacing),
    sliceThickness: planeTexts(dataset, TAG.PixelMeasuresSequence, TAG.SliceThickness)[0],
    lossy: lossyOf(datasets),
  };
}

/** Values as written: in the data set itself or, for enhanced objects, in the functional groups (PS3.3 C.7.6.16). */
function planeTexts(dataset: DataSet, group: number, tag: number): string[] {
  const groups = [dataset.items(TAG.SharedFunctionalGroupsSequence)[0], dataset.items(TAG.PerFrameFunctionalGroupsSequence)[0]];
  const home = [dataset, ...groups.map((item) => item?.items(group)[0])].find((place) => place !== undefined && !place.isEmpty(tag));
  return home?.texts(tag) ?? [];
}

/** Compression with loss anywhere in the source must be said of what is derived from it (PS3.3 C.7.6.1.1.5). */
function lossyOf(datasets: readonly DataSet[]): SegSource['lossy'] {
  const lossy = datasets.find((dataset) => dataset.text(TAG.LossyImageCompression) === '01');
  return lossy && { ratios: lossy.texts(TAG.LossyImageCompressionRatio), methods: lossy.texts(TAG.LossyImageCompressionMethod) };
}
