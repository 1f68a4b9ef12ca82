/** Label maps, and images of other values, in the formats that models leave. */
import { openMha } from './mha.js';
import { openNifti } from './nifti.js';
import { openNrrd } from './nrrd.js';
import { asLabels, refused, type LabelVolume, type StoredVolume } from './voxels.js';

export type { LabelVolume, StoredVolume } from './voxels.js';

/**
 * Reads a label map by the ending of its name: `.mha`, `.nrrd`, `.nii`, `.nii.gz`.
 * @param most how many bytes it may have after inflating; without it any number that can be held
 * @throws AnteroomError LABEL_MAP_REFUSED with what was seen and expected
 */
export async function readLabelMap(name: string, bytes: Uint8Array, most?: number): Promise<LabelVolume> {
  return asLabels(await openVolume(name, bytes, most));
}

/**
 * Where the voxels of a file lie, and their bytes, whatever they mean.
 * @throws AnteroomError LABEL_MAP_REFUSED with what was seen and expected
 */
export async function openVolume(name: string, bytes: Uint8Array, most?: number): Promise<StoredVolume> {
  const lower = name.toLowerCase();
  if (lower.endsWith('.mha')) return openMha(bytes, most);
  if (lower.endsWith('.nrrd')) return openNrrd(bytes, most);
  if (lower.endsWith('.nii') || lower.endsWith('.nii.gz')) return openNifti(bytes, most);
  throw refused('a file of another kind, expected .mha, .nrrd, .nii or .nii.gz');
}
