/** The file meta information of a file that is about to be sent: what the association must propose, and where the data set begins (PS3.10 section 7.1). */
import type { FileHandle } from 'node:fs/promises';

import { parseInstance } from '../dicom/element/parse.js';
import { TAG as ELEMENT } from '../dicom/element/tags.js';
import { AnteroomError } from '../foundation/errors.js';
import { isUid } from '../foundation/ids.js';

export interface FileMeta {
  /** These two as the data set has them, where it has them: what is announced must be what is sent. */
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Where the data set begins. */
  readonly dataSetOffset: number;
}

const PREAMBLE_BYTES = 132;
const READ_BYTES = 8 * 1024;
/** File meta information may hold private information (0002,0102) of any size; more than this has never been seen. */
const MAX_META_BYTES = 1024 * 1024;
/** VRs with two reserved bytes and a length of 32 bits (PS3.5 table 7.1-1), as far as group 0002 may have them. */
const LONG_VRS: ReadonlySet<string> = new Set(['OB', 'OW', 'UN', 'UT', 'SQ', 'UC', 'UR', 'OF', 'OD', 'OL', 'OV']);

const TAG = { mediaStorageSopClassUid: 0x0002, mediaStorageSopInstanceUid: 0x0003, transferSyntaxUid: 0x0010 } as const;

/** Reads the file meta information. Throws AnteroomError DICOM_NOT_P10, DICOM_DAMAGED or DICOM_UID_MISSING. */
export async function readFileMeta(handle: FileHandle): Promise<FileMeta> {
  for (let size = READ_BYTES; ; size *= 4) {
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await handle.read(buffer, 0, size, 0);
    const meta = parseFileMeta(buffer.subarray(0, bytesRead));
    if (meta) return { ...meta, ...(await ownUids(handle, meta)) };
    if (bytesRead < size || size > MAX_META_BYTES)
      throw new AnteroomError('DICOM_DAMAGED', 'the file ends within its file meta information');
  }
}

/** What the data set calls itself. Programs that anonymise often change that and leave the file meta information as it was. */
async function ownUids(handle: FileHandle, { transferSyntaxUid, dataSetOffset }: FileMeta): Promise<Partial<FileMeta>> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, dataSetOffset);
  try {
    const { dataset } = parseInstance(buffer.subarray(0, bytesRead), { transferSyntaxUid, truncated: true, stopAtPixelData: true });
    const [sopClassUid, sopInstanceUid] = [dataset.uid(ELEMENT.SOPClassUID), dataset.uid(ELEMENT.SOPInstanceUID)];
    if (sopClassUid === undefined || sopInstanceUid === undefined || !isUid(sopClassUid) || !isUid(sopInstanceUid)) return {};
    return { sopClassUid, sopInstanceUid };
  } catch {
    // It is damaged, which is for the receiver to say.
    return {};
  }
}

/** The file meta information at the start of a file; undefined where `bytes` ends before it does. */
function parseFileMeta(bytes: Buffer): FileMeta | undefined {
  if (bytes.length < PREAMBLE_BYTES || bytes.toString('latin1', 128, PREAMBLE_BYTES) !== 'DICM')
    throw new AnteroomError('DICOM_NOT_P10', 'no preamble followed by "DICM"');
  const values = new Map<number, string>();
  let at = PREAMBLE_BYTES;
  // The end is where the group ends, not where its group length says: the latter is wrong in files of some writers.
  while (at + 2 <= bytes.length && bytes.readUInt16LE(at) === 0x0002) {
    if (at + 12 > bytes.length) return undefined;
    const isLong = LONG_VRS.has(bytes.toString('latin1', at + 4, at + 6));
    const lengthBytes = isLong ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6);
    const valueAt = at + (isLong ? 12 : 8);
    if (valueAt + lengthBytes + 2 > bytes.length) return undefined;
    values.set(bytes.readUInt16LE(at + 2), bytes.toString('latin1', valueAt, valueAt + lengthBytes).replace(/[\0 ]+$/, ''));
    at = valueAt + lengthBytes;
  }
  const sopClassUid = values.get(TAG.mediaStorageSopClassUid);
  const sopInstanceUid = values.get(TAG.mediaStorageSopInstanceUid);
  const transferSyntaxUid = values.get(TAG.transferSyntaxUid);
  if (!sopClassUid || !sopInstanceUid || !transferSyntaxUid) {
    throw new AnteroomError(
      'DICOM_UID_MISSING',
      'the file meta information lacks MediaStorageSOPClassUID, MediaStorageSOPInstanceUID or TransferSyntaxUID',
    );
  }
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSetOffset: at };
}
