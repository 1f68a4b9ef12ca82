/** The hash by which an archive file is known: of its data set, without the file meta that the node wrote before it. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;
/** Preamble, `DICM`, and FileMetaInformationGroupLength (PS3.10 7.1): its value is at 140, the elements that it counts begin at 144. */
const PREFIX_OFFSET = 128;
const GROUP_LENGTH_OFFSET = 140;
const GROUP_OFFSET = 144;

export interface HashedFile {
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. Of the whole file where it does not begin as an archive file does. */
  readonly sha256: string;
}

/**
 * Reads a file once, a megabyte at a time, and hashes its data set, or all of it with `whole`. `onBytes` is told of each piece.
 * Rejects as `node:fs` does, with ENOENT where the file is not there.
 */
export async function hashFile(
  path: string,
  options: { whole?: boolean; onBytes?: (bytes: Buffer) => void | Promise<void> } = {},
): Promise<HashedFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let sizeBytes = 0;
    let skip = -1;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, sizeBytes);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      if (skip < 0) skip = options.whole === true ? 0 : dataSetOffset(piece);
      hash.update(piece.subarray(Math.min(bytesRead, Math.max(0, skip - sizeBytes))));
      sizeBytes += bytesRead;
      await options.onBytes?.(piece);
    }
    return { sizeBytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

function dataSetOffset(head: Buffer): number {
  const isArchiveFile = head.length >= GROUP_OFFSET && head.toString('latin1', PREFIX_OFFSET, PREFIX_OFFSET + 4) === 'DICM';
  return isArchiveFile ? GROUP_OFFSET + head.readUInt32LE(GROUP_LENGTH_OFFSET) : 0;
}
