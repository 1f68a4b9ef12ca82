/** Reading the header of a file that is on disk. */
import { open, type FileHandle } from 'node:fs/promises';
import { parseInstance, type DataSet, type ParsedInstance } from '../dicom/element/parse.js';

/** File meta and a header up to the pixel data; enhanced objects have longer ones. */
const FIRST_HEAD_BYTES = 64 * 1024;

/** The data set of a Part 10 file up to its pixel data. Reads no more than that: the pixels of a whole series would be read for nothing. */
export async function readHead(path: string): Promise<DataSet> {
  return (await readHeadWithMeta(path)).dataset;
}

/** The same with the file meta information. */
export async function readHeadWithMeta(path: string): Promise<ParsedInstance> {
  const handle = await open(path, 'r');
  try {
    return await parsedHeadOf(handle);
  } finally {
    await handle.close();
  }
}

/** The data set of a file that is open already. */
export async function headOf(handle: FileHandle): Promise<DataSet> {
  return (await parsedHeadOf(handle)).dataset;
}

async function parsedHeadOf(handle: FileHandle): Promise<ParsedInstance> {
  const { size } = await handle.stat();
  for (let headBytes = FIRST_HEAD_BYTES; ; headBytes *= 4) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, headBytes)), 0, Math.min(size, headBytes), 0);
    const truncated = headBytes < size;
    const parsed = parseInstance(buffer.subarray(0, bytesRead), { stopAtPixelData: true, truncated });
    if (parsed.complete || !truncated) return parsed;
  }
}
