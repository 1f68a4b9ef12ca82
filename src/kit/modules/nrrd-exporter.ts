/** The label map as a file that 3D Slicer, ITK and plastimatch read. */
import { z } from 'zod';
import { CaseModule } from '../module.js';
import type { Case } from '../module.js';
import { encodeNrrd } from '../nrrd.js';

/** The label map as it is at this step, on the grid of the series, as NRRD. */
export class NrrdExporter extends CaseModule {
  static readonly does = 'makes an NRRD file of the label map';
  static readonly settings = z.object({});
  readonly inputs = ['segmentation'] as const;
  readonly outputs = ['nrrd'] as const;

  work(one: Case): Promise<void> {
    const { labelMap, structures, wholes = [] } = one.get('segmentation');
    const notes = [
      ...structures.map(({ value, id }) => [`label ${value}`, id] as const),
      ...wholes.map(({ values, id }) => [`labels ${values.join(' ')}`, id] as const),
    ];
    one.set('nrrd', encodeNrrd(labelMap, Object.fromEntries(notes)));
    return Promise.resolve();
  }
}
