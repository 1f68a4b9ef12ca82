/** Command sets (PS3.7 section 6.3 and annex E): always Implicit VR Little Endian, always group 0000, never nested. */
import { ABORT_REASON, ProtocolError } from './pdu.js';

/** CommandField (0000,0100), PS3.7 table E.1-1. A response is its request with this bit set. */
export const COMMAND = { storeRq: 0x0001, echoRq: 0x0030, cancelRq: 0x0fff } as const;
export const RESPONSE_BIT = 0x8000;

/** CommandDataSetType (0000,0800) of a message without data set. */
const NO_DATA_SET = 0x0101;
/** Any other value says that one follows. */
const WITH_DATA_SET = 0x0001;

const ELEMENT = {
  groupLength: 0x0000,
  affectedSopClassUid: 0x0002,
  commandField: 0x0100,
  messageId: 0x0110,
  messageIdBeingRespondedTo: 0x0120,
  priority: 0x0700,
  dataSetType: 0x0800,
  status: 0x0900,
  errorComment: 0x0902,
  affectedSopInstanceUid: 0x1000,
} as const;

const PRIORITY_MEDIUM = 0;
/** Error Comment is an LO. */
const MAX_COMMENT_CHARACTERS = 64;

/** What the wire needs of a command; elements that it does not need are skipped. Absent ones are undefined. */
export interface Command {
  readonly commandField: number;
  readonly messageId: number;
  readonly messageIdBeingRespondedTo: number;
  readonly hasDataSet: boolean;
  readonly affectedSopClassUid: string | undefined;
  readonly affectedSopInstanceUid: string | undefined;
  readonly status: number | undefined;
  readonly errorComment: string | undefined;
}

/** Decodes a complete command set. Throws ProtocolError where it is none. */
export function decodeCommand(bytes: Buffer): Command {
  const elements = elementsOf(bytes);
  const us = (element: number): number | undefined => {
    const value = elements.get(element);
    return value && value.length >= 2 ? value.readUInt16LE(0) : undefined;
  };
  const text = (element: number): string | undefined =>
    elements
      .get(element)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '') || undefined;
  const commandField = us(ELEMENT.commandField);
  if (commandField === undefined) throw invalid('a command set without CommandField (0000,0100)');
  return {
    commandField,
    messageId: us(ELEMENT.messageId) ?? 0,
    messageIdBeingRespondedTo: us(ELEMENT.messageIdBeingRespondedTo) ?? 0,
    hasDataSet: (us(ELEMENT.dataSetType) ?? NO_DATA_SET) !== NO_DATA_SET,
    affectedSopClassUid: text(ELEMENT.affectedSopClassUid),
    affectedSopInstanceUid: text(ELEMENT.affectedSopInstanceUid),
    status: us(ELEMENT.status),
    errorComment: text(ELEMENT.errorComment),
  };
}

/** The response to a request (PS3.7 sections 9.3.1.2 and 9.3.5.2), without data set; the UIDs are those of the request. */
export function encodeResponse(request: Command, status: number, errorComment?: string): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, request.affectedSopClassUid],
    [ELEMENT.commandField, request.commandField | RESPONSE_BIT],
    [ELEMENT.messageIdBeingRespondedTo, request.messageId],
    [ELEMENT.dataSetType, NO_DATA_SET],
    [ELEMENT.status, status],
    [ELEMENT.errorComment, errorComment?.slice(0, MAX_COMMENT_CHARACTERS)],
    [ELEMENT.affectedSopInstanceUid, request.affectedSopInstanceUid],
  ]);
}

/** A C-ECHO-RQ (PS3.7 section 9.3.5.1). */
export function encodeEchoRq(messageId: number, sopClassUid: string): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.echoRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.dataSetType, NO_DATA_SET],
  ]);
}

/** A C-STORE-RQ (PS3.7 section 9.3.1.1); its data set follows. */
export function encodeStoreRq(messageId: number, sopClassUid: string, sopInstanceUid: string): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.storeRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.priority, PRIORITY_MEDIUM],
    [ELEMENT.dataSetType, WITH_DATA_SET],
    [ELEMENT.affectedSopInstanceUid, sopInstanceUid],
  ]);
}

function elementsOf(bytes: Buffer): Map<number, Buffer> {
  const elements = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 8) throw invalid(`${bytes.length - at} bytes at the end of a command set that are no element`);
    if (bytes.readUInt16LE(at) !== 0) throw invalid('an element in a command set that is not of group 0000');
    const lengthBytes = bytes.readUInt32LE(at + 4);
    if (lengthBytes > bytes.length - at - 8) throw invalid(`an element of ${lengthBytes} bytes where ${bytes.length - at - 8} are left`);
    elements.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 8, at + 8 + lengthBytes));
    at += 8 + lengthBytes;
  }
  return elements;
}

/** Numbers are US, texts are UI or LO padded to an even length; undefined ones are left out. The elements must be in order. */
function encodeCommand(elements: readonly (readonly [number, string | number | undefined])[]): Buffer {
  const parts = elements.flatMap(([element, value]) => (value === undefined ? [] : [encodeElement(element, value)]));
  const groupLength = Buffer.alloc(12);
  groupLength.writeUInt16LE(ELEMENT.groupLength, 2);
  groupLength.writeUInt32LE(4, 4);
  groupLength.writeUInt32LE(
    parts.reduce((sum, part) => sum + part.length, 0),
    8,
  );
  return Buffer.concat([groupLength, ...parts]);
}

function encodeElement(element: number, value: string | number): Buffer {
  const isText = typeof value === 'string';
  const lengthBytes = isText ? value.length + (value.length % 2) : 2;
  const bytes = Buffer.alloc(8 + lengthBytes); // what is left at 0 pads a UID
  bytes.writeUInt16LE(element, 2);
  bytes.writeUInt32LE(lengthBytes, 4);
  if (!isText) bytes.writeUInt16LE(value, 8);
  else bytes.write(element === ELEMENT.errorComment ? value.padEnd(lengthBytes) : value, 8, 'latin1');
  return bytes;
}

const invalid = (message: string): ProtocolError => new ProtocolError(ABORT_REASON.invalidParameter, message);
