/** Two structured reports: their trees item by item, by what the codes mean, numbers within the tolerance. */
import { CONCEPT } from '../../dicom/sr/concepts.js';
import type { ContentItem, ContentValue, ObjectReference } from '../../dicom/sr/content-item.js';
import type { StructuredReport } from '../../dicom/sr/read.js';
import { SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import type { Code } from '../../dicom/structures/code.js';
import type { Check, Remark } from './finding.js';
import { sameNumber } from './numbers.js';

const CHECKER = 'DicomsrContentCheck';

/** At most so many differences are named. */
const MAX_FINDINGS = 50;

/**
 * Compares two reports. Meanings of codes are not compared, for they may be translated; nor are dates and times, UIDs of the objects, of
 * their observers and of tracking, and those of segmentations, which are others with each run.
 */
export function checkSr(reference: StructuredReport, output: StructuredReport): Check {
  const findings = [...referenceFindings(reference, output), ...differences(reference.root, output.root, nameOf(reference.root))];
  const items = countOf(output.root);
  return {
    checker: CHECKER,
    notes: [{ label: 'Content Items', description: 'The number of content items in the output.', info: items }],
    findings: findings.slice(0, MAX_FINDINGS),
  };
}

function countOf(item: ContentItem): number {
  return item.children.reduce((sum, child) => sum + countOf(child), 1);
}

function differences(expected: ContentItem, seen: ContentItem, path: string): Remark[] {
  const own = differs(expected.value, seen.value);
  const [before, after] = [keyed(expected), keyed(seen)];
  const step = (child: ContentItem) => `${path} / ${nameOf(child)}`;
  return [
    ...(own === undefined ? [] : [{ label: 'SR Value', description: own, subpath: path }]),
    ...[...before].flatMap(([key, child]) => {
      const other = after.get(key);
      if (other === undefined) return [{ label: 'SR Item', description: 'is missing in the output', subpath: step(child) }];
      return differences(child, other, step(child));
    }),
    ...[...after]
      .filter(([key]) => !before.has(key))
      .map(([, child]) => ({ label: 'SR Item', description: 'is only in the output', subpath: step(child) })),
  ];
}

/** What an item holds, each by what it is found by in the other report; counted where one comes again. */
function keyed({ children }: ContentItem): Map<string, ContentItem> {
  const seen = new Map<string, number>();
  return new Map(
    children
      .filter(({ value }) => !CHANGING.includes(value.type))
      .map((child) => {
        const { concept } = child;
        const key = `${concept === undefined ? child.value.type : `${concept.scheme} ${concept.value}`}${whichOf(child)}`;
        const count = (seen.get(key) ?? 0) + 1;
        seen.set(key, count);
        return [`${key} ${count}`, child];
      }),
  );
}

/** What is another with each run. */
const CHANGING: readonly ContentValue['type'][] = ['DATE', 'TIME', 'DATETIME', 'UIDREF'];

/** An item, for people. */
function nameOf(item: ContentItem): string {
  const { concept, value } = item;
  return `${concept === undefined ? value.type : concept.meaning || concept.value}${whichOf(item)}`;
}

/** Tells items of one concept apart: a group by its identifier, an image by which one it is. */
function whichOf({ value, children }: ContentItem): string {
  if ('reference' in value) return ` ${referenceText(value.reference)}`;
  const identifier = children.find(({ concept }) => concept !== undefined && sameCode(concept, CONCEPT.trackingIdentifier));
  return identifier?.value.type === 'TEXT' ? ` "${identifier.value.text}"` : '';
}

/** How two values differ, in words; undefined where they do not. */
function differs(expected: ContentValue, seen: ContentValue): string | undefined {
  if (expected.type !== seen.type) return `is ${valueText(seen)}, expected ${valueText(expected)}`;
  return sameValue(expected, seen) ? undefined : `is ${valueText(seen)}, expected ${valueText(expected)}`;
}

/** Both of the same type. */
function sameValue(expected: ContentValue, seen: ContentValue): boolean {
  switch (expected.type) {
    case 'CODE':
      return seen.type === 'CODE' && sameCode(expected.code, seen.code);
    case 'NUM':
      return seen.type === 'NUM' && sameMeasurement(expected, seen);
    case 'SCOORD':
    case 'SCOORD3D':
      return 'coordinates' in seen && expected.graphicType === seen.graphicType && sameNumbers(expected.coordinates, seen.coordinates);
    default:
      return valueText(expected) === valueText(seen);
  }
}

type NumberValue = Extract<ContentValue, { type: 'NUM' }>;

function sameMeasurement(expected: NumberValue, seen: NumberValue): boolean {
  if ('qualifier' in expected) return 'qualifier' in seen && sameCode(expected.qualifier, seen.qualifier);
  return 'value' in seen && sameCode(expected.unit, seen.unit) && sameNumber(expected.value, seen.value);
}

function sameNumbers(expected: readonly number[], seen: readonly number[]): boolean {
  return expected.length === seen.length && expected.every((value, n) => sameNumber(value, seen[n]));
}

function sameCode(one: Code, other: Code): boolean {
  return one.scheme === other.scheme && one.value === other.value;
}

function valueText(value: ContentValue): string {
  switch (value.type) {
    case 'CONTAINER':
      return `a container${value.template === undefined ? '' : ` of template ${value.template}`}`;
    case 'CODE':
      return codeText(value.code);
    case 'NUM':
      return 'qualifier' in value ? `no number (${codeText(value.qualifier)})` : `${value.value} ${value.unit.value}`;
    case 'UIDREF':
      return value.uid;
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM':
      return referenceText(value.reference);
    case 'SCOORD':
    case 'SCOORD3D':
      return `${value.graphicType} ${value.coordinates.slice(0, 6).join(', ')}`;
    case 'OTHER':
      return `an item of type ${value.valueType || 'none'}`;
    default:
      return JSON.stringify(value.text);
  }
}

function codeText({ value, scheme, meaning }: Code): string {
  return `${value} ${scheme} "${meaning}"`;
}

function referenceText({ sopClassUid, sopInstanceUid, segmentNumbers = [] }: ObjectReference): string {
  if (!SEGMENTATION_SOP_CLASSES.includes(sopClassUid)) return sopInstanceUid;
  return `a segmentation${segmentNumbers.length === 0 ? '' : `, segment ${segmentNumbers.join(', ')}`}`;
}

/** The reports must be about the same images of the same patient; segmentations among them are the run's own. */
function referenceFindings(reference: StructuredReport, output: StructuredReport): Remark[] {
  const pairs: [string, string, string][] = [
    ['StudyInstanceUID', reference.studyInstanceUid, output.studyInstanceUid],
    ['PatientID', reference.patientId, output.patientId],
    ['CurrentRequestedProcedureEvidenceSequence', imagesOf(reference), imagesOf(output)],
  ];
  return pairs
    .filter(([, expected, seen]) => expected !== seen)
    .map(([name]) => ({ label: 'References', description: `${name} is another than in the reference`, subpath: name }));
}

function imagesOf({ root, evidence }: StructuredReport): string {
  const drawn = new Set(segmentationsIn(root));
  const images = evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids).filter((uid) => !drawn.has(uid));
  return images.sort().join(' ');
}

function segmentationsIn({ value, children }: ContentItem): string[] {
  const own =
    'reference' in value && SEGMENTATION_SOP_CLASSES.includes(value.reference.sopClassUid) ? [value.reference.sopInstanceUid] : [];
  return [...own, ...children.flatMap(segmentationsIn)];
}
