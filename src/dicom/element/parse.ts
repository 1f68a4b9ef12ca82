/**
 * Reading data sets (PS3.5 section 7, PS3.10 section 7): a reader of our own, because what is read here comes from outside.
 * It never allocates by a length that the data claims, reads each byte once, and throws nothing but AnteroomError.
 */
import { AnteroomError } from '../../foundation/errors.js';
import { DataSet, type Fragments, type Source } from './data-set.js';
import { inflateDataSet } from './deflate.js';
import { dictionaryVr, tagName } from './dictionary.js';
import { TAG } from './tags.js';
import { encodingOf, type Encoding } from './uids.js';
import { LONG_VRS, VR_BY_CODE } from './vr.js';

export { DataSet } from './data-set.js';
export type { Element, Fragments } from './data-set.js';

export interface ParseOptions {
  /** Stop before group 7FE0: everything but pixel data and what follows it. */
  readonly stopAtPixelData?: boolean;
  /** The bytes are a bare data set in this transfer syntax, without preamble and file meta information. */
  readonly transferSyntaxUid?: string;
  /** The bytes are only the beginning of the object: what runs over their end is left out without an error. */
  readonly truncated?: boolean;
  /** A deflated data set that inflates to more than this is refused; 256 MiB unless told. */
  readonly maxInflatedBytes?: number;
}

export interface ParsedInstance {
  readonly transferSyntaxUid: string;
  readonly mediaStorageSopClassUid?: string;
  readonly mediaStorageSopInstanceUid?: string;
  /** Group 0002; empty for a bare data set. */
  readonly meta: DataSet;
  readonly dataset: DataSet;
  /** Where the data set begins in the bytes given: what a C-STORE sends begins here. */
  readonly dataSetOffsetBytes: number;
  /** False where `truncated` bytes ended before pixel data was reached, or may have: then more may follow. */
  readonly complete: boolean;
  /** Where reading ended: with `stopAtPixelData` the first byte of group 7FE0. Of a deflated data set, in its inflated bytes. */
  readonly endOffsetBytes: number;
}

/** More elements and items than this are refused: the largest real objects have some hundred thousand. */
const MAX_ELEMENTS = 1_000_000;
const MAX_DEPTH = 64;
const UNDEFINED_LENGTH = 0xffffffff;
const PREAMBLE_BYTES = 128;
const FIRST_DEFLATED_BYTES = 16 * 1024;

/**
 * Parses a DICOM file or, with `transferSyntaxUid`, a bare data set. Values are views of `bytes`, which must stay as they are.
 * @throws {AnteroomError} DICOM_NOT_P10 without preamble, prefix or transfer syntax; DICOM_DAMAGED where the structure is broken.
 */
export function parseInstance(bytes: Uint8Array, options: ParseOptions = {}): ParsedInstance {
  const file = sourceOf(bytes);
  const meta = new DataSet(file, true);
  let start = 0;
  let transferSyntaxUid = options.transferSyntaxUid;
  if (transferSyntaxUid === undefined) {
    start = readMeta(file, meta);
    transferSyntaxUid = meta.uid(TAG.TransferSyntaxUID);
    if (transferSyntaxUid === undefined)
      throw new AnteroomError('DICOM_NOT_P10', 'the file meta information names no TransferSyntaxUID (0002,0010)');
  }
  const { dataset, complete, endOffsetBytes } = readDataSet(file, start, encodingOf(transferSyntaxUid), options);
  return {
    transferSyntaxUid,
    mediaStorageSopClassUid: meta.uid(TAG.MediaStorageSOPClassUID),
    mediaStorageSopInstanceUid: meta.uid(TAG.MediaStorageSOPInstanceUID),
    meta,
    dataset,
    dataSetOffsetBytes: start,
    complete,
    endOffsetBytes,
  };
}

interface ReadDataSet {
  readonly dataset: DataSet;
  readonly complete: boolean;
  readonly endOffsetBytes: number;
}

function readDataSet(file: Source, start: number, encoding: Encoding, options: ParseOptions): ReadDataSet {
  if (!encoding.deflated) return read(file, start, encoding, options);
  const deflated = file.buffer.subarray(start);
  if (options.stopAtPixelData) {
    const header = readDeflatedHeader(deflated, encoding, options);
    if (header) return header;
  }
  return read(sourceOf(inflateDataSet(deflated, options)), 0, encoding, options);
}

/** A header is near the beginning: a few kilobytes are inflated instead of all pixel data, which may be a thousand times larger than the file. */
function readDeflatedHeader(deflated: Uint8Array, encoding: Encoding, options: ParseOptions): ReadDataSet | undefined {
  const beginning = { ...options, truncated: true };
  for (let size = FIRST_DEFLATED_BYTES; size < deflated.byteLength; size *= 4) {
    const header = read(sourceOf(inflateDataSet(deflated.subarray(0, size), beginning)), 0, encoding, beginning);
    if (header.complete) return header;
  }
  return undefined;
}

