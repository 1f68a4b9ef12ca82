/** A setting that is the id of a structure, such as `LEFT_LUNG` or `LIVER+NEOPLASM`. */
import { z } from 'zod';
import { structureById, STRUCTURES } from '../dicom/structures/table.js';
import { closest } from '../foundation/faults.js';

export const structureId = z.string().refine((id) => structureById(id) !== undefined, {
  error: ({ input }) => {
    const near = closest(
      String(input),
      STRUCTURES.map(({ id }) => id),
    );
    return `"${String(input)}" is no structure of the table${near === undefined ? '' : `; did you mean ${near}?`}`;
  },
});
