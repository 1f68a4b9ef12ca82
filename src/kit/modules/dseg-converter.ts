/** Makes a DICOM Segmentation of a label map. */
import { z } from 'zod';
import { writeSeg } from '../../dicom/seg/write.js';
import { writeLabelMap } from '../../dicom/seg/write-label-map.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { segInputOf, segSettings } from '../seg-input.js';

const unused = z
  .unknown()
  .optional()
  .describe(
    "Of MHub's workflow files; without a meaning here: empty slices are never written, and BodyPartExamined is that of the series.",
  );

const settings = segSettings.extend({
  series_number: z.int().min(1).default(42).describe('SeriesNumber of the object.'),
  segmentation_type: z
    .enum(['binary', 'labelmap'])
    .default('binary')
    .describe('`labelmap`: one number for each voxel, deflated; smaller where there are many structures, but not every tool reads it.'),
  skip_empty_slices: unused,
  body_part_examined: unused,
});

/** A DICOM Segmentation (PS3.3 A.51, A.89) on the grid of the source series, one segment per structure. */
export class DsegConverter extends CaseModule {
  static readonly does = 'makes a DICOM Segmentation of label maps';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs = [{ type: 'dicomseg', meta: { mod: 'seg' } }] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = [options.target_dicom, options.source_segs];
  }

  async work(one: Case, context: ModuleContext): Promise<void> {
    const model = { ...context.model, name: this.options.model_name ?? context.model.name };
    const write = this.options.segmentation_type === 'labelmap' ? writeLabelMap : writeSeg;
    const { bytes, notes } = write(await segInputOf(one, this.options, model));
    for (const { text } of notes) context.log('NOTICE', text);
    one.set('dicomseg', bytes, { meta: { mod: 'seg' } });
  }
}