function read(source: Source, start: number, encoding: Encoding, options: ParseOptions): ReadDataSet {
  const dataset = new DataSet(source, encoding.littleEndian);
  const reader = new Reader(source, start, options);
  const complete = reader.readDataSet(dataset, encoding.explicitVr);
  return { dataset, complete, endOffsetBytes: reader.at };
}

function sourceOf(bytes: Uint8Array): Source {
  return {
    buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}

/** Reads group 0002 (always Explicit VR Little Endian) and returns where the data set begins. The group length is not trusted: group 0002 ends where another group begins. */
function readMeta(file: Source, meta: DataSet): number {
  const { buffer } = file;
  if (buffer.length < PREAMBLE_BYTES + 4 || buffer.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 4) !== 'DICM') {
    throw new AnteroomError('DICOM_NOT_P10', `no prefix DICM at byte ${PREAMBLE_BYTES} of ${buffer.length} bytes`);
  }
  const reader = new Reader(file, PREAMBLE_BYTES + 4, {});
  while (reader.nextGroup() === 0x0002) reader.readElement(meta, buffer.length, true, 0);
  return reader.at;
}

/** Thrown inside this file where `truncated` bytes end in the middle of an element; it never leaves. Made once: a stack trace costs more than a header. */
const CUT_OFF = new Error('cut off');

class Reader {
  at: number;
  readonly #source: Source;
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #truncated: boolean;
  readonly #stopAtPixelData: boolean;
  #elementsLeft = MAX_ELEMENTS;

  constructor(source: Source, start: number, options: ParseOptions) {
    this.#source = source;
    this.#buffer = source.buffer;
    this.#view = source.view;
    this.at = start;
    this.#truncated = options.truncated ?? false;
    this.#stopAtPixelData = options.stopAtPixelData ?? false;
  }

  /** The group of the next element, undefined where fewer than 8 bytes are left. Little endian: only for group 0002. */
  nextGroup(): number | undefined {
    return this.at + 8 <= this.#buffer.length ? this.#view.getUint16(this.at, true) : undefined;
  }

  /** Reads the whole data set; false where the bytes ended before it did. */
  readDataSet(into: DataSet, explicitVr: boolean): boolean {
    const end = this.#buffer.length;
    try {
      while (this.at < end) {
        if (this.#isPaddedWithZeros()) break;
        if (this.#stopAtPixelData && this.#peekTag(into.littleEndian, end) >= 0x7fe00000) break;
        this.readElement(into, end, explicitVr, 0);
      }
      // A beginning that ends with an element may go on with another one.
      return !this.#truncated || this.at < end;
    } catch (thrown) {
      if (thrown === CUT_OFF) return false;
      throw thrown;
    }
  }

  /** Reads one element that must end by `end`, the end of what encloses it. */
  readElement(into: DataSet, end: number, explicitVr: boolean, depth: number): void {
    const start = this.at;
    const little = into.littleEndian;
    const tag = this.#peekTag(little, end);
    if (tag >>> 16 === 0xfffe) this.#damaged(`a delimiter ${tagName(tag)} where an element should begin`, start);
    this.#count(start);
    const written = explicitVr ? this.#explicitVr(start, tag) : 'UN';
    const length = this.#readLength(start, end, explicitVr, written, little);
    // UN stands for what a data set in Implicit VR Little Endian would hold here (PS3.5 6.2.2): the dictionary says what that is.
    const implicit = written === 'UN' && (little || length === UNDEFINED_LENGTH);
    const vr = implicit ? dictionaryVr(tag, () => into.pixelsAreSigned) : written;
    if (length === UNDEFINED_LENGTH) this.#readUndefinedLength(into, tag, vr, end, explicitVr && !implicit, depth);
    else {
      this.#need(length, end, tag);
      if (vr === 'SQ') this.#readSequence(into, tag, this.at + length, false, explicitVr && !implicit, depth);
      else {
        into.add({ tag, vr, offset: this.at, lengthBytes: length });
        this.at += length;
      }
    }
  }

  #explicitVr(start: number, tag: number): string {
    const code = this.#view.getUint16(start + 4, false);
    const vr = VR_BY_CODE.get(code);
    if (vr !== undefined) return vr;
    // A VR of a later standard has two capitals and a 32-bit length (PS3.5 7.1.2): its value is bytes to us.
    const [first, second] = [code >> 8, code & 0xff];
    if (first >= 0x41 && first <= 0x5a && second >= 0x41 && second <= 0x5a) return 'UN';
    return this.#damaged(`${tagName(tag)} has no valid VR but 0x${code.toString(16).padStart(4, '0')}`, start);
  }

  /** Moves to the value and returns the length. */
  #readLength(start: number, end: number, explicitVr: boolean, vr: string, little: boolean): number {
    if (!explicitVr) {
      this.at = start + 8;
      return this.#view.getUint32(start + 4, little);
    }
    if (!LONG_VRS.has(vr)) {
      this.at = start + 8;
      return this.#view.getUint16(start + 6, little);
    }
    this.#need(12, end);
    this.at = start + 12;
    return this.#view.getUint32(start + 8, little);
  }

