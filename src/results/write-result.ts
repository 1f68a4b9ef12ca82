/** Writing the file of a result, so that it is whole and durable under its name or not there at all. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { publish } from '../archive/publish.js';
import { writeDurably } from '../archive/write-durably.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';

export interface WrittenResult {
  readonly sizeBytes: number;
  /** Of the whole file. */
  readonly sha256: string;
}

/**
 * Writes `chunks` to `path` below `root`. `check` looks at the part file before it gets its name. Doing it twice gives the same file.
 * @throws {AnteroomError} what `check` throws; STORE_FAILED where the disk fails.
 */
export async function writeResult(
  root: string,
  path: string,
  chunks: Iterable<Uint8Array>,
  check: (partPath: string) => Promise<void>,
): Promise<WrittenResult> {
  const partPath = join(root, `${path.replaceAll('/', '-')}.part`);
  try {
    const sha256 = await writeDurably(partPath, chunks);
    await check(partPath);
    const { size: sizeBytes } = await stat(partPath);
    await publish(root, { from: partPath, to: path });
    return { sizeBytes, sha256 };
  } catch (thrown) {
    await rm(partPath, { force: true });
    const { code } = thrown as NodeJS.ErrnoException;
    if (thrown instanceof AnteroomError || code === undefined) throw toAnteroomError(thrown);
    throw new AnteroomError('STORE_FAILED', `a result could not be written (${code})`, { cause: thrown });
  }
}
