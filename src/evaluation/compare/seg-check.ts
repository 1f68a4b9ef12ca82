/** Two segmentations: segments by what their codes mean, their voxels by the metrics, and what they refer to. */
import type { Segmentation } from '../../dicom/seg/segmentation.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import { compareMasks } from '../metrics/compare-masks.js';
import { commonGrid, maskOf, type CommonGrid } from './common-grid.js';
import { differencePicture } from './difference-picture.js';
import type { CheckedFile, Picture, Remark } from './finding.js';
import { deviations, LEAST_DICE, measures } from './mask-remarks.js';
import { namedSegments, type NamedSegment } from './segment-names.js';

/** Compares two segmentations. Only masks of one segment at a time, and of those that may have been mixed up, are in memory. */
export function checkSeg(reference: Segmentation, output: Segmentation): CheckedFile {
  const [expected, seen] = [reference, output].map((segmentation) => ({ segmentation, named: namedSegments(segmentation) }));
  return checkSegments(expected, seen, commonGrid(reference, output), { checker: 'DicomsegContentCheck', what: 'Segment' });
}

/** An object as a segmentation, its segments under the names by which they are found in the other one. */
export interface Side {
  readonly segmentation: Segmentation;
  readonly named: readonly NamedSegment[];
}

/** How a check speaks of what it compares. */
export interface Speech {
  readonly checker: string;
  /** `Segment` or `ROI`. */
  readonly what: string;
}

/** `checkSeg` for objects of any kind, on a grid that is known, or where it is not, in words, why. */
export function checkSegments(reference: Side, output: Side, grid: CommonGrid | { readonly seen: string }, speech: Speech): CheckedFile {
  const { checker, what } = speech;
  const [expected, seen] = [reference.named, output.named];
  const count = seen.length;
  const notes: Remark[] = [
    { label: `${what} Count`, description: `The number of ${what === 'ROI' ? 'ROIs' : 'segments'} in the output.`, info: count },
  ];
  const findings: Remark[] = [...referenceFindings(reference.segmentation, output.segmentation)];
  if ('seen' in grid) {
    findings.push({ label: 'Geometry', description: grid.seen });
    findings.push(...expected.filter((one) => partner(one, seen) === undefined).map((one) => missing(one, what)));
    findings.push(...extras(expected, seen, what));
    return { check: { checker, notes, findings }, pictures: [] };
  }
  const pair: Pair = { reference: reference.segmentation, output: output.segmentation, expected, seen, grid, what };
  const pictures: Picture[] = [];
  for (const one of expected) {
    const other = partner(one, seen);
    if (other === undefined) findings.push(wrongCode(one, pair) ?? missing(one, what));
    else {
      const compared = compareSegment(one, other, pair);
      notes.push(...compared.notes);
      findings.push(...compared.findings);
      pictures.push(...compared.pictures);
    }
  }
  findings.push(...extras(expected, seen, what));
  return { check: { checker, notes, findings }, pictures };
}

interface Pair {
  readonly reference: Segmentation;
  readonly output: Segmentation;
  readonly expected: readonly NamedSegment[];
  readonly seen: readonly NamedSegment[];
  readonly grid: CommonGrid;
  readonly what: string;
}

function partner(one: NamedSegment, among: readonly NamedSegment[]): NamedSegment | undefined {
  return among.find(({ name }) => name === one.name);
}

function missing({ name, meaning }: NamedSegment, what: string): Remark {
  return { label: `${what} Missing`, description: `nothing in the output has ${meaning}`, subpath: name };
}

function extras(expected: readonly NamedSegment[], seen: readonly NamedSegment[], what: string): Remark[] {
  return seen
    .filter((one) => partner(one, expected) === undefined)
    .map(({ name, meaning }) => ({ label: `${what} Extra`, description: `nothing in the reference has ${meaning}`, subpath: name }));
}

function compareSegment(one: NamedSegment, other: NamedSegment, pair: Pair): { notes: Remark[]; findings: Remark[]; pictures: Picture[] } {
  const { extent, spacingMm } = pair.grid;
  const [before, after] = [maskOf(pair.reference, one.segment.number, pair.grid), maskOf(pair.output, other.segment.number, pair.grid)];
  const compared = compareMasks(before, after, extent, spacingMm);
  const subpath = one.name;
  const notes = measures(compared).map((remark) => ({ ...remark, subpath }));
  const { voxels } = compared;
  if (voxels.reference === voxels.both && voxels.output === voxels.both)
    return { notes: [...notes, { label: 'Voxels', description: 'equal', subpath }], findings: [], pictures: [] };
  const findings: Remark[] = deviations(compared, Math.min(...spacingMm)).map((remark) => ({ ...remark, subpath }));
  const swapped = findings.length > 0 ? swappedWith(one, after, pair) : undefined;
  if (swapped !== undefined) findings.unshift(swapped);
  const pictures = findings.length === 0 ? [] : [{ title: one.name, bytes: differencePicture(before, after, extent, spacingMm) }];
  return { notes, findings, pictures };
}

/** The voxels that the reference has under another name. */
function swappedWith(one: NamedSegment, after: Mask, pair: Pair): Remark | undefined {
  const other = pair.expected.find(
    (candidate) => candidate !== one && sameVoxels(maskOf(pair.reference, candidate.segment.number, pair.grid), after),
  );
  if (other === undefined) return undefined;
  return { label: `${pair.what} Swapped`, description: `has the voxels that ${other.name} has in the reference`, subpath: one.name };
}

/** A segment that only the output has, with the voxels of one that only the reference has. */
function wrongCode(one: NamedSegment, pair: Pair): Remark | undefined {
  const before = maskOf(pair.reference, one.segment.number, pair.grid);
  const other = pair.seen
    .filter((candidate) => partner(candidate, pair.expected) === undefined)
    .find(({ segment }) => sameVoxels(before, maskOf(pair.output, segment.number, pair.grid)));
  if (other === undefined) return undefined;
  const description = `its voxels have ${other.meaning}, expected ${one.meaning}`;
  return { label: `${pair.what} Code`, description, subpath: one.name };
}

function sameVoxels(a: Mask, b: Mask): boolean {
  let [size, both] = [0, 0];
  for (let p = 0; p < a.length; p++) {
    size += a[p] + b[p];
    both += a[p] & b[p];
  }
  return size > 0 && (2 * both) / size >= LEAST_DICE;
}

/** What the objects are about must be the same images of the same patient. */
function referenceFindings(reference: Segmentation, output: Segmentation): Remark[] {
  const images = ({ referencedSeries }: Segmentation) =>
    referencedSeries
      .map(({ seriesInstanceUid, sopInstanceUids }) => `${seriesInstanceUid} ${[...sopInstanceUids].sort().join(' ')}`)
      .sort()
      .join('; ');
  const pairs: [string, string, string][] = [
    ['StudyInstanceUID', reference.studyInstanceUid, output.studyInstanceUid],
    ['FrameOfReferenceUID', reference.frameOfReferenceUid, output.frameOfReferenceUid],
    ['PatientID', reference.patientId, output.patientId],
    ['ReferencedSeriesSequence', images(reference), images(output)],
  ];
  return pairs
    .filter(([, expected, seen]) => expected !== seen)
    .map(([name]) => ({ label: 'References', description: `${name} is another than in the reference`, subpath: name }));
}
