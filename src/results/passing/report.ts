/** Structured reports of models: they say something, of images that the run was given and of objects of the same run. */
import type { DataSet } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import type { ContentItem } from '../../dicom/sr/content-item.js';
import { segmentsIn } from '../../dicom/seg/read.js';
import { readReport, type StructuredReport } from '../../dicom/sr/read.js';
import { readRegularHead } from '../read-outputs.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, FormVerdict, PassingForm } from './form.js';
import { namedReasons } from './references.js';

/** References to parts of other outputs. A hundred structures with a measurement each have as many, lesions of a whole body some thousand. */
const MAX_PARTS = 10_000;

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
        ...namedReasons(unproven, unprovenReference),
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
  const parts = itemsIn(dataset).filter((item) => PARTS.some((part) => !item.isEmpty(part)) && siblings.has(referredTo(item)));
  if (parts.length > MAX_PARTS)
    return [{ check: 'reference', seen: `${parts.length} references to parts of other outputs`, expected: `at most ${MAX_PARTS}` }];
  const withPart = (part: number) => new Set(parts.filter((item) => !item.isEmpty(part)).map(referredTo));
  const [framed, segmented] = PARTS.map(withPart);
  const anew: string[] = [];
  for (const [uid, { path }] of siblings) if (segmented.has(uid) && !(await isNumberedInOrder(path))) anew.push(uid);
  return [...namedReasons([...framed], framesReason), ...namedReasons(anew, segmentsReason)];
}

const PARTS = [TAG.ReferencedFrameNumber, TAG.ReferencedSegmentNumber] as const;

const referredTo = (item: DataSet) => item.uid(TAG.ReferencedSOPInstanceUID) ?? '';

function framesReason(uid: string): GateReason {
  return { check: 'reference', seen: `frames of ${uid}, another output`, expected: 'its segments, or all of it' };
}

function segmentsReason(uid: string): GateReason {
  return { check: 'reference', seen: `segments of ${uid}, which are numbered anew`, expected: 'segments that are numbered 1, 2, 3 …' };
}

/** Of a segmentation, as it is read: the background of a label map is no segment of our object. */
async function isNumberedInOrder(path: string): Promise<boolean> {
  return segmentsIn(await readRegularHead(path)).segments.every(({ number }, index) => number === index + 1);
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
