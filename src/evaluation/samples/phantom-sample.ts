/** A sample that needs no patient and no download: a chest CT that the node makes, always the same. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chestPhantom } from '../../dicom/phantom/chest.js';
import { makeFolders } from '../../foundation/folders.js';

/** Coarse, so that a test with it takes seconds. */
const PHANTOM = { spacingMm: [4, 4, 8], name: 'anteroom sample' } as const;

/** The folder of the series below `cache`; made where it is not there. */
export function phantomSample(cache: string): string {
  const folder = join(cache, 'phantom-chest');
  if (existsSync(folder)) return folder;
  const part = `${folder}-${process.pid}.part`;
  makeFolders(part);
  for (const { name, bytes } of chestPhantom(PHANTOM).files) writeFileSync(join(part, name), bytes);
  if (existsSync(folder)) rmSync(part, { recursive: true });
  else renameSync(part, folder);
  return folder;
}
