/** Two images of a tool (MHA, NRRD, NIfTI) on one grid: their bytes may differ with the packing, their voxels must not. */
import { openVolume, type StoredVolume } from '../../dicom/label-map/read.js';
import { labelsOf } from '../../dicom/label-map/voxels.js';
import { toAnteroomError } from '../../foundation/errors.js';
import type { CheckedFile } from './finding.js';
import { checkImages } from './image-check.js';
import { checkLabels } from './label-map-check.js';

/** How far places may be off, in mm. */
const TOLERANCE_MM = 1e-3;

/** Whether a file may be one, by its name. */
export function isVolumeName(name: string): boolean {
  return /\.(mha|nrrd|nii|nii\.gz)$/i.test(name);
}

/** Compares two files, label by label or value by value; `otherwise` is the answer where one of them cannot be read as an image. */
export async function checkVolumes(name: string, expected: Uint8Array, seen: Uint8Array, otherwise: CheckedFile): Promise<CheckedFile> {
  const files = await unlessRefused(async () => [await openVolume(name, expected), await openVolume(name, seen)] as const);
  if (files === undefined) return otherwise;
  const [reference, output] = files;
  const geometry = otherGrid(reference, output);
  if (geometry !== undefined) {
    const findings = [{ label: 'Geometry', description: geometry }];
    return { check: { checker: 'GeometryCheck', notes: [], findings }, pictures: [] };
  }
  const labels = await unlessRefused(() => [reference, output].map(({ size, voxels }) => labelsOf(size, voxels)));
  if (labels !== undefined) return checkLabels(reference, labels[0], labels[1]);
  return (await unlessRefused(() => ({ check: checkImages(reference, output), pictures: [] }))) ?? otherwise;
}

async function unlessRefused<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (toAnteroomError(thrown).code === 'LABEL_MAP_REFUSED') return undefined;
    throw thrown;
  }
}

function otherGrid(reference: StoredVolume, output: StoredVolume): string | undefined {
  if (reference.size.join() !== output.size.join()) return `${output.size.join(' × ')} voxels, expected ${reference.size.join(' × ')}`;
  const places = ({ originMm, stepsMm }: StoredVolume) => [...originMm, ...stepsMm.flat()];
  const [expected, seen] = [places(reference), places(output)];
  if (expected.every((mm, n) => Math.abs(mm - seen[n]) <= TOLERANCE_MM)) return undefined;
  return `origin and steps ${seen.map((mm) => mm.toFixed(3)).join(', ')} mm, expected ${expected.map((mm) => mm.toFixed(3)).join(', ')}`;
}
