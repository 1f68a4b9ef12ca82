/** What stands between A-ASSOCIATE-AC and the end: messages, cut into presentation data values, packed into P-DATA-TF PDUs; valid, or with faults on one of these levels. */
import { encodeEchoRq, encodeStoreRq } from '../../src/dimse/command.js';
import { PDU, abortPdu, encodePdu, releaseRp } from '../../src/dimse/pdu.js';
import { VERIFICATION } from '../../src/dimse/uids.js';
import { CONTROL, CT_STORAGE } from '../support/dimse.js';
import type { GeneratedInstance } from '../support/generated-instance.js';
import { damaged, rearranged, withOneChanged, type Dice } from './dice.js';
import { CONTEXT, validRequest } from './requests.js';

export interface Message {
  readonly contextId: number;
  readonly command: Buffer;
  readonly dataSet: Buffer | undefined;
}

/** A presentation data value (PS3.8 section 9.3.5.1). */
interface Pdv {
  readonly contextId: number;
  readonly control: number;
  readonly bytes: Buffer;
  readonly claimedBytes?: number;
}

/** With the pieces that `largestPieceBytes` allows, what we take as a P-DATA-TF is not exceeded. */
const MAX_PDVS_IN_PDU = 6;
const LARGEST_PIECE_BYTES = 16 * 1024;

export function storeMessage(messageId: number, instance: GeneratedInstance, contextId: number = CONTEXT.ct): Message {
  return { contextId, command: encodeStoreRq(messageId, CT_STORAGE, instance.sopInstanceUid), dataSet: instance.dataSet };
}

export function echoMessage(messageId: number): Message {
  return { contextId: CONTEXT.verification, command: encodeEchoRq(messageId, VERIFICATION), dataSet: undefined };
}

/** The values of all messages, in pieces of any size, empty ones among them: valid, if unusual. */
export function pdvsOf(dice: Dice, messages: readonly Message[]): Pdv[] {
  return messages.flatMap(({ contextId, command, dataSet }) => [
    ...pieces(dice, command).map((bytes, n, all) => ({
      contextId,
      bytes,
      control: n < all.length - 1 ? CONTROL.command : CONTROL.lastCommand,
    })),
    ...(dataSet === undefined ? [] : pieces(dice, dataSet)).map((bytes, n, all) => ({
      contextId,
      bytes,
      control: n < all.length - 1 ? CONTROL.data : CONTROL.lastData,
    })),
  ]);
}

/** Values packed into PDUs, several in one where the dice say so. */
export function pdusOf(dice: Dice, pdvs: readonly Pdv[]): Buffer[] {
  const pdus: Buffer[] = [];
  for (let at = 0; at < pdvs.length;) {
    const count = dice.chance(0.3) ? dice.between(1, MAX_PDVS_IN_PDU) : 1;
    pdus.push(dataPdu(Buffer.concat(pdvs.slice(at, at + count).map(encodePdv))));
    at += count;
  }
  return pdus;
}

/** One to three faults in contexts, control headers, lengths or order. */
export function withFaultyPdvs(dice: Dice, pdvs: readonly Pdv[]): Pdv[] {
  let faulty = [...pdvs];
  for (let n = dice.between(1, 3); n > 0 && faulty.length > 0; n--) faulty = withFaultyPdv(dice, faulty);
  return faulty;
}

function withFaultyPdv(dice: Dice, pdvs: readonly Pdv[]): Pdv[] {
  const change = (of: (pdv: Pdv) => Partial<Pdv>) => withOneChanged(dice, pdvs, (pdv) => ({ ...pdv, ...of(pdv) }));
  switch (dice.pick(['arrange', 'context', 'control', 'length', 'bytes'])) {
    case 'arrange':
      return rearranged(dice, pdvs, () => ({ contextId: dice.below(256), control: dice.below(256), bytes: dice.bytes(dice.below(200)) }));
    case 'context':
      return change(() => ({ contextId: dice.chance(0.5) ? dice.pick(Object.values(CONTEXT)) : dice.below(256) }));
    case 'control':
      return change(() => ({ control: dice.chance(0.7) ? dice.below(4) : dice.below(256) }));
    case 'length':
      return change(({ bytes }) => ({ claimedBytes: dice.claimedLength(bytes.length + 2, 32) }));
    default:
      return change(({ bytes }) => ({ bytes: damaged(dice, bytes) }));
  }
}

