/**
 * Writing data sets in Explicit VR Little Endian (PS3.5 A.2) and file meta information (PS3.10 7.1). An encoder of our own and
 * not dcmjs's, which re-formats decimal strings and copies pixel data several times; here bulk values stay where they are.
 */
import { AnteroomError } from '../../foundation/errors.js';
import type { Header, HeaderElement, HeaderValue, PersonName } from '../header.js';
import { formatDecimal } from './decimal.js';
import { TAG } from './tags.js';
import { tagKey, tagName } from './dictionary.js';
import { CHARSET_VRS, LONG_VRS, NUMBER_SIZE, TEXT_VRS } from './vr.js';

/** Identifies this implementation in file meta information and associations (PS3.7 D.3.3.2); a UUID-derived UID that stays the same for good. */
export const IMPLEMENTATION_CLASS_UID = '2.25.198434739421862083247772101002012747013';
/** At most 16 characters (PS3.7 D.3.3.2.3). */
export const IMPLEMENTATION_VERSION_NAME = 'ANTEROOM';

/** An element to be written: as in a header, or with its value as bytes (bulk VRs, little endian). DS and IS may be text, which is written as it is. */
export interface WritableElement extends HeaderElement {
  readonly bytes?: Uint8Array;
}

/** A header whose elements, also those of its sequence items, may hold bytes. */
export type WritableHeader = { readonly [tag: string]: WritableElement };

export interface FileMetaFacts {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The AE that sent the object, where it came over the network. */
  readonly sourceAeTitle?: string;
}

/** An AE title with the trailing spaces that mean nothing (PS3.5 6.2): the same object has the same size on disk whoever sends it. */
const padded = (aeTitle: string): string => aeTitle.padEnd(16);

/** Preamble, prefix and group 0002 (PS3.10 7.1): what stands before the data set in a file. */
export function fileMeta(facts: FileMetaFacts): Uint8Array {
  const elements = [
    encodeElement(TAG.FileMetaInformationVersion, { vr: 'OB', bytes: Uint8Array.of(0, 1) }),
    encodeElement(TAG.MediaStorageSOPClassUID, { vr: 'UI', Value: [facts.sopClassUid] }),
    encodeElement(TAG.MediaStorageSOPInstanceUID, { vr: 'UI', Value: [facts.sopInstanceUid] }),
    encodeElement(TAG.TransferSyntaxUID, { vr: 'UI', Value: [facts.transferSyntaxUid] }),
    encodeElement(TAG.ImplementationClassUID, { vr: 'UI', Value: [IMPLEMENTATION_CLASS_UID] }),
    encodeElement(TAG.ImplementationVersionName, { vr: 'SH', Value: [IMPLEMENTATION_VERSION_NAME] }),
    facts.sourceAeTitle === undefined
      ? []
      : encodeElement(TAG.SourceApplicationEntityTitle, { vr: 'AE', Value: [padded(facts.sourceAeTitle)] }),
  ].flat();
  const groupLength = encodeElement(TAG.FileMetaInformationGroupLength, { vr: 'UL', Value: [totalBytes(elements)] });
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...groupLength, ...elements]);
}

/**
 * A data set in Explicit VR Little Endian: elements in ascending order, sequences and items with defined lengths, text in UTF-8 with
 * SpecificCharacterSet ISO_IR 192 whatever the header names. Group lengths and groups 0000 and 0002 are left out.
 * @throws {AnteroomError} INTERNAL for a value that its VR cannot hold.
 */
export function encodeDataSet(header: Header | WritableHeader): Uint8Array {
  return Buffer.concat(encodeDataSetParts(header));
}

/** As {@link encodeDataSet}, in parts to be written one after the other: large `bytes` are parts themselves and are not copied. */
export function encodeDataSetParts(header: Header | WritableHeader): Uint8Array[] {
  return encodeElements(inUtf8(header), 'explicit');
}

/** As {@link encodeDataSet}, in Implicit VR Little Endian (PS3.5 A.1): identifiers of peers that take nothing else. */
export function encodeImplicitDataSet(header: Header | WritableHeader): Uint8Array {
  return Buffer.concat(encodeElements(inUtf8(header), 'implicit'));
}

const inUtf8 = (header: WritableHeader): WritableHeader => ({
  ...header,
  [tagKey(TAG.SpecificCharacterSet)]: { vr: 'CS', Value: ['ISO_IR 192'] },
});

/** A sequence ready to be written: of many items, one after the other, little is kept but their bytes; and one that occurs often is encoded once. */
export function encodedSequence(items: Iterable<Header | WritableHeader>): WritableElement {
  const parts: Uint8Array[] = [];
  for (const item of items) parts.push(Buffer.concat(encodeItem(TAG.Item, item, 'explicit')));
  return { vr: 'SQ', bytes: Buffer.concat(parts) };
}

export type Layout = 'explicit' | 'implicit';

function encodeElements(header: WritableHeader, layout: Layout): Uint8Array[] {
  return Object.keys(header)
    .filter((key) => !key.endsWith('0000') && !key.startsWith('00000') && !key.startsWith('0002'))
    .sort()
    .flatMap((key) => encodeElement(Number.parseInt(key, 16), header[key], layout));
}

