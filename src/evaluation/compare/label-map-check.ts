/** Two label maps (MHA, NRRD, NIfTI) on one grid, label by label: their bytes may differ with the packing, their voxels must not. */
import { toAnteroomError } from '../../foundation/errors.js';
import type { Vec3 } from '../../dicom/geometry/grid.js';
import { readLabelMap, type LabelVolume } from '../../dicom/label-map/read.js';
import { compareMasks } from '../metrics/compare-masks.js';
import { differencePicture } from './difference-picture.js';
import type { CheckedFile, Picture, Remark } from './finding.js';
import { deviations, measures } from './mask-remarks.js';

const CHECKER = 'LabelMapContentCheck';
/** How far places may be off, in mm. */
const TOLERANCE_MM = 1e-3;

/** Whether a file may be one, by its name. */
export function isLabelMapName(name: string): boolean {
  return /\.(mha|nrrd|nii|nii\.gz)$/i.test(name);
}

/** Compares two files; `otherwise` is the answer where one of them is an image that is no label map, as one of fractions. */
export async function checkLabelMaps(name: string, expected: Uint8Array, seen: Uint8Array, otherwise: CheckedFile): Promise<CheckedFile> {
  let pair: [LabelVolume, LabelVolume];
  try {
    pair = [await readLabelMap(name, expected), await readLabelMap(name, seen)];
  } catch (thrown) {
    if (toAnteroomError(thrown).code === 'LABEL_MAP_REFUSED') return otherwise;
    throw thrown;
  }
  const [reference, output] = pair;
  const geometry = otherGrid(reference, output);
  if (geometry !== undefined)
    return { check: { checker: CHECKER, notes: [], findings: [{ label: 'Geometry', description: geometry }] }, pictures: [] };
  return compareLabels(reference, output);
}

function compareLabels(reference: LabelVolume, output: LabelVolume): CheckedFile {
  const [columns, rows, slices] = reference.size;
  const spacingMm = reference.stepsMm.map(([x, y, z]) => Math.hypot(x, y, z)) as unknown as Vec3;
  const [expected, seen] = [labelsIn(reference), labelsIn(output)];
  const [notes, findings, pictures]: [Remark[], Remark[], Picture[]] = [[], [], []];
  for (const label of expected.filter((one) => seen.includes(one))) {
    const subpath = `label ${label}`;
    const [before, after] = [maskOf(reference, label), maskOf(output, label)];
    const compared = compareMasks(before, after, { columns, rows, slices }, spacingMm);
    notes.push(...measures(compared).map((remark) => ({ ...remark, subpath })));
    const found = deviations(compared, Math.min(...spacingMm)).map((remark) => ({ ...remark, subpath }));
    findings.push(...found);
    if (found.length > 0) pictures.push({ title: subpath, bytes: differencePicture(before, after, { columns, rows, slices }, spacingMm) });
  }
  const only = (label: number, what: string, where: string) => ({
    label: what,
    description: `is only in ${where}`,
    subpath: `label ${label}`,
  });
  findings.push(...expected.filter((one) => !seen.includes(one)).map((one) => only(one, 'Label Missing', 'the reference')));
  findings.push(...seen.filter((one) => !expected.includes(one)).map((one) => only(one, 'Label Extra', 'the output')));
  return { check: { checker: CHECKER, notes, findings }, pictures };
}

function otherGrid(reference: LabelVolume, output: LabelVolume): string | undefined {
  if (reference.size.join() !== output.size.join()) return `${output.size.join(' × ')} voxels, expected ${reference.size.join(' × ')}`;
  const places = ({ originMm, stepsMm }: LabelVolume) => [...originMm, ...stepsMm.flat()];
  const [expected, seen] = [places(reference), places(output)];
  if (expected.every((mm, n) => Math.abs(mm - seen[n]) <= TOLERANCE_MM)) return undefined;
  return `origin and steps ${seen.map((mm) => mm.toFixed(3)).join(', ')} mm, expected ${expected.map((mm) => mm.toFixed(3)).join(', ')}`;
}

function labelsIn({ labels }: LabelVolume): number[] {
  return [...new Set(labels)].filter((label) => label !== 0).sort((a, b) => a - b);
}

function maskOf({ labels }: LabelVolume, label: number): Uint8Array {
  const mask = new Uint8Array(labels.length);
  for (let p = 0; p < labels.length; p++) if (labels[p] === label) mask[p] = 1;
  return mask;
}
