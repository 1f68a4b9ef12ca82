/** The model `lobes` as a step of a workflow: after a module that finds both lungs. */
import { z } from 'zod';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import { LOBE, splitLobes } from '../lungs/split-lobes.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext, Remark } from '../module.js';

const STRUCTURES = [
  { value: LOBE.rightUpper, id: 'RIGHT_UPPER_LUNG_LOBE' },
  { value: LOBE.rightMiddle, id: 'RIGHT_MIDDLE_LUNG_LOBE' },
  { value: LOBE.rightLower, id: 'RIGHT_LOWER_LUNG_LOBE' },
  { value: LOBE.leftUpper, id: 'LEFT_UPPER_LUNG_LOBE' },
  { value: LOBE.leftLower, id: 'LEFT_LOWER_LUNG_LOBE' },
] as const;

const LUNGS = ['RIGHT_LUNG', 'LEFT_LUNG'];

const REMARK: Remark = {
  word: 'approximation',
  text: 'Cut from the lung by planes of fixed direction and share, not along the fissures: neither its border nor its volume is anatomy.',
};

/** Cuts lungs into lobes by planes; the lungs' own labels go. */
export class LobeSplitter extends CaseModule {
  static readonly does = 'cuts both lungs into five lobes by planes (an approximation, not anatomy, not for clinical use)';
  static readonly settings = z.object({});
  readonly inputs = ['segmentation'] as const;
  readonly outputs = ['segmentation'] as const;
  override readonly structures = STRUCTURES.map(({ id }) => id);

  override structuresAfter(before: readonly string[]): readonly string[] {
    return before.filter((id) => !LUNGS.includes(id));
  }

  work(one: Case, { log }: ModuleContext): Promise<void> {
    const { labelMap, structures } = one.get('segmentation');
    const [right, left] = LUNGS.map((lung) => structures.find(({ id }) => id === lung)?.value);
    if (right === undefined || left === undefined) {
      const seen = structures.map(({ id }) => id).join(', ');
      throw new AnteroomError('MODEL_INVALID', `LobeSplitter needs ${LUNGS.join(' and ')} before it; the label map has ${seen}`);
    }
    const lobes = splitLobes(labelMap, { right, left });
    const voxels = new Float64Array(STRUCTURES.length + 1);
    for (const label of lobes.labels) voxels[label]++;
    const ml = ({ value, id }: (typeof STRUCTURES)[number]) => `${id} ${(voxels[value] * voxelVolumeMl(lobes.grid)).toFixed(0)} ml`;
    log('NOTICE', `${STRUCTURES.map(ml).join(', ')}: by planes, not by the fissures`);
    one.set('segmentation', { labelMap: lobes, structures: STRUCTURES.map((structure) => ({ ...structure, remark: REMARK })) });
    return Promise.resolve();
  }
}
