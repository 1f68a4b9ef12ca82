/** Two DICOM objects, by what they are: a line for each kind that is compared by its content. */
import { createHash } from 'node:crypto';
import { parseInstance, type ParsedInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { SOP_CLASS } from '../../dicom/element/uids.js';
import { readStructureSet } from '../../dicom/rtstruct/read.js';
import { readSeg, SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import { isStructuredReport, readReport } from '../../dicom/sr/read.js';
import type { CheckedFile } from './finding.js';
import { checkStructureSets } from './rtstruct-check.js';
import { checkSeg } from './seg-check.js';
import { checkSr } from './sr-check.js';

type CheckObjects = (reference: ParsedInstance, output: ParsedInstance) => CheckedFile;

const CHECKS: readonly { readonly isOf: (sopClassUid: string) => boolean; readonly check: CheckObjects }[] = [
  { isOf: (uid) => SEGMENTATION_SOP_CLASSES.includes(uid), check: (reference, output) => checkSeg(readSeg(reference), readSeg(output)) },
  {
    isOf: (uid) => uid === SOP_CLASS.RTStructureSetStorage,
    check: (reference, output) => checkStructureSets(readStructureSet(reference.dataset), readStructureSet(output.dataset)),
  },
  {
    isOf: isStructuredReport,
    check: (reference, output) => ({ check: checkSr(readReport(reference.dataset), readReport(output.dataset)), pictures: [] }),
  },
];

/** Compares two Part 10 files; those of no kind that is known here, or of two kinds, byte by byte. Throws what reading them throws. */
export function checkObjects(reference: Uint8Array, output: Uint8Array): CheckedFile {
  const both = [parseInstance(reference), parseInstance(output)] as const;
  const known = CHECKS.find(({ isOf }) => both.every(({ dataset }) => isOf(dataset.uid(TAG.SOPClassUID) ?? '')));
  return known === undefined ? checkBytes(reference, output) : known.check(...both);
}

/** Files of other kinds are the same or not. */
export function checkBytes(expected: Uint8Array, seen: Uint8Array): CheckedFile {
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const same = sum(expected) === sum(seen);
  const findings = same
    ? []
    : [{ label: 'Content', description: `${seen.length} bytes that are others than the ${expected.length} of the reference` }];
  return { check: { checker: 'FileContentCheck', notes: [], findings }, pictures: [] };
}
