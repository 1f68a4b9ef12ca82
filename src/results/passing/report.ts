/** Structured reports of models: they say something, of images that the run was given and of objects of the same run. */
import { parseInstance, type DataSet } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import type { ContentItem } from '../../dicom/sr/content-item.js';
import { segmentsIn } from '../../dicom/seg/read.js';
import { readReport, type StructuredReport } from '../../dicom/sr/read.js';
import { readRegularFile } from '../read-outputs.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, FormVerdict, PassingForm } from './form.js';
import { namedReasons } from './references.js';

export const REPORT: PassingForm = {
  name: 'a structured report',
  draws: false,
  async judge(dataset: DataSet, { siblings }: FormContext): Promise<FormVerdict> {
    const report = readReport(dataset);
    const items = itemsOf(report.root);
    const referred = items.flatMap(({ value }) => ('reference' in value ? value.reference.sopInstanceUid : []));
    const evidence = new Set(report.evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids));
    const unproven = [...new Set(referred)].filter((uid) => !evidence.has(uid));
    return {
      reasons: [
        ...judgeDocument(report),
        ...judgeVerifier(dataset),
        ...(await judgeParts(dataset, siblings)),
        ...namedReasons(unproven.map(unprovenReference)),
      ],
      empty: false,
      summary: { notes: [] },
    };
  },
};

/** It says something, and does not claim that a person has looked at it. */
function judgeDocument({ root, verificationFlag }: StructuredReport): GateReason[] {
  const reasons: GateReason[] = [];
  if (root.value.type !== 'CONTAINER') reasons.push({ check: 'format', seen: 'a root that is no container', expected: 'a CONTAINER' });
  else if (root.children.length === 0) reasons.push({ check: 'empty', seen: 'no content item', expected: 'at least one' });
  if (verificationFlag !== 'UNVERIFIED')
    reasons.push({
      check: 'format',
      seen: `VerificationFlag ${verificationFlag ?? 'absent'}`,
      expected: 'UNVERIFIED: nobody has looked at it',
    });
  return reasons;
}

function judgeVerifier(dataset: DataSet): GateReason[] {
  if (dataset.isEmpty(TAG.VerifyingObserverSequence)) return [];
  return [{ check: 'format', seen: 'a VerifyingObserverSequence', expected: 'none: nobody has looked at it' }];
}

/** Segments are numbered anew in our object, and frames ordered: a number in a report would then be another's. */
async function judgeParts(dataset: DataSet, siblings: FormContext['siblings']): Promise<GateReason[]> {
  const reasons: GateReason[] = [];
  for (const reference of itemsIn(dataset)) {
    const uid = reference.uid(TAG.ReferencedSOPInstanceUID) ?? '';
    const sibling = siblings.get(uid);
    if (sibling === undefined) continue;
    if (!reference.isEmpty(TAG.ReferencedFrameNumber))
      reasons.push({ check: 'reference', seen: `frames of ${uid}, another output`, expected: 'its segments, or all of it' });
    if (!reference.isEmpty(TAG.ReferencedSegmentNumber) && !(await isNumberedInOrder(sibling.path)))
      reasons.push({
        check: 'reference',
        seen: `segments of ${uid}, which are numbered anew`,
        expected: 'segments that are numbered 1, 2, 3 …',
      });
  }
  return reasons;
}

/** Of a segmentation, as it is read: the background of a label map is no segment of our object. */
async function isNumberedInOrder(path: string): Promise<boolean> {
  const { dataset } = parseInstance(await readRegularFile(path), { stopAtPixelData: true });
  return segmentsIn(dataset).segments.every(({ number }, index) => number === index + 1);
}

/** The data set, and every item at whatever depth. */
function itemsIn(dataset: DataSet): DataSet[] {
  return [dataset, ...[...dataset.elements()].flatMap(({ items = [] }) => items.flatMap(itemsIn))];
}

function unprovenReference(uid: string): GateReason {
  return {
    check: 'reference',
    seen: `${uid}, which the evidence sequence does not name`,
    expected: 'every reference in it (PS3.3 C.17.2)',
  };
}

function itemsOf(item: ContentItem): ContentItem[] {
  return [item, ...item.children.flatMap(itemsOf)];
}
