/** Whether a segmentation came out again as it was: every voxel of every segment. */
import { readFile } from 'node:fs/promises';
import { parseInstance } from '../dicom/element/parse.js';
import { readSeg } from '../dicom/seg/read.js';
import type { Remark } from './compare/finding.js';
import { checkSeg } from './compare/seg-check.js';

export interface Reproduction {
  readonly voxelsEqual: boolean;
  /** Where not: each segment with its figures, and whatever else differs. */
  readonly differences: readonly Remark[];
}

/** Compares two files of segmentations. Throws what `parseInstance` and `readSeg` throw. */
export async function compareReproduction(before: string, after: string): Promise<Reproduction> {
  const [reference, output] = [readSeg(parseInstance(await readFile(before))), readSeg(parseInstance(await readFile(after)))];
  const { notes, findings } = checkSeg(reference, output).check;
  const equal = new Set(notes.filter(({ label }) => label === 'Voxels').map(({ subpath }) => subpath));
  const figures = notes.filter(({ label, subpath }) => subpath !== undefined && !equal.has(subpath) && label !== 'Volume');
  const differences = [...findings, ...figures];
  return { voxelsEqual: differences.length === 0, differences };
}
