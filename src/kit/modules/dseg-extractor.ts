/** DICOM Segmentations as label maps on the grid of the image that they were drawn on. */
import { z } from 'zod';
import { parseInstance } from '../../dicom/element/parse.js';
import type { LabelMap, Volume } from '../../dicom/geometry/grid.js';
import { placeFrame, placementGrid } from '../../dicom/seg/placement.js';
import { readSeg } from '../../dicom/seg/read.js';
import type { Segment } from '../../dicom/seg/segmentation.js';
import { structureOf } from '../../dicom/structures/table.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Segmentation } from '../items.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { query } from '../query.js';
import { structureId } from '../structure-id.js';

const settings = z.object({
  in_datas: query.prefault('dicomseg').describe('Which segmentations are read.'),
  target_dicom: query.prefault('dicom').describe('The series on whose grid they lie.'),
  separate: z
    .boolean()
    .default(false)
    .describe('True: a segmentation for each structure; false: one label map, which segments that overlap cannot be.'),
  roi: z
    .record(z.string(), structureId)
    .default({})
    .describe('The structure of a segment by its label, where its codes are not known: `Tumour: LIVER+NEOPLASM`.'),
});

/** Nothing is resampled: a frame that lies elsewhere than the slices of the series is refused. */
export class DsegExtractor extends CaseModule {
  static readonly does = 'makes label maps of DICOM Segmentations';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs = ['segmentation'] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = [options.in_datas, options.target_dicom];
  }

  async work(one: Case, { log }: ModuleContext): Promise<void> {
    const volume = await one.series(this.options.target_dicom).volume();
    for (const item of one.matching(this.options.in_datas)) {
      if (item.type !== 'dicomseg') throw new AnteroomError('CASE_DATA_OTHER', `${item.type}, expected a DICOM Segmentation`);
      for (const segmentation of this.#extract(item.value, volume)) {
        log('NOTICE', segmentation.structures.map(({ id }) => id).join(', '));
        one.add('segmentation', segmentation);
      }
    }
  }

  #extract(bytes: Uint8Array, volume: Volume): Segmentation[] {
    const { segments, frames, rows, columns } = readSeg(parseInstance(bytes));
    const structures = segments.map((segment, n) => ({ number: segment.number, value: n + 1, id: this.#idOf(segment) }));
    const groups = this.options.separate ? structures.map((structure) => [{ ...structure, value: 1 }]) : [structures];
    const onto = placementGrid(volume.grid, volume.slices);
    return groups.map((group) => {
      const labelMap = emptyMap(volume, group.length);
      for (const frame of frames) {
        const structure = group.find(({ number }) => number === frame.segmentNumber);
        if (structure === undefined) continue;
        const placement = placeFrame(frame, rows, columns, onto);
        if ('seen' in placement) throw new AnteroomError('CASE_DATA_OTHER', `${placement.seen}, expected ${placement.expected}`);
        draw(labelMap, placement.k, placement.toSlice(frame.unpack()), structure.value);
      }
      return { labelMap, structures: group.map(({ value, id }) => ({ value, id })) };
    });
  }

  #idOf({ label, codes }: Segment): string {
    const id = Object.hasOwn(this.options.roi, label) ? this.options.roi[label] : structureOf(codes, label)?.id;
    if (id !== undefined) return id;
    throw new AnteroomError('CASE_DATA_OTHER', `segment "${label}" is no structure that the kit knows; \`roi\` can name it`);
  }
}

function emptyMap({ grid }: Volume, values: number): LabelMap {
  const voxels = grid.columns * grid.rows * grid.slices;
  return { grid, labels: values > 255 ? new Uint16Array(voxels) : new Uint8Array(voxels) };
}

function draw({ grid, labels }: LabelMap, k: number, mask: Uint8Array, value: number): void {
  const start = k * grid.rows * grid.columns;
  for (let n = 0; n < mask.length; n++) {
    if (mask[n] === 0) continue;
    if (labels[start + n] !== 0 && labels[start + n] !== value)
      throw new AnteroomError('CASE_DATA_OTHER', 'segments that overlap, which one label map cannot hold; set `separate: true`');
    labels[start + n] = value;
  }
}