/** The element's header and value (PS3.5 7.1.2); the value is padded to an even length. */
export function encodeElement(tag: number, element: WritableElement, layout: Layout = 'explicit'): Uint8Array[] {
  const { vr } = element;
  const value = encodeValue(tag, element, layout);
  const unpadded = totalBytes(value);
  const lengthBytes = unpadded + (unpadded % 2);
  if (lengthBytes > unpadded) value.push(Uint8Array.of(TEXT_VRS.has(vr) && vr !== 'UI' ? 0x20 : 0));
  return [layout === 'explicit' ? explicitHead(tag, vr, lengthBytes) : shortHead(tag, lengthBytes), ...value];
}

/** Tag and 32-bit length: all that Implicit VR elements (PS3.5 7.1.3) and items have. */
export function shortHead(tag: number, lengthBytes: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.writeUInt32LE(lengthBytes, 4);
  return head;
}

/** Tag, VR and length of an Explicit VR element (PS3.5 7.1.2). @throws {AnteroomError} INTERNAL for a value that is too long for its VR. */
export function explicitHead(tag: number, vr: string, lengthBytes: number): Buffer {
  const long = LONG_VRS.has(vr);
  if (lengthBytes > (long ? 0xfffffffe : 0xfffe)) refuse(tag, vr, `${lengthBytes} bytes are too long for the VR`);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(lengthBytes, 8);
  else head.writeUInt16LE(lengthBytes, 6);
  return head;
}

function encodeValue(tag: number, element: WritableElement, layout: Layout): Uint8Array[] {
  const { vr, Value: values = [], bytes } = element;
  if (bytes) return [bytes];
  if (vr === 'SQ') return values.flatMap((item) => encodeItem(tag, item, layout));
  if (values.length === 0) return [];
  if (TEXT_VRS.has(vr)) return [encodeText(tag, vr, values)];
  if (vr in NUMBER_SIZE) return [encodeNumbers(tag, vr, values)];
  return refuse(tag, vr, 'its value must be given as bytes');
}

/** One item with a defined length (PS3.5 7.5.1). An item has no character set of its own: all text is UTF-8. */
function encodeItem(tag: number, item: HeaderValue | WritableHeader, layout: Layout): Uint8Array[] {
  if (item === null || typeof item !== 'object') refuse(tag, 'SQ', 'an item is no header');
  const elements = { ...(item as WritableHeader) };
  delete elements[tagKey(TAG.SpecificCharacterSet)];
  const encoded = encodeElements(elements, layout);
  return [shortHead(TAG.Item, totalBytes(encoded)), ...encoded];
}

function encodeText(tag: number, vr: string, values: readonly HeaderValue[]): Uint8Array {
  const text = values.map((value) => textOf(tag, vr, value)).join('\\');
  return Buffer.from(text, CHARSET_VRS.has(vr) ? 'utf8' : 'latin1');
}

function textOf(tag: number, vr: string, value: HeaderValue): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return vr === 'DS' ? formatDecimal(value) : String(value);
  if (vr !== 'PN') return refuse(tag, vr, 'a value is neither text nor number');
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as PersonName;
  return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '');
}

const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  SL: [-0x80000000, 0x7fffffff],
  SS: [-0x8000, 0x7fff],
  UL: [0, 0xffffffff],
  US: [0, 0xffff],
  SV: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UV: [0, Number.MAX_SAFE_INTEGER],
};

function encodeNumbers(tag: number, vr: string, values: readonly HeaderValue[]): Uint8Array {
  const size = NUMBER_SIZE[vr];
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, n) => setNumber(view, n * size, tag, vr, numberOf(tag, vr, value)));
  return new Uint8Array(view.buffer);
}

/** AT values are tags as eight hexadecimal digits (PS3.18 F.2.3) or as numbers; 64-bit values may be text. */
function numberOf(tag: number, vr: string, value: HeaderValue): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return refuse(tag, vr, 'a value is no number');
  return vr === 'AT' ? Number.parseInt(value, 16) : Number(value);
}

function setNumber(view: DataView, at: number, tag: number, vr: string, value: number): void {
  const range = INTEGER_RANGES[vr];
  if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1])) refuse(tag, vr, 'a value is out of its range');
  switch (vr) {
    case 'US': {
      view.setUint16(at, value, true);
      return;
    }
    case 'SS': {
      view.setInt16(at, value, true);
      return;
    }
    case 'UL': {
      view.setUint32(at, value, true);
      return;
    }
    case 'SL': {
      view.setInt32(at, value, true);
      return;
    }
    case 'FL': {
      view.setFloat32(at, value, true);
      return;
    }
    case 'FD': {
      view.setFloat64(at, value, true);
      return;
    }
    case 'SV': {
      view.setBigInt64(at, BigInt(value), true);
      return;
    }
    case 'UV': {
      view.setBigUint64(at, BigInt(value), true);
      return;
    }
    default: // AT: the group's two bytes, then the element's
      view.setUint16(at, value >>> 16, true);
      {
        view.setUint16(at + 2, value & 0xffff, true);
        return;
      }
  }
}

function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

function refuse(tag: number, vr: string, seen: string): never {
  throw new AnteroomError('INTERNAL', `${tagName(tag)} ${vr} cannot be written: ${seen}`);
}
