/** Removing what no row knows: files left between the rename and the commit of a node that was killed. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A file younger than this may belong to a commit under way. */
export const SWEEP_MIN_AGE_MS = 10 * 60_000;

/** Deletes the part files of an earlier start: their senders never had Success and send again. Returns how many. */
export function removePartFiles(incomingFolder: string): number {
  const parts = readdirSync(incomingFolder);
  for (const name of parts) rmSync(join(incomingFolder, name), { force: true, recursive: true });
  return parts.length;
}

/**
 * Has `remove` delete archive files that `isKnown` does not know and that are older than `minAgeMs` (a file that is just being
 * published is younger); false says that one stays. Yields to the event loop between folders. Returns the number of files deleted.
 */
export async function sweepArchive(
  archiveFolder: string,
  isKnown: (path: string) => boolean,
  minAgeMs: number,
  now: number,
  remove: (path: string) => boolean,
): Promise<number> {
  let deleted = 0;
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else if (now - statSync(path).ctimeMs >= minAgeMs && !isKnown(relative(archiveFolder, path)) && remove(path)) deleted++;
    }
  };
  await visit(archiveFolder);
  return deleted;
}
