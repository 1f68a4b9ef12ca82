/** Label maps in the formats that models leave. */
import { readMha } from './mha.js';
import { readNifti } from './nifti.js';
import { readNrrd } from './nrrd.js';
import { refused, type LabelVolume } from './voxels.js';

export type { LabelVolume } from './voxels.js';

/**
 * Reads a label map by the ending of its name: `.mha`, `.nrrd`, `.nii`, `.nii.gz`.
 * @throws AnteroomError LABEL_MAP_REFUSED with what was seen and expected
 */
export async function readLabelMap(name: string, bytes: Uint8Array): Promise<LabelVolume> {
  const lower = name.toLowerCase();
  if (lower.endsWith('.mha')) return readMha(bytes);
  if (lower.endsWith('.nrrd')) return readNrrd(bytes);
  if (lower.endsWith('.nii') || lower.endsWith('.nii.gz')) return readNifti(bytes);
  throw refused('a file of another kind, expected .mha, .nrrd, .nii or .nii.gz');
}
