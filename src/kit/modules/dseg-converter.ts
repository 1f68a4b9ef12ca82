/** Makes a DICOM Segmentation of a label map. */
import { z } from 'zod';
import { writeSeg } from '../../dicom/seg/write.js';
import { writeLabelMap } from '../../dicom/seg/write-label-map.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { query } from '../query.js';
import { segInputOf } from '../seg-input.js';

const unused = z
  .unknown()
  .optional()
  .describe(
    "Of MHub's workflow files; without a meaning here: empty slices are never written, and BodyPartExamined is that of the series.",
  );

const settings = z.object({
  model_name: z.string().min(1).optional().describe('Name of the algorithm in the object; that of the model card by default.'),
  series_number: z.int().min(1).default(42).describe('SeriesNumber of the object.'),
  segmentation_type: z
    .enum(['binary', 'labelmap'])
    .default('binary')
    .describe('`labelmap`: one number for each voxel, deflated; smaller where there are many structures, but not every tool reads it.'),
  source_segs: query
    .prefault('segmentation')
    .describe(
      'What is written: segmentations, or label maps in files, `nifti:mod=seg:roi=*`, whose `roi` names the structures of labels 1 to n.',
    ),
  target_dicom: query.prefault('dicom').describe('The series that it is written on; every label map must lie on its voxels.'),
  segment_id_meta_key: z.string().min(1).default('roi').describe('The metadata of a file that names its structures.'),
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
