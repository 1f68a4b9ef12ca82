/** Where `models import` unpacks a package before it is put in its place. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = '.anteroom-import-';
/** No import takes so long. Its process says nothing: a shared folder has imports of other machines too. */
const ABANDONED_MS = 86_400_000;

/** A folder of its own, beside where the package goes: the way there is one renaming. What earlier imports left when they were killed is removed. */
export function makeImportFolder(into: string, now = Date.now()): string {
  for (const name of readdirSync(into)) {
    const path = join(into, name);
    const seen = name.startsWith(PREFIX) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (seen !== undefined && now - seen.mtimeMs > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
  return mkdtempSync(join(into, PREFIX));
}
