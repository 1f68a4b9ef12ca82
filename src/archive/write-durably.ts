/** Writing a file of our own so that its bytes survive a power cut; its name does so after `publish`. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Writes and flushes the file; resolves with its SHA-256. */
export async function writeDurably(path: string, chunks: Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'w', 0o600);
  try {
    for (const chunk of chunks) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
