/** Two segmentations: segments by what their codes mean, their voxels by the metrics, and what they refer to. */
import type { Segmentation } from '../../dicom/seg/segmentation.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import { compareMasks } from '../metrics/compare-masks.js';
import { commonGrid, maskOf, type CommonGrid } from './common-grid.js';
import { differencePicture } from './difference-picture.js';
import type { CheckedFile, Picture, Remark } from './finding.js';
import { deviations, LEAST_DICE, measures } from './mask-remarks.js';
import { codesOf, namedSegments, type NamedSegment } from './segment-names.js';

/** Compares two segmentations. Only masks of one segment at a time, and of those that may have been mixed up, are in memory. */
export function checkSeg(reference: Segmentation, output: Segmentation): CheckedFile {
  const [expected, seen] = [namedSegments(reference), namedSegments(output)];
  const notes: Remark[] = [{ label: 'Segment Count', description: 'The number of segments in the output.', info: output.segments.length }];
  const findings: Remark[] = [...referenceFindings(reference, output)];
  const grid = commonGrid(reference, output);
  if ('seen' in grid) {
    findings.push({ label: 'Geometry', description: grid.seen });
    findings.push(...expected.filter((one) => partner(one, seen) === undefined).map(missing), ...extras(expected, seen));
    return { check: { checker: CHECKER, notes, findings }, pictures: [] };
  }
  const pair: Pair = { reference, output, expected, seen, grid };
  const pictures: Picture[] = [];
  for (const one of expected) {
    const other = partner(one, seen);
    if (other === undefined) findings.push(wrongCode(one, pair) ?? missing(one));
    else {
      const compared = compareSegment(one, other, pair);
      notes.push(...compared.notes);
      findings.push(...compared.findings);
      pictures.push(...compared.pictures);
    }
  }
  findings.push(...extras(expected, seen));
  return { check: { checker: CHECKER, notes, findings }, pictures };
}

const CHECKER = 'DicomsegContentCheck';

interface Pair {
  readonly reference: Segmentation;
  readonly output: Segmentation;
  readonly expected: readonly NamedSegment[];
  readonly seen: readonly NamedSegment[];
  readonly grid: CommonGrid;
}

function partner(one: NamedSegment, among: readonly NamedSegment[]): NamedSegment | undefined {
  return among.find(({ name }) => name === one.name);
}

function missing({ name, segment }: NamedSegment): Remark {
  return { label: 'Segment Missing', description: `no segment has the codes ${codesOf(segment.codes)}`, subpath: name };
}

function extras(expected: readonly NamedSegment[], seen: readonly NamedSegment[]): Remark[] {
  return seen
    .filter((one) => partner(one, expected) === undefined)
    .map(({ name, segment }) => ({ label: 'Segment Extra', description: `the reference has no ${codesOf(segment.codes)}`, subpath: name }));
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
  return { label: 'Segment Swapped', description: `has the voxels that ${other.name} has in the reference`, subpath: one.name };
}

/** A segment that only the output has, with the voxels of one that only the reference has. */
function wrongCode(one: NamedSegment, pair: Pair): Remark | undefined {
  const before = maskOf(pair.reference, one.segment.number, pair.grid);
  const other = pair.seen
    .filter((candidate) => partner(candidate, pair.expected) === undefined)
    .find(({ segment }) => sameVoxels(before, maskOf(pair.output, segment.number, pair.grid)));
  if (other === undefined) return undefined;
  const description = `its voxels have the codes ${codesOf(other.segment.codes)}, expected ${codesOf(one.segment.codes)}`;
  return { label: 'Segment Code', description, subpath: one.name };
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
