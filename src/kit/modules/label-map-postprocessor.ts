/** Cleans a label map: a list of steps, each on the mask of each structure. */
import { z } from 'zod';
import type { Grid, LabelMap } from '../../dicom/geometry/grid.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext, Segmentation } from '../module.js';
import { applyStep, outerAir, partOf, sumOf } from '../postprocess/apply.js';
import type { StructurePart } from '../postprocess/apply.js';
import { postprocessingStep, stepName } from '../postprocess/steps.js';
import type { Mask } from '../../dicom/voxels/extent.js';

const settings = z.object({
  steps: z.array(postprocessingStep).min(1).describe('What is done, in this order: `- keep_components: { largest: 2 }`.'),
});

/** What grows takes background only: no step takes a voxel away from another structure. */
export class LabelMapPostprocessor extends CaseModule {
  static readonly does = 'cleans the label map: air at the border, components, holes, small structures, margins';
  static readonly settings = settings;
  readonly inputs = ['dicom', 'segmentation'] as const;
  readonly outputs = ['segmentation'] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
  }

  async work(one: Case, { log, progress }: ModuleContext): Promise<void> {
    const volume = await one.get('dicom').volume();
    const segmentation = one.get('segmentation');
    const { labelMap, structures } = segmentation;
    this.#refuseUnknown(structures);
    const airs = new Map<number, Mask>();
    const airBelow = (below: number) => {
      const air = airs.get(below) ?? outerAir(volume, below);
      airs.set(below, air);
      return air;
    };
    const labels = labelMap.labels.slice();
    for (const [n, { value, id }] of structures.entries()) {
      const part = this.#processed(labels, labelMap.grid, value, id, airBelow);
      if (part !== undefined) log('NOTICE', `${id}: ${changeText(labelMap, value, part)}`);
      if (part !== undefined) putBack(labels, labelMap.grid, value, part);
      progress((n + 1) / structures.length);
    }
    one.set('segmentation', { ...segmentation, labelMap: { grid: labelMap.grid, labels } });
  }

  /** The structure's mask after all steps that are for it; undefined where there is none. */
  #processed(
    labels: Uint8Array | Uint16Array,
    grid: Grid,
    value: number,
    id: string,
    airBelow: (below: number) => Mask,
  ): StructurePart | undefined {
    const steps = this.options.steps.filter((step) => stepName(step).of?.includes(id) ?? true);
    const start = partOf(labels, grid, value, steps);
    if (start === undefined) return undefined;
    return steps.reduce((part, step) => ({ box: part.box, mask: applyStep(part, grid, step, airBelow) }), start);
  }

  #refuseUnknown(structures: Segmentation['structures']): void {
    const known = structures.map(({ id }) => id);
    for (const step of this.options.steps) {
      const { name, of = [] } = stepName(step);
      const unknown = of.filter((id) => !known.includes(id));
      if (unknown.length > 0)
        throw new AnteroomError('MODEL_INVALID', `${name} is for ${unknown.join(', ')}; the label map has ${known.join(', ')}`);
    }
  }
}

function changeText({ labels, grid }: LabelMap, value: number, { mask }: StructurePart): string {
  let before = 0;
  for (let p = 0; p < labels.length; p++) if (labels[p] === value) before++;
  const ml = (voxels: number) => (voxels * voxelVolumeMl(grid)).toFixed(1);
  return `${ml(before)} ml → ${ml(sumOf(mask))} ml`;
}

function putBack(labels: Uint8Array | Uint16Array, grid: Grid, value: number, { box, mask }: StructurePart): void {
  for (let k = 0, from = 0; k < box.slices; k++) {
    for (let j = 0; j < box.rows; j++) {
      let at = ((k + box.k0) * grid.rows + j + box.j0) * grid.columns + box.i0;
      for (let i = 0; i < box.columns; i++, at++, from++) {
        if (labels[at] === value) labels[at] = mask[from] * value;
        else if (labels[at] === 0 && mask[from] === 1) labels[at] = value;
      }
    }
  }
}
