/** The gate for objects that leave as they are: what all kinds have in common, then what their own kind has. */
import { parseInstance, type DataSet, type ParsedInstance } from '../../dicom/element/parse.js';
import { TAG, tagKey } from '../../dicom/element/tags.js';
import { firstText, type Header, type PersonName } from '../../dicom/header.js';
import { isUid } from '../../foundation/ids.js';
import { judgeBelonging } from '../belonging.js';
import type { Judgement } from '../judgement.js';
import { readOr } from '../judgement.js';
import { readRegularFile, type OutputCandidate } from '../read-outputs.js';
import type { RunSources } from '../run-sources.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, PassingForm, Sibling, Siblings } from './form.js';
import { makeObject } from './make-object.js';
import { judgeReferences, referencesIn } from './references.js';

type OutputUids = Pick<OutputCandidate, 'sopClassUid' | 'sopInstanceUid' | 'seriesInstanceUid'>;

/** Structure sets of a whole body have some ten megabytes; their numbers become texts, which take several times as much memory. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/** Judges a file of an output folder. `taken`: what its beginning says. Throws what is not the file's own fault. */
export async function judgeObject(path: string, taken: OutputUids, form: PassingForm, context: FormContext): Promise<Judgement> {
  const expected = `${form.name} that can be read`;
  const read = await readOr(async () => parseInstance(await readRegularFile(path, MAX_OBJECT_BYTES)), expected);
  if ('passed' in read) return { verdict: read };
  const outside = [...judgeClassified(read.dataset, taken), ...(await judgeIdentity(read, context.sources))];
  if (outside.length > 0) return { verdict: { passed: false, reasons: outside } };
  const verdict = await readOr(() => form.judge(read.dataset, context), expected);
  if ('passed' in verdict) return { verdict };
  const references = referencesIn(read.dataset);
  // What the form says of references is nearer to them.
  const reasons = verdict.reasons.length > 0 ? verdict.reasons : await judgeReferences(references, context.sources, context.siblings);
  if (reasons.length > 0) return { verdict: { passed: false, reasons } };
  return {
    verdict: { passed: true, empty: verdict.empty },
    ...(verdict.regions === undefined ? {} : { regions: verdict.regions }),
    references: new Set(references.map(({ uid }) => uid)),
    make: (order) => makeObject(read, verdict, order, { classes: classesOf(context.siblings), judge: again(form, context) }),
  };
}

/** The SOP class of the result in the place of each output. */
function classesOf(siblings: Siblings): ReadonlyMap<string, string> {
  return new Map([...siblings].map(([uid, { resultClassUid }]) => [uid, resultClassUid]));
}

/** Judges the written object like the container's, beside the results in place of the outputs. */
function again(form: PassingForm, context: FormContext) {
  return async (written: ParsedInstance, uids: ReadonlyMap<string, string>): Promise<readonly GateReason[]> => {
    const under = (uid: string) => uids.get(uid) ?? uid;
    const renamed = (one: Sibling): Sibling => ({
      ...one,
      sopClassUid: one.resultClassUid,
      seriesInstanceUid: one.seriesInstanceUid && under(one.seriesInstanceUid),
    });
    const siblings = new Map([...context.siblings].map(([uid, one]) => [under(uid), renamed(one)] as const));
    const { reasons } = await form.judge(written.dataset, { ...context, siblings });
    return [
      ...(await judgeIdentity(written, context.sources)),
      ...reasons,
      ...(await judgeReferences(referencesIn(written.dataset), context.sources, siblings)),
    ];
  };
}

/** What the file was taken for by its beginning is what it is as a whole: an element may come twice. */
function judgeClassified(dataset: DataSet, taken: OutputUids): GateReason[] {
  const named = [
    ['SOPClassUID', dataset.uid(TAG.SOPClassUID), taken.sopClassUid],
    ['SOPInstanceUID', dataset.uid(TAG.SOPInstanceUID), taken.sopInstanceUid],
    ['SeriesInstanceUID', dataset.uid(TAG.SeriesInstanceUID), taken.seriesInstanceUid],
  ] as const;
  return named.flatMap(([keyword, seen, expected]): GateReason[] =>
    seen === expected
      ? []
      : [{ check: 'uids', seen: `${keyword} ${seen ?? 'absent'}`, expected: `${expected ?? 'none'}, as its beginning says` }],
  );
}

/** Patient, study, and UIDs that are the object's own. */
async function judgeIdentity(instance: ParsedInstance, sources: RunSources): Promise<GateReason[]> {
  const { dataset } = instance;
  const belonging = {
    patientId: dataset.text(TAG.PatientID) ?? '',
    issuerOfPatientId: dataset.text(TAG.IssuerOfPatientID) ?? '',
    studyInstanceUid: dataset.uid(TAG.StudyInstanceUID) ?? '',
  };
  const header = await sources.header();
  return [...judgeUids(instance, await sources.foreignUids()), ...judgeBelonging(belonging, header), ...judgeDemographics(dataset, header)];
}

/** Who the patient is and which order this was, where the object says it: told by keyword alone. */
function judgeDemographics(dataset: DataSet, source: Header): GateReason[] {
  const name = source[tagKey(TAG.PatientName)]?.Value?.[0] as PersonName | undefined;
  const compared = [
    ['PatientName', bareName(dataset.text(TAG.PatientName)), bareName(name?.Alphabetic)],
    ...(['PatientBirthDate', 'PatientSex', 'AccessionNumber'] as const).map(
      (keyword) => [keyword, dataset.text(TAG[keyword]) ?? '', (firstText(source, tagKey(TAG[keyword])) ?? '').trim()] as const,
    ),
  ] as const;
  return compared.flatMap(([keyword, seen, expected]): GateReason[] =>
    seen === '' || seen === expected
      ? []
      : [{ check: 'patient', seen: `another ${keyword} than that of the source`, expected: 'the same or none' }],
  );
}

/** The alphabetic group without empty components at its end (PS3.5 6.2.1). */
function bareName(name = ''): string {
  return name.split('=')[0].replace(/[\^\s]+$/, '');
}

function judgeUids(
  { dataset, mediaStorageSopClassUid, mediaStorageSopInstanceUid }: ParsedInstance,
  foreign: ReadonlySet<string>,
): GateReason[] {
  const reasons: GateReason[] = [];
  for (const [keyword, tag] of [
    ['SOPInstanceUID', TAG.SOPInstanceUID],
    ['SeriesInstanceUID', TAG.SeriesInstanceUID],
  ] as const) {
    const uid = dataset.uid(tag) ?? '';
    if (!isUid(uid)) reasons.push({ check: 'uids', seen: `${keyword} ${uid || 'absent'}`, expected: 'a UID' });
    else if (foreign.has(uid)) reasons.push({ check: 'uids', seen: `${keyword} ${uid}, which is an input's`, expected: 'one of its own' });
  }
  const named = [
    ['SOPClassUID', mediaStorageSopClassUid, dataset.uid(TAG.SOPClassUID)],
    ['SOPInstanceUID', mediaStorageSopInstanceUid, dataset.uid(TAG.SOPInstanceUID)],
  ] as const;
  for (const [keyword, inMeta, inDataSet] of named) {
    if (inMeta !== undefined && inMeta !== inDataSet)
      reasons.push({ check: 'uids', seen: `${keyword} ${inMeta} in the file meta information`, expected: inDataSet ?? 'none' });
  }
  return reasons;
}
