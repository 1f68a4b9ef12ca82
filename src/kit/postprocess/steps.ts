/** What can be done to the mask of one structure, as settings of the module LabelMapPostprocessor. */
import { z } from 'zod';
import { oneStep } from '../one-step.js';

/** Every step may be for some structures only. */
const of = z.array(z.string()).min(1).optional().describe('Ids of the structures that it is done to; all by default.');
const mm = (text: string) => z.strictObject({ of, radius: z.number().positive().max(100).describe('Millimetres.') }).describe(text);

export const postprocessingStep = oneStep({
  remove_air_at_border: z
    .strictObject({ of, below: z.number().default(-300).describe('What counts as air, in the values of the series (HU).') })
    .describe('Takes out what lies in air that reaches the border of its slice: blankets, table foam, the room.'),
  keep_components: z
    .strictObject({
      of,
      above_percent_of_largest: z
        .number()
        .min(0)
        .max(100)
        .default(0)
        .describe('Components must be larger than this part of the largest one.'),
      largest: z.int().min(1).optional().describe('At most so many, the largest first.'),
      at_least_ml: z.number().min(0).default(0).describe('Components must have this volume.'),
    })
    .describe('Components of the volume; voxels that share a face are connected.'),
  fill_holes: z
    .strictObject({
      of,
      in: z.enum(['slices', 'volume']).default('slices').describe('Background that a slice, or the volume, encloses.'),
      up_to_mm2: z.number().positive().optional().describe('Only holes of a slice up to this area.'),
    })
    .describe('Fills holes.'),
  drop_below: z
    .strictObject({ of, ml: z.number().positive().describe('Millilitres.') })
    .describe('Drops a structure that is smaller than this as a whole.'),
  dilate_mm: mm('Grows by this distance.'),
  erode_mm: mm('Shrinks by this distance.'),
  close_mm: mm('Closes gaps and notches narrower than twice this.'),
});

export type PostprocessingStep = z.output<typeof postprocessingStep>;

/** The name of a step and the structures that it is for. */
export function stepName(step: PostprocessingStep): { readonly name: string; readonly of?: readonly string[] } {
  const [[name, options]] = Object.entries<{ readonly of?: readonly string[] }>(step);
  return { name, ...(options.of === undefined ? {} : { of: options.of }) };
}
