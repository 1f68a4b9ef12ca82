/** Makes an RT Structure Set of a label map. */
import { z } from 'zod';
import { DEFAULT_TOLERANCE_VOXELS, writeStructureSet } from '../../dicom/rtstruct/write.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { segInputOf, segSettings } from '../seg-input.js';

const settings = segSettings.extend({
  series_number: z.int().min(1).default(43).describe('SeriesNumber of the object.'),
  names: z
    .record(z.string(), z.string().min(1).max(64))
    .default({})
    .describe('ROINames by the ids of structures, such as those of TG-263 (`LEFT_LUNG: Lung_L`); the names of the table by default.'),
  tolerance_voxels: z
    .number()
    .min(0)
    .max(DEFAULT_TOLERANCE_VOXELS)
    .default(DEFAULT_TOLERANCE_VOXELS)
    .describe('How far outlines are moved to spare points. No voxel changes sides; 0 keeps every corner.'),
});

/** An RT Structure Set (PS3.3 A.19), one region for each structure, holes as keyholes; drawn again it gives the same voxels. */
export class RtStructConverter extends CaseModule {
  static readonly does = 'makes an RT Structure Set of the label map';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs = [{ type: 'rtstruct', meta: { mod: 'rtstruct' } }] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = [options.target_dicom, options.source_segs];
  }

  async work(one: Case, context: ModuleContext): Promise<void> {
    const { model_name: name = context.model.name, names, tolerance_voxels: tolerance } = this.options;
    const input = await segInputOf(one, this.options, { ...context.model, name });
    const segments = input.segments.map((segment) => ({ ...segment, label: names[segment.tracking.id] ?? segment.label }));
    one.set('rtstruct', writeStructureSet({ ...input, segments }, tolerance), { meta: { mod: 'rtstruct' } });
  }
}