  #readUndefinedLength(into: DataSet, tag: number, vr: string, end: number, explicitVr: boolean, depth: number): void {
    if (vr === 'SQ') this.#readSequence(into, tag, end, true, explicitVr, depth);
    else if (vr === 'OB' || vr === 'OW') this.#readFragments(into, tag, vr, end);
    // Only sequences and pixel data have an undefined length, so an unknown element that has one is a sequence (PS3.5 6.2.2).
    else if (vr === 'UN') this.#readSequence(into, tag, end, true, explicitVr, depth);
    else this.#damaged(`${tagName(tag)} ${vr} has an undefined length`, this.at);
  }

  #readSequence(into: DataSet, tag: number, end: number, delimited: boolean, explicitVr: boolean, depth: number): void {
    if (depth >= MAX_DEPTH) this.#damaged(`sequences nested deeper than ${MAX_DEPTH}`, this.at);
    const offset = this.at;
    const items: DataSet[] = [];
    const little = explicitVr ? into.littleEndian : true;
    while (delimited || this.at < end) {
      const itemTag = this.#peekTag(little, end);
      const length = this.#view.getUint32(this.at + 4, little);
      if (itemTag === TAG.SequenceDelimitationItem && delimited) break;
      if (itemTag !== TAG.Item) this.#damaged(`${tagName(itemTag)} where an item of ${tagName(tag)} should begin`, this.at);
      this.#count(this.at);
      this.at += 8;
      items.push(this.#readItem(into, little, length, end, tag, explicitVr, depth + 1));
    }
    into.add({ tag, vr: 'SQ', offset, lengthBytes: this.at - offset, items });
    if (delimited) this.at += 8;
  }

  #readItem(parent: DataSet, little: boolean, length: number, end: number, tag: number, explicitVr: boolean, depth: number): DataSet {
    const item = new DataSet(this.#source, little, parent);
    if (length === UNDEFINED_LENGTH) {
      while (this.#peekTag(little, end) !== TAG.ItemDelimitationItem) this.readElement(item, end, explicitVr, depth);
      this.at += 8;
      return item;
    }
    this.#need(length, end, tag);
    const itemEnd = this.at + length;
    while (this.at < itemEnd) this.readElement(item, itemEnd, explicitVr, depth);
    return item;
  }

  /** Encapsulated pixel data (PS3.5 A.4): items with defined lengths, the first of them the basic offset table. */
  #readFragments(into: DataSet, tag: number, vr: string, end: number): void {
    const offset = this.at;
    const values: Uint8Array[] = [];
    for (;;) {
      const itemTag = this.#peekTag(into.littleEndian, end);
      const length = this.#view.getUint32(this.at + 4, into.littleEndian);
      if (itemTag === TAG.SequenceDelimitationItem) break;
      if (itemTag !== TAG.Item) this.#damaged(`${tagName(itemTag)} where a fragment of ${tagName(tag)} should begin`, this.at);
      this.#count(this.at);
      this.at += 8;
      this.#need(length, end, tag);
      values.push(new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + this.at, length));
      this.at += length;
    }
    into.add({ tag, vr, offset, lengthBytes: this.at - offset, fragments: fragmentsOf(values) });
    this.at += 8;
  }

  /** The tag at the present place, where there must be room for the shortest element header (8 bytes). */
  #peekTag(little: boolean, end: number): number {
    this.#need(8, end);
    return this.#view.getUint16(this.at, little) * 0x10000 + this.#view.getUint16(this.at + 2, little);
  }

  /** Bytes that must lie before `end`; where `end` is only where truncated bytes stop, reading ends there without an error. */
  #need(lengthBytes: number, end: number, tag?: number): void {
    if (this.at + lengthBytes <= end) return;
    if (this.#truncated && end === this.#buffer.length) throw CUT_OFF;
    const what = tag === undefined ? 'an element header' : tagName(tag);
    this.#damaged(`${what} needs ${lengthBytes} bytes where ${end - this.at} are left`, this.at);
  }

  #count(at: number): void {
    if (--this.#elementsLeft < 0) this.#damaged(`more than ${MAX_ELEMENTS} elements`, at);
  }

  /** Some writers pad files with zeros, which is no damage. Anything else of group 0000 is: commands are no part of a data set (PS3.7 6.3). */
  #isPaddedWithZeros(): boolean {
    const buffer = this.#buffer;
    if (buffer[this.at] !== 0 || buffer[this.at + 1] !== 0) return false;
    if (this.#truncated && buffer.length - this.at < 8) return false;
    for (let at = this.at; at < buffer.length; at++) {
      if (buffer[at] !== 0) this.#damaged('an element of group 0000 in a data set', this.at);
    }
    return true;
  }

  #damaged(seen: string, at: number): never {
    throw new AnteroomError('DICOM_DAMAGED', `${seen} (byte ${at})`);
  }
}

function fragmentsOf(values: readonly Uint8Array[]): Fragments {
  const [table, ...fragments] = values;
  if (table === undefined) return { basicOffsets: [], fragments: [] };
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const basicOffsets = Array.from({ length: Math.floor(table.byteLength / 4) }, (_, n) => view.getUint32(n * 4, true));
  return { basicOffsets, fragments };
}
