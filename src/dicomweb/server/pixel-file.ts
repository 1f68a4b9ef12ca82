/**
 * Where the pixel data of a file lies, frame by frame, found without reading it: memory does not grow with the file. Only a deflated
 * data set is inflated as a whole, for it has no places to go to.
 */
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { parseInstance, type DataSet, type ParsedInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { encodingOf, type Encoding } from '../../dicom/element/uids.js';
import { LONG_VRS } from '../../dicom/element/vr.js';
import { AnteroomError } from '../../foundation/errors.js';

/** Bytes of the file, or of the inflated data set. */
export interface Span {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Enough for the header of most objects; those with more are read again with four times as much. */
const FIRST_READ_BYTES = 64 * 1024;
const STREAM_BYTES = 256 * 1024;
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM_HEADER_BYTES = 8;

interface Bytes {
  readonly sizeBytes: number;
  /** Fewer bytes at the end of the file. */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

interface Located {
  readonly value: Span;
  readonly vr: string;
  /** Only of encapsulated pixel data: where each frame begins, counted from `value`; empty where no table tells. */
  readonly frameOffsets?: readonly number[];
}

/** An opened file with pixel data; whoever opens it closes it. */
export class PixelFile {
  private fragments: readonly Span[] | undefined;

  private constructor(
    readonly head: ParsedInstance,
    private readonly bytes: Bytes,
    private readonly located: Located,
  ) {}

  /** @throws AnteroomError NOT_FOUND where there is no pixel data, DICOM_DAMAGED, DICOM_NOT_P10 */
  static async open(path: string): Promise<PixelFile> {
    const file = await open(path);
    try {
      const head = await headOf(file);
      const encoding = encodingOf(head.transferSyntaxUid);
      if (encoding.deflated) return await PixelFile.ofDeflated(path, file);
      const bytes = await bytesOfFile(file);
      return new PixelFile(head, bytes, (await locate(bytes, head.endOffsetBytes, encoding)) ?? noPixels());
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private static async ofDeflated(path: string, file: FileHandle): Promise<PixelFile> {
    const parsed = parseInstance(await readFile(path));
    const value = Buffer.from(parsed.dataset.bytesOf(TAG.PixelData) ?? noPixels());
    await file.close();
    const bytes: Bytes = {
      sizeBytes: value.length,
      read: (offset, lengthBytes) => Promise.resolve(value.subarray(offset, offset + lengthBytes)),
      close: () => Promise.resolve(),
    };
    return new PixelFile(parsed, bytes, { value: { offset: 0, lengthBytes: value.length }, vr: 'OW' });
  }

  get dataset(): DataSet {
    return this.head.dataset;
  }

  get frameCount(): number {
    return this.dataset.number(TAG.NumberOfFrames) ?? 1;
  }

  /** True where pixels are 16-bit words of the other byte order than little endian, 8-bit pixels of OW included (PS3.5 7.3). */
  get wordsAreSwapped(): boolean {
    return !this.dataset.littleEndian && this.located.vr === 'OW';
  }

  /** The whole value of native pixel data; undefined where it is encapsulated. */
  get native(): Span | undefined {
    return this.located.frameOffsets === undefined ? this.located.value : undefined;
  }

  /**
   * The fragments of one frame of encapsulated pixel data, counted from 1 (PS3.5 A.4).
   * @throws AnteroomError PIXELS_UNSUPPORTED where nothing tells which fragments are this frame's.
   */
  async fragmentsOf(frame: number): Promise<readonly Span[]> {
    const { value, frameOffsets = [] } = this.located;
    if (this.frameCount > 1 && frameOffsets.length === this.frameCount) {
      const [from = 0, to = value.lengthBytes] = frameOffsets.slice(frame - 1, frame + 1);
      return this.walk(value.offset + from, value.offset + to);
    }
    this.fragments ??= await this.walk(value.offset, value.offset + value.lengthBytes);
    if (this.frameCount === 1) return this.fragments;
    if (this.fragments.length === this.frameCount) return this.fragments.slice(frame - 1, frame);
    throw new AnteroomError(
      'PIXELS_UNSUPPORTED',
      `${this.fragments.length} fragments for ${this.frameCount} frames and no offset table that tells which is which`,
    );
  }

  /** All of a span; for what is no larger than a frame. */
  async read({ offset, lengthBytes }: Span): Promise<Buffer> {
    const bytes = await this.bytes.read(offset, lengthBytes);
    if (bytes.length < lengthBytes) throw cutOff(offset, lengthBytes, bytes.length);
    return bytes;
  }

  /** Spans of any length, in pieces. */
  async *stream(spans: readonly Span[]): AsyncGenerator<Buffer, void, undefined> {
    for (const { offset, lengthBytes } of spans) {
      for (let at = 0; at < lengthBytes; at += STREAM_BYTES)
        yield await this.read({ offset: offset + at, lengthBytes: Math.min(STREAM_BYTES, lengthBytes - at) });
    }
  }

  close(): Promise<void> {
    return this.bytes.close();
  }

  /** Items from one place to another, or to the end of the sequence. */
  private async walk(from: number, to: number): Promise<Span[]> {
    const spans: Span[] = [];
    for (let at = from; at < to;) {
      const { tag, lengthBytes } = await itemAt(this.bytes, at);
      if (tag === TAG.SequenceDelimitationItem) break;
      if (tag !== TAG.Item) throw new AnteroomError('PIXELS_UNSUPPORTED', 'the offset table does not point at fragments');
      spans.push({ offset: at + ITEM_HEADER_BYTES, lengthBytes });
      at += ITEM_HEADER_BYTES + lengthBytes;
    }
    return spans;
  }
}

/**
 * Parses a file up to its pixel data, reading as much of it as that takes.
 * @throws AnteroomError as `parseInstance`
 */
export async function readHead(path: string): Promise<ParsedInstance> {
  const file = await open(path);
  try {
    return await headOf(file);
  } finally {
    await file.close();
  }
}

async function headOf(file: FileHandle): Promise<ParsedInstance> {
  const { size } = await file.stat();
  for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
    const length = Math.min(wanted, size);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, 0);
    const parsed = parseInstance(buffer.subarray(0, bytesRead), { stopAtPixelData: true, truncated: length < size });
    if (parsed.complete || length === size) return parsed;
  }
}

async function bytesOfFile(file: FileHandle): Promise<Bytes> {
  const { size } = await file.stat();
  return {
    sizeBytes: size,
    async read(offset, lengthBytes) {
      const wanted = Math.max(0, Math.min(lengthBytes, size - offset));
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

/** Goes through group 7FE0 (PS3.3 C.7.6.3): an extended offset table may stand before the pixel data. */
async function locate(bytes: Bytes, from: number, encoding: Encoding): Promise<Located | undefined> {
  let extended: readonly number[] = [];
  for (let at = from; at + 8 <= bytes.sizeBytes;) {
    const { tag, vr, headerBytes, lengthBytes } = elementAt(await bytes.read(at, 12), encoding);
    const value = { offset: at + headerBytes, lengthBytes };
    if (tag === TAG.PixelData) return lengthBytes === UNDEFINED_LENGTH ? encapsulated(bytes, value.offset, extended) : { value, vr };
    if (tag > TAG.PixelData || lengthBytes === UNDEFINED_LENGTH) return undefined;
    if (tag === TAG.ExtendedOffsetTable) extended = offsets(await bytes.read(value.offset, lengthBytes), 8);
    at += headerBytes + lengthBytes;
  }
  return undefined;
}

interface ElementHeader {
  readonly tag: number;
  readonly vr: string;
  readonly headerBytes: number;
  readonly lengthBytes: number;
}

function elementAt(bytes: Buffer, { explicitVr, littleEndian }: Encoding): ElementHeader {
  const uint16 = (at: number): number => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const uint32 = (at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const tag = uint16(0) * 0x10000 + uint16(2);
  if (!explicitVr) return { tag, vr: 'OW', headerBytes: 8, lengthBytes: uint32(4) };
  const vr = bytes.toString('latin1', 4, 6);
  if (!LONG_VRS.has(vr)) return { tag, vr, headerBytes: 8, lengthBytes: uint16(6) };
  if (bytes.length < 12) throw cutOff(8, 4, bytes.length - 8);
  return { tag, vr, headerBytes: 12, lengthBytes: uint32(8) };
}

/** The basic offset table is the first item; what it and the extended one say is counted from behind it. */
async function encapsulated(bytes: Bytes, at: number, extended: readonly number[]): Promise<Located> {
  const { lengthBytes } = await itemAt(bytes, at);
  const basic = offsets(await bytes.read(at + ITEM_HEADER_BYTES, lengthBytes), 4);
  const offset = at + ITEM_HEADER_BYTES + lengthBytes;
  return { value: { offset, lengthBytes: bytes.sizeBytes - offset }, vr: 'OB', frameOffsets: basic.length > 0 ? basic : extended };
}

async function itemAt(bytes: Bytes, at: number): Promise<{ tag: number; lengthBytes: number }> {
  const header = await bytes.read(at, ITEM_HEADER_BYTES);
  if (header.length < ITEM_HEADER_BYTES) throw cutOff(at, ITEM_HEADER_BYTES, header.length);
  const tag = header.readUInt16LE(0) * 0x10000 + header.readUInt16LE(2);
  return { tag, lengthBytes: header.readUInt32LE(4) };
}

function offsets(table: Buffer, entryBytes: 4 | 8): number[] {
  return Array.from({ length: Math.floor(table.length / entryBytes) }, (_, n) =>
    entryBytes === 4 ? table.readUInt32LE(n * 4) : Number(table.readBigUInt64LE(n * 8)),
  );
}

function cutOff(offset: number, lengthBytes: number, seenBytes: number): AnteroomError {
  return new AnteroomError('DICOM_DAMAGED', `${lengthBytes} bytes are needed at byte ${offset}, ${Math.max(0, seenBytes)} are there`);
}

function noPixels(): never {
  throw new AnteroomError('NOT_FOUND', 'the instance has no pixel data');
}
