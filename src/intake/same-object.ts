/** The same SOPInstanceUID again, with other bytes: is it the same object, a corrected one, or another? */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { AnteroomError } from '../foundation/errors.js';
import { parseInstance, type ParsedInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { toHeader } from '../dicom/element/to-header.js';
import { encodingOf } from '../dicom/element/uids.js';

/** Pixels are compared piece by piece: an object may be larger than memory. */
const PIECE_BYTES = 1024 * 1024;
/** Nearly every header lies within this; enhanced objects have longer ones. */
const FIRST_HEAD_BYTES = 256 * 1024;

/**
 * `same`: only the encoding differs (another transfer syntax). `corrected`: the pixels are equal and attributes differ.
 * `conflict`: other pixels under the same UID, which PS3.5 section 9 forbids.
 * Pixels of different transfer syntaxes cannot be compared by their bytes; there equal headers count as the same object
 * and different headers as a correction. What cannot be read to its end is a conflict: a person must look.
 */
export function sameObject(earlierFile: string, laterFile: string): 'same' | 'corrected' | 'conflict' {
  const opened: StoredObject[] = [];
  try {
    for (const file of [earlierFile, laterFile]) opened.push(new StoredObject(file));
    return compare(opened[0], opened[1]);
  } catch (error) {
    if (error instanceof AnteroomError) return 'conflict';
    throw error;
  } finally {
    for (const object of opened) object.close();
  }
}

function compare(earlier: StoredObject, later: StoredObject): 'same' | 'corrected' | 'conflict' {
  const [first, second] = [earlier.read(), later.read()];
  const sameHeaders = isDeepStrictEqual(comparableHeader(first.instance), comparableHeader(second.instance));
  if (first.instance.transferSyntaxUid !== second.instance.transferSyntaxUid) return sameHeaders ? 'same' : 'corrected';
  if (!samePixels(first.pixels, second.pixels)) return 'conflict';
  return sameHeaders ? 'same' : 'corrected';
}

function comparableHeader(instance: ParsedInstance): unknown {
  const header = { ...toHeader(instance.dataset) };
  // A lossless recompression may rewrite these; they describe the encoding, not the image.
  for (const tag of ['00020010', '00280004', '00280006', '7FE00010']) delete header[tag];
  return header;
}

/** Group 7FE0 and what follows it, as bytes that are read when they are asked for. */
interface PixelBytes {
  readonly sizeBytes: number;
  readonly piece: (from: number) => Uint8Array;
}

function samePixels(earlier: PixelBytes, later: PixelBytes): boolean {
  if (earlier.sizeBytes !== later.sizeBytes) return false;
  for (let at = 0; at < earlier.sizeBytes; at += PIECE_BYTES) {
    if (Buffer.compare(earlier.piece(at), later.piece(at)) !== 0) return false;
  }
  return true;
}

class StoredObject {
  private readonly fd: number;
  private readonly sizeBytes: number;

  constructor(file: string) {
    this.fd = openSync(file, 'r');
    this.sizeBytes = fstatSync(this.fd).size;
  }

  read(): { instance: ParsedInstance; pixels: PixelBytes } {
    const instance = this.header();
    if (encodingOf(instance.transferSyntaxUid).deflated) return this.inflated();
    const from = instance.endOffsetBytes;
    return { instance, pixels: { sizeBytes: this.sizeBytes - from, piece: (at) => this.bytes(from + at, PIECE_BYTES) } };
  }

  close(): void {
    closeSync(this.fd);
  }

  private header(): ParsedInstance {
    for (let headBytes = FIRST_HEAD_BYTES; ; headBytes *= 4) {
      const truncated = headBytes < this.sizeBytes;
      const instance = parseInstance(this.bytes(0, headBytes), { stopAtPixelData: true, truncated });
      if (instance.complete || !truncated) return instance;
    }
  }

  /** The inflated bytes exist only in memory, where `parseInstance` bounds them. */
  private inflated(): { instance: ParsedInstance; pixels: PixelBytes } {
    const instance = parseInstance(this.bytes(0, this.sizeBytes));
    const bytes = instance.dataset.bytesOf(TAG.PixelData) ?? new Uint8Array();
    return { instance, pixels: { sizeBytes: bytes.length, piece: (at) => bytes.subarray(at, at + PIECE_BYTES) } };
  }

  private bytes(from: number, count: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(count, this.sizeBytes - from)));
    let read = 0;
    while (read < bytes.length) {
      const more = readSync(this.fd, bytes, read, bytes.length - read, from + read);
      if (more === 0) throw new AnteroomError('DICOM_DAMAGED', `the file ended ${bytes.length - read} bytes early`);
      read += more;
    }
    return bytes;
  }
}
