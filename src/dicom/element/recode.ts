/** A parsed data set written again with its values byte for byte: in another transfer syntax, or with other UIDs. */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet, Element } from './data-set.js';
import { TAG } from './tags.js';
import { LONG_VRS } from './vr.js';
import { encodeElement, shortHead, type Layout, type WritableElement } from './write.js';

/** What a 16-bit length can say (PS3.5 7.1.2). */
const SHORT_VALUE_BYTES = 0xfffe;
const PIXEL_GROUP = 0x7fe00000;
/** Below it only group 0004 is of data sets, that of directories (PS3.5 7.1): a group 0002 within one would be read as file meta information. */
const FIRST_TAG = 0x00080000;
const DIRECTORY_GROUP = 0x0004;

export interface Recoding {
  /** These take the place of elements by tag, or are added. */
  readonly replaced?: ReadonlyMap<number, WritableElement>;
  /** UIDs that take the place of others wherever these stand, by the UID that they replace. */
  readonly uids?: ReadonlyMap<string, string>;
  /** SOP classes of the instances that take the place of others, by the UID that is replaced: said beside it. */
  readonly classes?: ReadonlyMap<string, string>;
  /** Explicit or Implicit VR Little Endian; explicit unless told. */
  readonly layout?: Layout;
}

/**
 * Everything of a data set before group 7FE0 in ascending order, sequences with defined lengths, text in the character set that it has. Group lengths
 * are left out, and encapsulated pictures in sequences.
 * @throws {AnteroomError} PIXELS_UNSUPPORTED for a data set in big endian.
 */
export function recodedHeader(dataset: DataSet, { replaced = new Map(), ...how }: Recoding = {}): Uint8Array[] {
  if (!dataset.littleEndian) throw new AnteroomError('PIXELS_UNSUPPORTED', 'the data set is in big endian');
  const own = [...dataset.elements()].filter(({ tag }) => isOfDataSet(tag) && tag < PIXEL_GROUP && !replaced.has(tag));
  const elements = [...own.map((element) => [element.tag, writable(dataset, element, how)] as const), ...replaced];
  return encoded(elements, how.layout);
}

function isOfDataSet(tag: number): boolean {
  return tag >= FIRST_TAG || tag >>> 16 === DIRECTORY_GROUP;
}

type Manner = Omit<Recoding, 'replaced'>;

function encoded(elements: readonly (readonly [tag: number, element: WritableElement])[], layout?: Layout): Uint8Array[] {
  const kept = elements.filter(([tag]) => (tag & 0xffff) !== 0);
  return kept.sort(([a], [b]) => a - b).flatMap(([tag, element]) => encodeElement(tag, element, layout));
}

function writable(dataset: DataSet, { tag, vr, items, lengthBytes }: Element, how: Manner): WritableElement {
  if (items) return { vr: 'SQ', bytes: Buffer.concat(items.flatMap((item) => recodedItem(item, how))) };
  if (vr === 'UI' && how.uids !== undefined) return { vr, Value: uidsOf(dataset, tag, how.uids, how.classes) };
  // What is longer than its VR can say is written as UN (PS3.5 6.2.2 note 3).
  return { vr: lengthBytes > SHORT_VALUE_BYTES && !LONG_VRS.has(vr) ? 'UN' : vr, bytes: dataset.bytesOf(tag) ?? new Uint8Array() };
}

function uidsOf(dataset: DataSet, tag: number, uids: ReadonlyMap<string, string>, classes?: ReadonlyMap<string, string>): string[] {
  const referred = tag === TAG.ReferencedSOPClassUID ? (dataset.uid(TAG.ReferencedSOPInstanceUID) ?? '') : '';
  const itsClass = uids.has(referred) ? classes?.get(referred) : undefined;
  return itsClass === undefined ? dataset.texts(tag).map((uid) => uids.get(uid) ?? uid) : [itsClass];
}

/** An item of a sequence, with its head. */
export function recodedItem(item: DataSet, how: Manner): Uint8Array[] {
  const own = [...item.elements()].filter(({ fragments }) => fragments === undefined);
  return itemOf(
    encoded(
      own.map((element) => [element.tag, writable(item, element, how)] as const),
      how.layout,
    ),
  );
}

/** An item with a defined length (PS3.5 7.5.1) of elements that are encoded already. */
export function itemOf(elements: readonly Uint8Array[]): Uint8Array[] {
  const lengthBytes = elements.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [shortHead(TAG.Item, lengthBytes), ...elements];
}
