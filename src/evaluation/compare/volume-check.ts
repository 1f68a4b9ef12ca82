/** Two images of a tool (MHA, NRRD, NIfTI) on one grid: their bytes may differ with the packing, their voxels must not. */
import { openVolume, type StoredVolume } from '../../dicom/label-map/read.js';
import { labelsOf, refused } from '../../dicom/label-map/voxels.js';
import { valuesIn } from '../../dicom/seg/mask.js';
import { toAnteroomError } from '../../foundation/errors.js';
import type { CheckedFile, Remark } from './finding.js';
import { checkImages } from './image-check.js';
import { checkLabels, type Labels } from './label-map-check.js';

/** How far places may be off, in mm. */
const TOLERANCE_MM = 1e-3;
/** Atlases of the whole brain or body have fewer; each label takes its own comparison. */
const MOST_LABELS = 200;

/** Whether a file may be one, by its name. */
export function isVolumeName(name: string): boolean {
  return /\.(mha|nrrd|nii|nii\.gz)$/i.test(name);
}

/**
 * Compares two files, label by label or value by value. `bytes` is what comparing their bytes said: that stands, with the reason, where one of them
 * cannot be read as an image, such as one of four dimensions.
 */
export async function checkVolumes(name: string, expected: Uint8Array, seen: Uint8Array, bytes: CheckedFile): Promise<CheckedFile> {
  try {
    return compareVolumes(await openVolume(name, expected), await openVolume(name, seen));
  } catch (thrown) {
    return noted(bytes, { label: 'Compared As Bytes', description: refusalIn(thrown) });
  }
}

function compareVolumes(reference: StoredVolume, output: StoredVolume): CheckedFile {
  const geometry = otherGrid(reference, output);
  if (geometry !== undefined) {
    const findings = [{ label: 'Geometry', description: geometry }];
    return { check: { checker: 'GeometryCheck', notes: [], findings }, pictures: [] };
  }
  const labels = labelsOfBoth(reference, output);
  if (typeof labels === 'string') {
    const compared = { check: checkImages(reference, output), pictures: [] };
    return noted(compared, { label: 'Compared By Value', description: labels });
  }
  return noted(checkLabels(reference, ...labels), { label: 'Compared By Label', description: `at most ${MOST_LABELS} labels in both` });
}

/** Why they have none, where one of them is no label map. */
function labelsOfBoth(reference: StoredVolume, output: StoredVolume): readonly [Labels, Labels] | string {
  try {
    return [labelsIn('the reference', reference), labelsIn('the output', output)];
  } catch (thrown) {
    return refusalIn(thrown);
  }
}

/** Refuses values that are too many to be labels: probabilities and images are stored as whole numbers too. */
function labelsIn(where: string, { size, voxels }: StoredVolume): Labels {
  const labels = labelsOf(size, voxels);
  const { size: count } = valuesIn(labels);
  if (count > MOST_LABELS) throw refused(`${count} labels in ${where}, expected at most ${MOST_LABELS} to compare each`);
  return labels;
}

function noted({ check, pictures }: CheckedFile, how: Remark): CheckedFile {
  return { check: { ...check, notes: [...check.notes, how] }, pictures };
}

/** Why an image was refused; any other error is thrown on. */
function refusalIn(thrown: unknown): string {
  const { code, seen } = toAnteroomError(thrown);
  if (code !== 'LABEL_MAP_REFUSED') throw thrown;
  return seen;
}

function otherGrid(reference: StoredVolume, output: StoredVolume): string | undefined {
  if (reference.size.join() !== output.size.join()) return `${output.size.join(' × ')} voxels, expected ${reference.size.join(' × ')}`;
  const places = ({ originMm, stepsMm }: StoredVolume) => [...originMm, ...stepsMm.flat()];
  const [expected, seen] = [places(reference), places(output)];
  if (expected.every((mm, n) => Math.abs(mm - seen[n]) <= TOLERANCE_MM)) return undefined;
  return `origin and steps ${seen.map((mm) => mm.toFixed(3)).join(', ')} mm, expected ${expected.map((mm) => mm.toFixed(3)).join(', ')}`;
}
