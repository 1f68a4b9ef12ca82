/** Where `models import` unpacks a package before it is put in its place. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../foundation/printable.js';

const PREFIX = '.anteroom-import-';
/** So imports of earlier releases had named theirs, after the model's name and version. */
const EARLIER = /^\.[a-z0-9_]+-\d+(\.\d+)*\.\d+\.part$/;
/** No import takes so long. Its process says nothing: a shared folder has imports of other machines too. */
const ABANDONED_MS = 86_400_000;

/** A folder of its own, beside where the package goes: the way there is one renaming. What earlier imports left when they were killed is removed. */
export function makeImportFolder(into: string, now = Date.now()): string {
  for (const name of readdirSync(into)) if (name.startsWith(PREFIX) || EARLIER.test(name)) removeAbandoned(join(into, name), now);
  return mkdtempSync(join(into, PREFIX));
}

/** It may be another user's: that is no reason against an import. */
function removeAbandoned(path: string, now: number): void {
  try {
    const seen = statSync(path, { throwIfNoEntry: false });
    if (seen !== undefined && now - seen.mtimeMs > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  } catch (thrown) {
    const { code = String(thrown) } = thrown as NodeJS.ErrnoException;
    process.stderr.write(
      `${printable(`${path}, which an import that was killed has left, cannot be removed (${code}): remove it as its owner`)}\n`,
    );
  }
}
