/** What a file says, whatever file meta information stands before it: archives write their own. */
import { createHash } from 'node:crypto';
import { AnteroomError } from '../../foundation/errors.js';

/** Preamble, prefix and the element FileMetaInformationGroupLength (PS3.10 7.1): where group 0002 ends is known then. */
const FIXED_BYTES = 144;

/**
 * SHA-256 of the data set of a Part 10 file that comes in chunks, as 64 hexadecimal digits; memory does not grow with the file.
 * @throws AnteroomError DICOM_NOT_P10 where it does not begin as such a file does.
 */
export async function dataSetDigest(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      hash.update(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const offset = head.length < FIXED_BYTES ? Infinity : dataSetOffset(head);
    if (head.length < offset) continue;
    hash.update(head.subarray(offset));
    head = undefined;
  }
  if (head !== undefined) throw new AnteroomError('DICOM_NOT_P10', 'the file ends before its data set');
  return hash.digest('hex');
}

function dataSetOffset(head: Buffer): number {
  if (head.toString('latin1', 128, 132) !== 'DICM' || head.readUInt32LE(132) !== 0x00000002)
    throw new AnteroomError('DICOM_NOT_P10', 'no preamble followed by "DICM" and the length of group 0002');
  return FIXED_BYTES + head.readUInt32LE(140);
}
