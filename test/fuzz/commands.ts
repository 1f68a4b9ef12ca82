/** Command sets that are not as they should be. */
import { damaged, rearranged, withOneChanged, type Dice } from './dice.js';

interface Element {
  readonly number: number;
  readonly value: Buffer;
  /** Where the length that is claimed is not that of the value. */
  readonly claimedBytes?: number;
}

const COMMAND_FIELD = 0x0100;
const DATA_SET_TYPE = 0x0800;
const UIDS = [0x0002, 0x1000];
/** C-STORE to N-DELETE, their responses, C-CANCEL, and what is none (PS3.7 table E.1-1). */
const COMMAND_FIELDS = [
  0x0001, 0x0010, 0x0020, 0x0021, 0x0030, 0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150, 0x0fff, 0x8001, 0x8030, 0x7777,
];

/** `command` with one to three faults. */
export function faultyCommand(dice: Dice, command: Buffer): Buffer {
  let elements = elementsOf(command);
  for (let n = dice.between(1, 3); n > 0; n--) elements = withFault(dice, elements);
  const whole = Buffer.concat(elements.map(encode));
  return dice.chance(0.15) ? damaged(dice, whole) : whole;
}

function withFault(dice: Dice, elements: readonly Element[]): Element[] {
  const foreign = (): Element => ({ number: dice.below(0x10000), value: dice.bytes(dice.below(40)) });
  if (elements.length === 0) return [foreign()];
  switch (dice.pick(['arrange', 'length', 'value', 'field', 'data set', 'uid', 'long'])) {
    case 'arrange':
      return rearranged(dice, elements, foreign);
    case 'length':
      return withOneChanged(dice, elements, (element) => ({ ...element, claimedBytes: dice.claimedLength(element.value.length, 32) }));
    case 'value':
      return withOneChanged(dice, elements, (element) => ({ ...element, value: damaged(dice, element.value) }));
    case 'field':
      return withValue(elements, COMMAND_FIELD, us(dice.pick(COMMAND_FIELDS)));
    case 'data set':
      return withValue(elements, DATA_SET_TYPE, us(dice.pick([0x0101, 0x0000, 0x0001, 0xffff])));
    case 'uid':
      return withValue(
        elements,
        dice.pick(UIDS),
        Buffer.from(dice.pick(['', '..', '1.2.', '../../etc/passwd', '1'.repeat(80), '1.2.3\0\0', '٣.1'])),
      );
    default:
      return [...elements, { number: dice.below(0x10000), value: Buffer.alloc(dice.pick([1000, 60_000, 70_000])) }];
  }
}

function withValue(elements: readonly Element[], number: number, value: Buffer): Element[] {
  return elements.map((element) => (element.number === number ? { number, value } : element));
}

/** A US value. */
export function us(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

/** A command set of these elements, whose numbers need not be in order; the group length (0000,0000) comes with them. */
export function encodeElements(elements: readonly (readonly [number, Buffer])[]): Buffer {
  const encoded = [...elements].sort(([a], [b]) => a - b).map(([number, value]) => encode({ number, value }));
  const groupLength = Buffer.alloc(4);
  groupLength.writeUInt32LE(encoded.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([encode({ number: 0, value: groupLength }), ...encoded]);
}

function elementsOf(command: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < command.length;) {
    const end = at + 8 + command.readUInt32LE(at + 4);
    elements.push({ number: command.readUInt16LE(at + 2), value: command.subarray(at + 8, end) });
    at = end;
  }
  return elements;
}

function encode({ number, value, claimedBytes }: Element): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(number, 2);
  header.writeUInt32LE(claimedBytes ?? value.length, 4);
  return Buffer.concat([header, value]);
}
