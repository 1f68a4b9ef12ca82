/** Data sets that lie about their lengths, their order and their values; the data sets that they are made from are valid. */
import { deflateRawSync } from 'node:zlib';
import { LONG_VRS } from '../../src/dicom/element/vr.js';
import { damaged, rearranged, withOneChanged, type Dice } from './dice.js';

/** `bytes`, an Explicit VR Little Endian data set, with one to three faults. */
export function faultyDataSet(dice: Dice, bytes: Buffer): Buffer {
  let elements = elementsOf(bytes);
  for (let n = dice.between(1, 3); n > 0; n--) elements = withFault(dice, elements);
  const whole = Buffer.concat(elements);
  return dice.chance(0.15) ? damaged(dice, whole) : whole;
}

/** The same with a data set of another transfer syntax than it says: deflated, cut in its deflated form, or plain. */
export function deflatedDataSet(dice: Dice, bytes: Buffer): Buffer {
  const deflated = deflateRawSync(dice.chance(0.5) ? bytes : Buffer.concat([bytes, Buffer.alloc(2_000_000)]));
  return dice.pick([deflated, damaged(dice, deflated), bytes]);
}

/** The elements of the data set, each with its header. */
function elementsOf(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const long = isLong(bytes, at);
    const lengthBytes = long ? 12 + bytes.readUInt32LE(at + 8) : 8 + bytes.readUInt16LE(at + 6);
    elements.push(bytes.subarray(at, at + lengthBytes));
    at += lengthBytes;
  }
  return elements;
}

function isLong(bytes: Buffer, at = 0): boolean {
  return LONG_VRS.has(bytes.toString('latin1', at + 4, at + 6));
}

function withFault(dice: Dice, elements: readonly Buffer[]): Buffer[] {
  if (elements.length === 0) return [hostileElement(dice)];
  switch (dice.pick(['arrange', 'length', 'vr', 'tag', 'value', 'hostile'])) {
    case 'arrange':
      return rearranged(dice, elements, () => hostileElement(dice));
    case 'length':
      return withOneChanged(dice, elements, (element) => withClaim(dice, element));
    case 'vr':
      return withOneChanged(dice, elements, (element) =>
        overwritten(element, 4, dice.chance(0.3) ? dice.bytes(2) : Buffer.from(dice.pick(VRS))),
      );
    case 'tag':
      return withOneChanged(dice, elements, (element) => overwritten(element, 0, dice.bytes(4)));
    case 'value':
      return withOneChanged(dice, elements, (element) => withValue(dice, element));
    default:
      return [...elements, hostileElement(dice)];
  }
}

const VRS = ['SQ', 'UN', 'OB', 'OW', 'UI', 'US', 'PN', 'DS', 'IS', 'AT', 'FD', 'UT', 'UV', 'OV'];

function withClaim(dice: Dice, element: Buffer): Buffer {
  const copy = Buffer.from(element);
  // An earlier fault may have left less than a header.
  if (isLong(copy) && copy.length >= 12) copy.writeUInt32LE(dice.claimedLength(copy.length - 12, 32), 8);
  else if (copy.length >= 8) copy.writeUInt16LE(dice.claimedLength(copy.length - 8, 16), 6);
  return copy;
}

/** Another value of the same length or of another, with a length that is true. */
function withValue(dice: Dice, element: Buffer): Buffer {
  const value = dice.pick([
    Buffer.alloc(0),
    dice.bytes(2 * dice.between(1, 300)),
    Buffer.from('1\\\\-\\9'.repeat(50)),
    Buffer.alloc(64, 0x5c),
  ]);
  if (isLong(element) || element.length < 8) return element;
  const copy = Buffer.from(element.subarray(0, 8));
  copy.writeUInt16LE(value.length, 6);
  return Buffer.concat([copy, value]);
}

function overwritten(element: Buffer, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(element);
  bytes.copy(copy, at);
  return copy;
}

const ITEM = [0xfe, 0xff, 0x00, 0xe0];
const ITEM_END = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
const UNDEFINED = [0xff, 0xff, 0xff, 0xff];

/** What no sender means well with: claims of gigabytes, sequences within sequences, delimiters out of the blue. */
function hostileElement(dice: Dice): Buffer {
  const sequence = Buffer.from([0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, ...UNDEFINED]);
  const openItem = Buffer.from([...ITEM, ...UNDEFINED]);
  const claim = Buffer.alloc(4);
  claim.writeUInt32LE(dice.claimedLength(400, 32));
  return dice.pick<() => Buffer>([
    () => Buffer.concat([Buffer.from([0x09, 0x00, 0x10, 0x10, 0x4f, 0x42, 0, 0]), claim, dice.bytes(400)]),
    () => Buffer.concat([Buffer.from([0x09, 0x00, 0x10, 0x10, 0x55, 0x4e, 0, 0, ...UNDEFINED]), dice.bytes(50)]),
    () => Buffer.concat(Array.from({ length: dice.between(1, 3000) }, () => Buffer.concat([sequence, openItem]))),
    () => Buffer.concat([sequence, Buffer.from(ITEM), claim, dice.bytes(100)]),
    () =>
      Buffer.concat([sequence, ...Array.from({ length: dice.between(1, 2000) }, () => Buffer.concat([openItem, Buffer.from(ITEM_END)]))]),
    () => Buffer.from(ITEM_END),
    () => Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, ...UNDEFINED, ...ITEM, 0, 0, 0, 0, ...ITEM, ...UNDEFINED]),
    () => Buffer.from([0x28, 0x00, 0x08, 0x00, 0x49, 0x53, 10, 0, ...Buffer.from('2147483647')]),
  ])();
}
