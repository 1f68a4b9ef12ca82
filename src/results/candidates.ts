/** Which outputs of a run may become results. */
import { join } from 'node:path';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { REPORT_SOP_CLASS } from '../dicom/sr/write.js';
import { AnteroomError } from '../foundation/errors.js';
import type { OutputRow, ResultRow } from '../ledger/results.js';
import { namedFile, type AnswerPromise } from '../models/answers.js';
import type { LabelMapYaml } from '../models/model-yaml.js';
import type { ReportYaml } from '../models/report-yaml.js';
import type { Siblings } from './passing/form.js';
import { PASSING_FORMS } from './passing/forms.js';
import { classifyOutputs, type OutputCandidate, type OutputKind } from './read-outputs.js';

/** UIDs that the standard gives (PS3.6 annex A). */
const DICOM_ROOT = '1.2.840.10008.';

/** An output that may become a result, and what it is. */
export interface Candidate extends Omit<OutputCandidate, 'path' | 'kind'> {
  readonly output: OutputRow;
  readonly kind: OutputKind | 'report';
  /** What model.yaml says of it: of a file that is no DICOM object. */
  readonly labelMap?: LabelMapYaml;
  readonly report?: ReportYaml;
}

/** The outputs that may become results: segmentations, label maps and answers that become an object, and objects that pass as they are. */
export async function candidatesOf(folder: string, outputs: readonly OutputRow[], promise: AnswerPromise): Promise<Candidate[]> {
  const objects = outputs.filter((output) => output.kind === 'dicom');
  const classified = await classifyOutputs(
    folder,
    objects.map((output) => output.path),
  );
  const kinds = new Map(objects.map((output, index) => [output, classified[index]]));
  return outputs.flatMap((output): Candidate[] => {
    const object = kinds.get(output);
    if (object === undefined) return namedCandidate(output, promise);
    return object.kind === 'seg' || PASSING_FORMS[object.kind] !== undefined ? [{ ...object, output }] : [];
  });
}

function namedCandidate(output: OutputRow, { labelMaps, reports }: AnswerPromise): Candidate[] {
  const [labelMap, report] = [namedFile(output.path, labelMaps), namedFile(output.path, reports)];
  if (labelMap !== undefined) return [{ output, kind: 'other', labelMap }];
  return report === undefined ? [] : [{ output, kind: 'report', report }];
}

/** The SOP class of the result that is made of it. */
export function resultClassOf({ kind, sopClassUid }: Candidate): string {
  if (kind === 'report') return REPORT_SOP_CLASS;
  return PASSING_FORMS[kind] === undefined || sopClassUid === undefined ? SOP_CLASS.SegmentationStorage : sopClassUid;
}

/** Where the card promises a segmentation some output must be one, and there is each file that model.yaml makes a report of. Throws GATE_REJECTED. */
export function demandPromised(candidates: readonly Candidate[], { segmentation, reports }: AnswerPromise): void {
  const drawn = candidates.some(
    ({ kind }) => kind === 'seg' || kind === 'other' || (kind !== 'report' && PASSING_FORMS[kind]?.draws === true),
  );
  if (segmentation && !drawn) throw new AnteroomError('GATE_REJECTED', 'no DICOM-SEG among the outputs; expected one, or an RTSTRUCT');
  const missing = reports.filter((report) => !candidates.some(({ output }) => namedFile(output.path, [report]) !== undefined));
  if (missing.length === 0) return;
  const files = missing.map(({ file }) => file).join(', ');
  throw new AnteroomError('GATE_REJECTED', `no file ${files} among the outputs, of which model.yaml makes a report; expected one of each`);
}

/**
 * What the UIDs of outputs become, so that results refer to results. Nothing can refer to a series that several outputs are in. What an
 * output has in common with its image (some models copy its UIDs) stays the image's, and a UID of the standard what it is.
 */
export function resultUidsByOutput(
  entered: readonly (Candidate & { readonly row: ResultRow })[],
  foreign: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const uids = new Map<string, string>();
  for (const { seriesInstanceUid, sopInstanceUid, row } of entered) {
    const together = entered.filter((other) => other.seriesInstanceUid === seriesInstanceUid).length;
    if (seriesInstanceUid !== undefined && together === 1) uids.set(seriesInstanceUid, row.series_instance_uid);
    if (sopInstanceUid !== undefined) uids.set(sopInstanceUid, row.sop_instance_uid);
  }
  return new Map([...uids].filter(([uid]) => !foreign.has(uid) && !uid.startsWith(DICOM_ROOT)));
}

/** The DICOM objects among the candidates, as one of them may refer to another. */
export function siblingsAmong(candidates: readonly Candidate[], folder: string, resultUids: ReadonlyMap<string, string>): Siblings {
  return new Map(
    candidates.flatMap((candidate) => {
      const { sopInstanceUid, sopClassUid, seriesInstanceUid, output } = candidate;
      if (sopInstanceUid === undefined) return [];
      const own = seriesInstanceUid !== undefined && resultUids.has(seriesInstanceUid) ? seriesInstanceUid : undefined;
      const classes = { sopClassUid, resultClassUid: resultClassOf(candidate) };
      return [[sopInstanceUid, { path: join(folder, output.path), ...classes, seriesInstanceUid: own }] as const];
    }),
  );
}
