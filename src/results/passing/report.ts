/** Structured reports of models: they say something, of images that the run was given and of objects of the same run. */
import { parseInstance, type DataSet } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import type { ContentItem } from '../../dicom/sr/content-item.js';
import { readReport, type StructuredReport } from '../../dicom/sr/read.js';
import { readRegularFile } from '../read-outputs.js';
import type { RunSources } from '../run-sources.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, FormVerdict, PassingForm } from './form.js';

/** At most so many references are named in the reasons. */
const MAX_NAMED = 3;

export const REPORT: PassingForm = {
  name: 'a structured report',
  draws: false,
  async judge(dataset: DataSet, { sources, siblings }: FormContext): Promise<FormVerdict> {
    const report = readReport(dataset);
    const items = itemsOf(report.root);
    const referred = items.flatMap(({ value }) => ('reference' in value ? value.reference.sopInstanceUid : []));
    const evidence = new Set(report.evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids));
    const known = new Set([...uidsOf(sources), ...siblings.keys()]);
    const strange = [...new Set([...referred, ...evidence])].filter((uid) => !known.has(uid));
    const unproven = [...new Set(referred)].filter((uid) => !evidence.has(uid));
    return {
      reasons: [
        ...judgeDocument(report),
        ...judgeVerifier(dataset),
        ...(await judgeParts(dataset, siblings)),
        ...references(strange, 'which is neither an input nor an output of the run', 'instances of these only'),
        ...references(unproven, 'which the evidence sequence does not name', 'every reference in it (PS3.3 C.17.2)'),
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
    const path = siblings.get(uid);
    if (path === undefined) continue;
    if (!reference.isEmpty(TAG.ReferencedFrameNumber))
      reasons.push({ check: 'reference', seen: `frames of ${uid}, another output`, expected: 'its segments, or all of it' });
    if (!reference.isEmpty(TAG.ReferencedSegmentNumber) && !(await isNumberedInOrder(path)))
      reasons.push({
        check: 'reference',
        seen: `segments of ${uid}, which are numbered anew`,
        expected: 'segments that are numbered 1, 2, 3 …',
      });
  }
  return reasons;
}

/** Of a segmentation; the background of a label map is none. */
async function isNumberedInOrder(path: string): Promise<boolean> {
  const { dataset } = parseInstance(await readRegularFile(path), { stopAtPixelData: true });
  const numbers = dataset.items(TAG.SegmentSequence).map((segment) => segment.number(TAG.SegmentNumber));
  return numbers.filter((number) => number !== 0).every((number, index) => number === index + 1);
}

/** The data set, and every item at whatever depth. */
function itemsIn(dataset: DataSet): DataSet[] {
  return [dataset, ...[...dataset.elements()].flatMap(({ items = [] }) => items.flatMap(itemsIn))];
}

function references(uids: readonly string[], why: string, expected: string): GateReason[] {
  const named = uids.slice(0, MAX_NAMED).map((uid): GateReason => ({ check: 'reference', seen: `${uid}, ${why}`, expected }));
  return uids.length <= MAX_NAMED
    ? named
    : [...named, { check: 'reference', seen: `${uids.length} such references in all`, expected: 'none' }];
}

function uidsOf({ inputs }: RunSources): string[] {
  return inputs.flatMap(({ instances }) => instances.map(({ sop_instance_uid }) => sop_instance_uid));
}

function itemsOf(item: ContentItem): ContentItem[] {
  return [item, ...item.children.flatMap(itemsOf)];
}
