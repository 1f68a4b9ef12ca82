/** Label maps beside segmentations: the same voxels as objects of their own, for destinations that are known to take them. */
import { AnteroomError } from '../foundation/errors.js';
import type { OutputRow, ResultRow } from '../ledger/results.js';
import type { Accepted } from './judgement.js';

/** An accepted output with the row of its result. */
type Passed = Accepted & { readonly output: OutputRow; readonly row: ResultRow };

/** What is to be written: its row, which names it, and its maker. */
export interface Wanted {
  readonly row: ResultRow;
  readonly make: Accepted['make'];
}

/**
 * The label map of each segmentation, with the row that `rowOf` enters. Where another object of the model may refer to the segmentation, it has none:
 * the reference would lead to nothing at a destination that has the label map alone.
 */
export function labelMapsOf(passed: readonly Passed[], rowOf: (segmentation: Passed) => ResultRow): Wanted[] {
  const referring = passed.find(({ output, makeLabelMap }) => output.kind === 'dicom' && makeLabelMap === undefined);
  const refused = `${referring?.output.path ?? ''} may refer to the segmentation, which therefore goes as BINARY everywhere`;
  return passed.flatMap((one) => {
    const { makeLabelMap } = one;
    if (makeLabelMap === undefined || one.verdict.empty) return [];
    return [
      { row: rowOf(one), make: referring === undefined ? makeLabelMap : () => Promise.reject(new AnteroomError('GATE_REJECTED', refused)) },
    ];
  });
}
