/** Lists of steps in workflow files: each item is one key, the name of the step, with its options. */
import { z } from 'zod';

/** An item of such a list: exactly one of the keys of `steps`. */
export function oneStep<S extends z.ZodRawShape>(steps: S) {
  return z
    .strictObject(steps)
    .partial()
    .superRefine((item, context) => {
      const keys = Object.keys(item);
      if (keys.length === 1) return;
      const seen = keys.length === 0 ? '' : `has ${keys.join(' and ')}, `;
      context.addIssue({ code: 'custom', message: `${seen}must be exactly one of ${Object.keys(steps).join(', ')}` });
    });
}
