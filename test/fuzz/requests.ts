/** A-ASSOCIATE-RQ PDUs: valid ones with everything that the standard lets into them, and such that break it. */
import { PDU, encodePdu } from '../../src/dimse/pdu.js';
import { APPLICATION_CONTEXT, VERIFICATION } from '../../src/dimse/uids.js';
import { CT_STORAGE, EXPLICIT_LE, IMPLICIT_LE } from '../support/dimse.js';
import { damaged, rearranged, withOneChanged, type Dice } from './dice.js';

const DEFLATED = '1.2.840.10008.1.2.1.99';
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';

/** Presentation context ids of the valid request. */
export const CONTEXT = {
  ct: 1,
  verification: 3,
  refused: 5,
  implicit: 7,
  deflated: 9,
  encapsulated: 11,
  studyFind: 13,
  studyMove: 15,
  patientFind: 17,
  commitment: 19,
} as const;

/** The calling AE titles of valid requests. */
export const CALLERS = ['FUZZ', 'F', 'SIXTEEN_LETTERS_'] as const;

/** SOP classes of the services beside storage. */
export const SERVICE = {
  studyFind: '1.2.840.10008.5.1.4.1.2.2.1',
  studyMove: '1.2.840.10008.5.1.4.1.2.2.2',
  patientFind: '1.2.840.10008.5.1.4.1.2.1.1',
  commitment: '1.2.840.10008.1.20.1',
} as const;

interface Item {
  readonly type: number;
  readonly value: Buffer | readonly Item[];
  /** What stands before the items within (a presentation context's id). */
  readonly prefix?: Buffer;
  readonly claimedBytes?: number;
}

/** A valid request; some of the optional user information comes with it. */
export function validRequest(dice: Dice): Buffer {
  return encode(dice, validItems(dice));
}

/** A request with one to three faults, somewhere in its items or its fixed fields. */
export function faultyRequest(dice: Dice): Buffer {
  let items = validItems(dice);
  for (let n = dice.between(1, 3); n > 0; n--) items = withFault(dice, items);
  const fixed = dice.chance(0.3) ? damagedFixedPart(dice) : fixedPart();
  const body = Buffer.concat([fixed, ...items.map(encodeItem)]);
  return encodePdu(PDU.associateRq, dice.chance(0.2) ? damaged(dice, body) : body);
}

function encode(dice: Dice, items: readonly Item[]): Buffer {
  return encodePdu(PDU.associateRq, Buffer.concat([fixedPart(dice.pick(CALLERS)), ...items.map(encodeItem)]));
}

function validItems(dice: Dice): Item[] {
  const contexts = [
    context(CONTEXT.ct, CT_STORAGE, EXPLICIT_LE),
    context(CONTEXT.verification, VERIFICATION, IMPLICIT_LE),
    context(CONTEXT.refused, '1.2.840.10008.5.1.4.1.2.3.1', IMPLICIT_LE),
    context(CONTEXT.implicit, CT_STORAGE, IMPLICIT_LE),
    context(CONTEXT.deflated, CT_STORAGE, DEFLATED),
    context(CONTEXT.encapsulated, CT_STORAGE, JPEG_LOSSLESS),
    ...Object.entries(SERVICE).map(([name, uid]) => context(CONTEXT[name as keyof typeof SERVICE], uid, EXPLICIT_LE)),
  ];
  const optional = USER_INFORMATION.filter(() => dice.chance(0.3));
  const maximumLength = item(0x51, uint32(dice.pick([0, 16384, 131072, 0xffffffff])));
  return [item(0x10, text(APPLICATION_CONTEXT)), ...contexts, item(0x50, [maximumLength, item(0x52, text('1.2.3.4')), ...optional])];
}

/** Asynchronous operations, role selection, extended negotiation, common extended negotiation, user identity (PS3.7 annex D.3.3), and one that is not known. */
const USER_INFORMATION: readonly Item[] = [
  item(0x53, Buffer.from([0, 5, 0, 5])),
  item(0x54, Buffer.concat([Buffer.from([0, CT_STORAGE.length]), text(CT_STORAGE), Buffer.from([0, 1])])),
  item(0x55, text('FUZZ_1')),
  item(0x56, Buffer.concat([Buffer.from([0, CT_STORAGE.length]), text(CT_STORAGE), Buffer.from([2, 0, 0, 0, 0, 0])])),
  item(0x57, Buffer.concat([Buffer.from([0, CT_STORAGE.length]), text(CT_STORAGE), Buffer.alloc(4)])),
  item(0x58, Buffer.concat([Buffer.from([1, 0, 0, 4]), text('user'), Buffer.from([0, 0])])),
  item(0x5f, text('from the future')),
];

function withFault(dice: Dice, items: readonly Item[]): Item[] {
  const foreign = (): Item => item(dice.below(256), dice.bytes(dice.below(60)));
  if (items.length === 0) return [foreign()];
  switch (dice.pick(['arrange', 'length', 'inside', 'id', 'many', 'bytes'])) {
    case 'arrange':
      return rearranged(dice, items, foreign);
    case 'length':
      return withOneChanged(dice, items, (one) => ({ ...one, claimedBytes: dice.claimedLength(encodeItem(one).length - 4, 16) }));
    case 'inside':
      return withOneChanged(dice, items, (one) => ({
        ...one,
        value: isNested(one.value) ? withFault(dice, one.value) : damaged(dice, one.value),
      }));
    case 'id':
      return withOneChanged(dice, items, (one) => ({ ...one, prefix: dice.bytes(dice.below(6)) }));
    case 'many':
      return [
        ...items,
        ...Array.from({ length: dice.pick([130, 300, 2000]) }, (_, n) => context((2 * n + 1) & 0xff, CT_STORAGE, EXPLICIT_LE)),
      ];
    default:
      return [...items, { type: 0x20, value: dice.bytes(dice.below(300)) }];
  }
}

function isNested(value: Item['value']): value is readonly Item[] {
  return !Buffer.isBuffer(value);
}

function context(id: number, abstractSyntax: string, transferSyntax: string): Item {
  return { type: 0x20, prefix: Buffer.from([id, 0, 0, 0]), value: [item(0x30, text(abstractSyntax)), item(0x40, text(transferSyntax))] };
}

function item(type: number, value: Item['value']): Item {
  return { type, value };
}

function encodeItem({ type, value, prefix, claimedBytes }: Item): Buffer {
  const body = Buffer.concat([prefix ?? Buffer.alloc(0), ...(isNested(value) ? value.map(encodeItem) : [value])]);
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE((claimedBytes ?? body.length) & 0xffff, 2);
  return Buffer.concat([header, body]);
}

/** Version, AE titles and reserved bytes (PS3.8 table 9-11). */
function fixedPart(callingAe = 'FUZZ'): Buffer {
  return Buffer.concat([Buffer.from([0, 1, 0, 0]), text('ANTEROOM'.padEnd(16)), text(callingAe.padEnd(16)), Buffer.alloc(32)]);
}

function damagedFixedPart(dice: Dice): Buffer {
  const fixed = fixedPart();
  dice.bytes(16).copy(fixed, dice.pick([0, 4, 20]));
  return fixed;
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