/** One to three faults in types, lengths or order of PDUs; PDUs that have no business there. */
export function withFaultyPdus(dice: Dice, pdus: readonly Buffer[]): Buffer[] {
  let faulty = [...pdus];
  for (let n = dice.between(1, 3); n > 0 && faulty.length > 0; n--) faulty = withFaultyPdu(dice, faulty);
  return faulty;
}

function withFaultyPdu(dice: Dice, pdus: readonly Buffer[]): Buffer[] {
  switch (dice.pick(['arrange', 'type', 'length', 'bytes'])) {
    case 'arrange':
      return rearranged(dice, pdus, () => foreignPdu(dice));
    case 'type':
      return withOneChanged(dice, pdus, (pdu) => Buffer.concat([Buffer.from([dice.below(dice.chance(0.7) ? 9 : 256)]), pdu.subarray(1)]));
    case 'length':
      return withOneChanged(dice, pdus, (pdu) => withClaim(pdu, dice.claimedLength(pdu.length - 6, 32)));
    default:
      return withOneChanged(dice, pdus, (pdu) => damaged(dice, pdu));
  }
}

function foreignPdu(dice: Dice): Buffer {
  return dice.pick<() => Buffer>([
    () => validRequest(dice),
    () => Buffer.concat([Buffer.from([PDU.associateAc]), validRequest(dice).subarray(1)]),
    () => encodePdu(PDU.associateRj, Buffer.from([0, 1, 1, 1])),
    releaseRp,
    () => abortPdu(0),
    () => encodePdu(PDU.releaseRq, dice.bytes(dice.below(300))),
    () => dataPdu(Buffer.alloc(0)),
    () => dataPdu(Buffer.from([0, 0, 0, dice.below(3), CONTEXT.ct, 0]).subarray(0, dice.between(1, 6))),
    () => withClaim(dataPdu(dice.bytes(20)), 0xffffffff),
    () => Buffer.concat([Buffer.from([dice.below(256), dice.below(256), 0, 0, 0, 100]), dice.bytes(100)]),
  ])();
}

function pieces(dice: Dice, bytes: Buffer): Buffer[] {
  const all: Buffer[] = [];
  const isUsual = dice.chance(0.5);
  for (let at = 0; at < bytes.length;) {
    const count = isUsual
      ? LARGEST_PIECE_BYTES
      : dice.chance(0.1)
        ? dice.below(3)
        : dice.between(1, Math.min(LARGEST_PIECE_BYTES, bytes.length));
    all.push(bytes.subarray(at, at + count));
    at += count;
  }
  if (all.length === 0 || (!isUsual && dice.chance(0.2))) all.push(Buffer.alloc(0));
  return all;
}

function encodePdv({ contextId, control, bytes, claimedBytes }: Pdv): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt32BE(claimedBytes ?? bytes.length + 2, 0);
  header.writeUInt8(contextId, 4);
  header.writeUInt8(control, 5);
  return Buffer.concat([header, bytes]);
}

function dataPdu(body: Buffer): Buffer {
  return withClaim(Buffer.concat([Buffer.from([PDU.dataTf, 0, 0, 0, 0, 0]), body]), body.length);
}

function withClaim(pdu: Buffer, lengthBytes: number): Buffer {
  const copy = Buffer.from(pdu);
  if (copy.length >= 6) copy.writeUInt32BE(lengthBytes, 2);
  return copy;
}
