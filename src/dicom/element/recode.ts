/** A parsed data set written again in Explicit VR Little Endian with its values byte for byte, for those who ask for that transfer syntax. */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet, Element } from './data-set.js';
import { TAG } from './tags.js';
import { LONG_VRS } from './vr.js';
import { encodeElement, shortHead, type WritableElement } from './write.js';

/** What a 16-bit length can say (PS3.5 7.1.2). */
const SHORT_VALUE_BYTES = 0xfffe;
const PIXEL_GROUP = 0x7fe00000;

/**
 * Everything before group 7FE0 in ascending order, sequences with defined lengths, text in the character set that it has. `replaced`
 * takes the place of elements by tag; group lengths are left out, and encapsulated pictures in sequences.
 * @throws {AnteroomError} PIXELS_UNSUPPORTED for a data set in big endian.
 */
export function recodedHeader(dataset: DataSet, replaced: ReadonlyMap<number, WritableElement> = new Map()): Uint8Array[] {
  if (!dataset.littleEndian) throw new AnteroomError('PIXELS_UNSUPPORTED', 'the data set is in big endian');
  const own = [...dataset.elements()].filter(({ tag }) => tag < PIXEL_GROUP && !replaced.has(tag));
  const elements = [...own.map((element) => [element.tag, writable(dataset, element)] as const), ...replaced];
  return encoded(elements);
}

function encoded(elements: readonly (readonly [tag: number, element: WritableElement])[]): Uint8Array[] {
  const kept = elements.filter(([tag]) => (tag & 0xffff) !== 0);
  return kept.sort(([a], [b]) => a - b).flatMap(([tag, element]) => encodeElement(tag, element));
}

function writable(dataset: DataSet, { tag, vr, items, lengthBytes }: Element): WritableElement {
  if (items) return { vr: 'SQ', bytes: Buffer.concat(items.flatMap(recodedItem)) };
  // What is longer than its VR can say is written as UN (PS3.5 6.2.2 note 3).
  return { vr: lengthBytes > SHORT_VALUE_BYTES && !LONG_VRS.has(vr) ? 'UN' : vr, bytes: dataset.bytesOf(tag) ?? new Uint8Array() };
}

function recodedItem(item: DataSet): Uint8Array[] {
  const own = [...item.elements()].filter(({ fragments }) => fragments === undefined);
  const elements = encoded(own.map((element) => [element.tag, writable(item, element)] as const));
  const lengthBytes = elements.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [shortHead(TAG.Item, lengthBytes), ...elements];
}
