/** Which outputs of a run may become results. */
import { AnteroomError } from '../foundation/errors.js';
import type { OutputRow, ResultRow } from '../ledger/results.js';
import { labelMapOf, type AnswerPromise } from '../models/answers.js';
import { PASSING_FORMS } from './passing/forms.js';
import { classifyOutputs, type OutputCandidate } from './read-outputs.js';

/** An output that may become a result, and what it is. */
export interface Candidate extends Omit<OutputCandidate, 'path'> {
  readonly output: OutputRow;
}

/** The outputs that may become results: segmentations, label maps that become one, and objects that pass as they are. */
export async function candidatesOf(folder: string, outputs: readonly OutputRow[], { labelMaps }: AnswerPromise): Promise<Candidate[]> {
  const objects = outputs.filter((output) => output.kind === 'dicom');
  const classified = await classifyOutputs(
    folder,
    objects.map((output) => output.path),
  );
  const kinds = new Map(objects.map((output, index) => [output, classified[index]]));
  return outputs.flatMap((output): Candidate[] => {
    const object = kinds.get(output);
    if (object === undefined) return labelMapOf(output.path, labelMaps) === undefined ? [] : [{ output, kind: 'other' }];
    return object.kind === 'seg' || PASSING_FORMS[object.kind] !== undefined ? [{ ...object, output }] : [];
  });
}

/** Where the card promises a segmentation, some output must be one. Throws GATE_REJECTED. */
export function demandDrawing(candidates: readonly Candidate[], { segmentation }: AnswerPromise): void {
  const drawn = candidates.some(({ kind }) => kind === 'seg' || kind === 'other' || PASSING_FORMS[kind]?.draws === true);
  if (segmentation && !drawn) throw new AnteroomError('GATE_REJECTED', 'no DICOM-SEG among the outputs; expected one, or an RTSTRUCT');
}

/** What the UIDs of outputs become, so that results refer to results. Nothing can refer to a series that several outputs are in. */
export function resultUidsByOutput(entered: readonly (Candidate & { readonly row: ResultRow })[]): ReadonlyMap<string, string> {
  const uids = new Map<string, string>();
  for (const { seriesInstanceUid, sopInstanceUid, row } of entered) {
    const together = entered.filter((other) => other.seriesInstanceUid === seriesInstanceUid).length;
    if (seriesInstanceUid !== undefined && together === 1) uids.set(seriesInstanceUid, row.series_instance_uid);
    if (sopInstanceUid !== undefined) uids.set(sopInstanceUid, row.sop_instance_uid);
  }
  return uids;
}
