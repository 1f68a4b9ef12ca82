/** The model `lungs` as a step of a workflow. */
import { z } from 'zod';
import { DEFAULT_LUNG_SETTINGS, segmentLungs } from '../lungs/segment-lungs.js';
import { LEFT, RIGHT } from '../lungs/separate.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { encodeNrrd } from '../nrrd.js';

const defaults = DEFAULT_LUNG_SETTINGS;

const settings = z.object({
  closing_mm: z.number().min(0).max(30).default(defaults.closingMm).describe('Gaps and notches narrower than twice this are closed.'),
  largest_hole_mm2: z.number().min(0).default(defaults.largestHoleMm2).describe('Holes in a slice up to this area are filled.'),
  smallest_lung_ml: z
    .number()
    .min(1)
    .default(defaults.smallestLungMl)
    .describe('With less than this the series shows no lung, and the case fails.'),
});

const STRUCTURES = [
  { value: RIGHT, id: 'RIGHT_LUNG' },
  { value: LEFT, id: 'LEFT_LUNG' },
] as const;

/** How much of the time goes into decoding the series. */
const DECODING_SHARE = 0.2;

/** Leaves the label map, the same as NRRD, and a report with volumes and warnings as JSON. */
export class LungSegmenter extends CaseModule {
  static readonly does = 'segments right and left lung on chest CT (an example, not for clinical use)';
  static readonly settings = settings;
  readonly inputs = ['dicom'] as const;
  readonly outputs = ['segmentation', 'nrrd', 'json'] as const;
  override readonly structures = STRUCTURES.map(({ id }) => id);

  constructor(private readonly options: z.output<typeof settings>) {
    super();
  }

  async work(one: Case, { log, model, progress }: ModuleContext): Promise<void> {
    const volume = await one.get('dicom').volume();
    progress(DECODING_SHARE);
    const lungSettings = {
      closingMm: this.options.closing_mm,
      largestHoleMm2: this.options.largest_hole_mm2,
      smallestLungMl: this.options.smallest_lung_ml,
    };
    const { labelMap, volumesMl, warnings } = segmentLungs(volume, lungSettings, (fraction) => {
      progress(DECODING_SHARE + (1 - DECODING_SHARE) * fraction);
    });
    for (const warning of warnings) log('WARNING', warning);
    log('NOTICE', `right lung ${volumesMl.right.toFixed(0)} ml, left lung ${volumesMl.left.toFixed(0)} ml`);
    const report = {
      model: model.name,
      version: model.version,
      notice: 'An example. Not for clinical use.',
      seriesInstanceUID: one.sid,
      volumesMl: { RIGHT_LUNG: round(volumesMl.right), LEFT_LUNG: round(volumesMl.left) },
      warnings,
    };
    one.set('segmentation', { labelMap, structures: STRUCTURES });
    one.set('nrrd', encodeNrrd(labelMap, Object.fromEntries(STRUCTURES.map(({ value, id }) => [`label ${value}`, id]))));
    one.set('json', Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
  }
}

function round(ml: number): number {
  return Number(ml.toFixed(1));
}
