/** Two label maps on one grid, label by label. */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { LabelVolume } from '../../dicom/label-map/read.js';
import { valuesIn } from '../../dicom/seg/mask.js';
import { compareMasks } from '../metrics/compare-masks.js';
import { differencePicture } from './difference-picture.js';
import type { CheckedFile, Picture, Remark } from './finding.js';
import { deviations, measures } from './mask-remarks.js';

export type Labels = LabelVolume['labels'];

/** Compares the labels of two files; `place` is that of both. */
export function checkLabels(place: Omit<LabelVolume, 'labels'>, reference: Labels, output: Labels): CheckedFile {
  const [columns, rows, slices] = place.size;
  const spacingMm = place.stepsMm.map(([x, y, z]) => Math.hypot(x, y, z)) as unknown as Vec3;
  const [expected, seen] = [valuesIn(reference), valuesIn(output)].map((values) => [...values]);
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
  return { check: { checker: 'LabelMapContentCheck', notes, findings }, pictures };
}

function maskOf(labels: Labels, label: number): Uint8Array {
  const mask = new Uint8Array(labels.length);
  for (let p = 0; p < labels.length; p++) if (labels[p] === label) mask[p] = 1;
  return mask;
}
