/** A parsed data set: elements by tag, decoded when they are asked for. Values stay views of the bytes that were parsed. */
import { textDecoderOf } from './charset.js';
import { parseDecimal } from './decimal.js';
import { TAG } from './tags.js';
import { CHARSET_VRS, NUMBER_SIZE, SINGLE_TEXT_VRS, TEXT_VRS } from './vr.js';

/** The bytes that elements point into. */
export interface Source {
  readonly buffer: Buffer;
  readonly view: DataView;
}

/** Where an element's value lies in the source, or what it holds. */
export interface Element {
  readonly tag: number;
  readonly vr: string;
  /** First byte of the value and its length in bytes; of a sequence or of encapsulated pixel data, the span of all its items. */
  readonly offset: number;
  readonly lengthBytes: number;
  /** Only of sequences. */
  readonly items?: readonly DataSet[];
  /** Only of encapsulated pixel data. */
  readonly fragments?: Fragments;
}

/** Encapsulated pixel data (PS3.5 A.4). */
export interface Fragments {
  /** Byte offset of each frame's first fragment, counted from the first byte after the table; empty where the object has none. */
  readonly basicOffsets: readonly number[];
  /** All fragments in order, without the offset table. */
  readonly fragments: readonly Uint8Array[];
}

/** Elements by tag. Every reader gives undefined (or nothing) for an absent element; none throws. */
export class DataSet {
  readonly #source: Source;
  readonly #littleEndian: boolean;
  readonly #parent: DataSet | undefined;
  readonly #elements = new Map<number, Element>();

  /** For the parser: an empty data set over a source; an item of a sequence names the data set that holds the sequence. */
  constructor(source: Source, littleEndian: boolean, parent?: DataSet) {
    this.#source = source;
    this.#littleEndian = littleEndian;
    this.#parent = parent;
  }

  /** For the parser. A tag that comes twice keeps its last value. */
  add(element: Element): void {
    this.#elements.set(element.tag, element);
  }

  has(tag: number): boolean {
    return this.#elements.has(tag);
  }

  /** True where the element is absent or has no value: no bytes, or a sequence without items. */
  isEmpty(tag: number): boolean {
    const element = this.#elements.get(tag);
    if (element === undefined) return true;
    return element.items ? element.items.length === 0 : element.lengthBytes === 0;
  }

  vr(tag: number): string | undefined {
    return this.#elements.get(tag)?.vr;
  }

  /** All elements, in the order in which they were read. */
  elements(): Iterable<Element> {
    return this.#elements.values();
  }

  /** The first value as text without padding; undefined where it is absent or empty. Numbers are given as text too. */
  text(tag: number): string | undefined {
    const first = this.texts(tag)[0];
    return first === '' ? undefined : first;
  }

  /** All values as text without padding, empty ones as `''`; text in Unicode by the SpecificCharacterSet in force. */
  texts(tag: number): string[] {
    const element = this.#elements.get(tag);
    if (element === undefined || element.lengthBytes === 0) return [];
    const { vr } = element;
    if (vr in NUMBER_SIZE) return this.numbers(tag).map(String);
    if (!TEXT_VRS.has(vr)) return [];
    const text = this.#decode(element);
    if (SINGLE_TEXT_VRS.has(vr)) return [unpadded(text, 0)];
    return text.split('\\').map((value) => unpadded(value, leadingBlanks(value)));
  }

  /** The first value of a UID as it is written (PS3.5 9.1), not judged. */
  uid(tag: number): string | undefined {
    return this.text(tag);
  }

  /** The first value as a number; undefined where it is absent, empty or no number. */
  number(tag: number): number | undefined {
    const first = this.numbers(tag)[0];
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  /** All values as numbers, of DS, IS and the binary VRs; NaN in the place of one that is no number. AT gives tags; 64-bit values lose what a double cannot hold. */
  numbers(tag: number): number[] {
    const element = this.#elements.get(tag);
    if (element === undefined || element.lengthBytes === 0) return [];
    if (element.vr === 'DS' || element.vr === 'IS') return this.texts(tag).map(parseDecimal);
    const size = NUMBER_SIZE[element.vr];
    if (size === undefined) return [];
    return Array.from({ length: Math.floor(element.lengthBytes / size) }, (_, n) =>
      this.#binaryNumber(element.vr, element.offset + n * size),
    );
  }

  /** The items of a sequence; none where it is absent or no sequence. */
  items(tag: number): readonly DataSet[] {
    return this.#elements.get(tag)?.items ?? [];
  }

  /** The value's bytes in the data set's byte order: a view, not a copy. Undefined for absent elements, sequences and encapsulated pixel data. */
  bytesOf(tag: number): Uint8Array | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || element.items || element.fragments) return undefined;
    const { buffer, byteOffset } = this.#source.buffer;
    // Not a Buffer: its `slice` would not copy.
    return new Uint8Array(buffer, byteOffset + element.offset, element.lengthBytes);
  }

  /** The fragments of encapsulated pixel data (views); undefined where the element is absent or native. */
  fragments(tag: number): Fragments | undefined {
    return this.#elements.get(tag)?.fragments;
  }

  /** False only in data sets of Explicit VR Big Endian. */
  get littleEndian(): boolean {
    return this.#littleEndian;
  }

  /** The terms of the SpecificCharacterSet in force: the item's own or that of the data set around it (PS3.3 C.12.1.1.2). */
  get characterSet(): readonly string[] {
    if (!this.#elements.has(TAG.SpecificCharacterSet)) return this.#parent?.characterSet ?? [];
    return this.texts(TAG.SpecificCharacterSet);
  }

  /** PixelRepresentation of this data set or of the one around it, as read so far. */
  get pixelsAreSigned(): boolean {
    if (!this.#elements.has(TAG.PixelRepresentation)) return this.#parent?.pixelsAreSigned ?? false;
    return this.number(TAG.PixelRepresentation) === 1;
  }

  #decode(element: Element): string {
    const { offset, lengthBytes, vr } = element;
    if (!CHARSET_VRS.has(vr)) return this.#source.buffer.toString('latin1', offset, offset + lengthBytes);
    const bytes = this.#source.buffer.subarray(offset, offset + lengthBytes);
    return textDecoderOf(this.characterSet)(bytes, vr === 'PN');
  }

  #binaryNumber(vr: string, at: number): number {
    const { view } = this.#source;
    const little = this.#littleEndian;
    switch (vr) {
      case 'US':
        return view.getUint16(at, little);
      case 'SS':
        return view.getInt16(at, little);
      case 'UL':
        return view.getUint32(at, little);
      case 'SL':
        return view.getInt32(at, little);
      case 'FL':
        return view.getFloat32(at, little);
      case 'FD':
        return view.getFloat64(at, little);
      case 'AT':
        return view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
      case 'SV':
        return Number(view.getBigInt64(at, little));
      default:
        return Number(view.getBigUint64(at, little));
    }
  }
}

function leadingBlanks(text: string): number {
  let count = 0;
  while (text[count] === ' ') count++;
  return count;
}

/**
 * The text from `start` on without its padding. Spaces and NULs pad values (PS3.5 6.2); NUL only UI, but senders pad other text with it too.
 * By hand: a regular expression looks at every run of blanks inside of a text anew from each of them.
 */
function unpadded(text: string, start: number): string {
  let end = text.length;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\0')) end--;
  return text.slice(start, end);
}
