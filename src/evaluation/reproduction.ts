/** Whether a result came out again as it was: every voxel of every segment or region. */
import { readFile } from 'node:fs/promises';
import type { Remark } from './compare/finding.js';
import { checkObjects } from './compare/object-check.js';

export interface Reproduction {
  readonly voxelsEqual: boolean;
  /** Where not: each segment with its figures, and whatever else differs. */
  readonly differences: readonly Remark[];
}

/** Compares the files of two results. Throws what reading them throws. */
export async function compareReproduction(before: string, after: string): Promise<Reproduction> {
  const { notes, findings } = checkObjects(await readFile(before), await readFile(after)).check;
  const equal = new Set(notes.filter(({ label }) => label === 'Voxels').map(({ subpath }) => subpath));
  const figures = notes.filter(({ label, subpath }) => subpath !== undefined && !equal.has(subpath) && label !== 'Volume');
  const differences = [...findings, ...figures];
  return { voxelsEqual: differences.length === 0, differences };
}
