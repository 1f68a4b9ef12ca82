/** How much a model has written so far. No engine of ours can limit a bind mount, so the folder is measured. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a file costs at least, so that a million empty files are not free. */
const BYTES_PER_ENTRY = 4096;

/**
 * The bytes in a folder and all below it; links are not followed. Stops counting above `enoughBytes`.
 * What vanishes or may not be read while counting is left out: the model is at work in there.
 */
export async function folderSizeBytes(folder: string, enoughBytes = Number.POSITIVE_INFINITY): Promise<number> {
  let total = 0;
  const waiting = [folder];
  for (let current = waiting.pop(); current !== undefined && total <= enoughBytes; current = waiting.pop()) {
    try {
      for await (const entry of await opendir(current)) {
        const path = join(current, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        total += entry.isFile() ? await fileSizeBytes(path) : BYTES_PER_ENTRY;
        if (total > enoughBytes) break;
      }
    } catch {
      // see above
    }
  }
  return total;
}

async function fileSizeBytes(path: string): Promise<number> {
  try {
    return Math.max((await lstat(path)).size, BYTES_PER_ENTRY);
  } catch {
    return 0;
  }
}
