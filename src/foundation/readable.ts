/** The rights of files that another user is to read. */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Lets everybody read a folder with all that is in it, of which each file may have been for its owner alone. */
export function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}
