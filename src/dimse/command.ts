/** Command sets (PS3.7 section 6.3 and annex E): always Implicit VR Little Endian, always group 0000, never nested. */
import { ABORT_REASON, ProtocolError } from './pdu.js';

/** CommandField (0000,0100), PS3.7 table E.1-1. A response is its request with this bit set. */
export const COMMAND = {
  storeRq: 0x0001,
  findRq: 0x0020,
  moveRq: 0x0021,
  echoRq: 0x0030,
  eventReportRq: 0x0100,
  actionRq: 0x0130,
  cancelRq: 0x0fff,
} as const;
export const RESPONSE_BIT = 0x8000;

/** CommandDataSetType (0000,0800) of a message without data set. */
const NO_DATA_SET = 0x0101;
/** Any other value says that one follows. */
const WITH_DATA_SET = 0x0001;

const ELEMENT = {
  groupLength: 0x0000,
  affectedSopClassUid: 0x0002,
  requestedSopClassUid: 0x0003,
  commandField: 0x0100,
  messageId: 0x0110,
  messageIdBeingRespondedTo: 0x0120,
  moveDestination: 0x0600,
  priority: 0x0700,
  dataSetType: 0x0800,
  status: 0x0900,
  errorComment: 0x0902,
  affectedSopInstanceUid: 0x1000,
  requestedSopInstanceUid: 0x1001,
  eventTypeId: 0x1002,
  actionTypeId: 0x1008,
  remainingSubOperations: 0x1020,
  completedSubOperations: 0x1021,
  failedSubOperations: 0x1022,
  warningSubOperations: 0x1023,
  moveOriginatorAe: 0x1030,
  moveOriginatorMessageId: 0x1031,
} as const;

/** Texts that are padded with a space; UIDs are padded with a zero byte. */
const SPACE_PADDED: ReadonlySet<number> = new Set([ELEMENT.errorComment, ELEMENT.moveDestination, ELEMENT.moveOriginatorAe]);

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
  /** Of N-ACTION: the class and instance that it is performed on. */
  readonly requestedSopClassUid: string | undefined;
  readonly requestedSopInstanceUid: string | undefined;
  readonly eventTypeId: number | undefined;
  readonly actionTypeId: number | undefined;
  /** Of C-MOVE: the AE title that the instances shall go to. */
  readonly moveDestination: string | undefined;
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
    requestedSopClassUid: text(ELEMENT.requestedSopClassUid),
    requestedSopInstanceUid: text(ELEMENT.requestedSopInstanceUid),
    eventTypeId: us(ELEMENT.eventTypeId),
    actionTypeId: us(ELEMENT.actionTypeId),
    moveDestination: text(ELEMENT.moveDestination)?.trim(),
    status: us(ELEMENT.status),
    errorComment: text(ELEMENT.errorComment),
  };
}

/** Counts of the C-STORE sub-operations of a C-MOVE (PS3.7 section 9.3.4.2). */
export interface SubOperations {
  /** Only told while there may be more. */
  readonly remaining?: number;
  readonly completed: number;
  readonly failed: number;
  readonly warning: number;
}

export interface ResponseOptions {
  /** A data set follows. */
  readonly hasDataSet?: boolean;
  readonly subOperations?: SubOperations;
}

/** The response to a request (PS3.7 sections 9.3 and 10.3); UIDs and type ids are those of the request. */
export function encodeResponse(request: Command, status: number, errorComment?: string, options: ResponseOptions = {}): Buffer {
  const { hasDataSet = false, subOperations } = options;
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, request.affectedSopClassUid ?? request.requestedSopClassUid],
    [ELEMENT.commandField, request.commandField | RESPONSE_BIT],
    [ELEMENT.messageIdBeingRespondedTo, request.messageId],
    [ELEMENT.dataSetType, hasDataSet ? WITH_DATA_SET : NO_DATA_SET],
    [ELEMENT.status, status],
    [ELEMENT.errorComment, errorComment?.slice(0, MAX_COMMENT_CHARACTERS)],
    [ELEMENT.affectedSopInstanceUid, request.affectedSopInstanceUid ?? request.requestedSopInstanceUid],
    [ELEMENT.eventTypeId, request.eventTypeId],
    [ELEMENT.actionTypeId, request.actionTypeId],
    [ELEMENT.remainingSubOperations, countOf(subOperations?.remaining)],
    [ELEMENT.completedSubOperations, countOf(subOperations?.completed)],
    [ELEMENT.failedSubOperations, countOf(subOperations?.failed)],
    [ELEMENT.warningSubOperations, countOf(subOperations?.warning)],
  ]);
}

/** The counts are US: what is above stays at their highest value. */
const countOf = (count: number | undefined): number | undefined => count && Math.min(count, 0xffff);

/** A C-ECHO-RQ (PS3.7 section 9.3.5.1). */
export function encodeEchoRq(messageId: number, sopClassUid: string): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.echoRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.dataSetType, NO_DATA_SET],
  ]);
}

/** Who asked for an instance by C-MOVE: told to the destination in each C-STORE-RQ (PS3.7 section 9.3.1.1). */
export interface MoveOriginator {
  readonly aeTitle: string;
  /** Message id of the C-MOVE-RQ. */
  readonly messageId: number;
}

/** A C-STORE-RQ (PS3.7 section 9.3.1.1); its data set follows. */
export function encodeStoreRq(messageId: number, sopClassUid: string, sopInstanceUid: string, originator?: MoveOriginator): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.storeRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.priority, PRIORITY_MEDIUM],
    [ELEMENT.dataSetType, WITH_DATA_SET],
    [ELEMENT.affectedSopInstanceUid, sopInstanceUid],
    [ELEMENT.moveOriginatorAe, originator?.aeTitle],
    [ELEMENT.moveOriginatorMessageId, originator?.messageId],
  ]);
}

/** An N-ACTION-RQ (PS3.7 section 10.3.5.1); its action information follows. */
export function encodeActionRq(messageId: number, sopClassUid: string, sopInstanceUid: string, actionTypeId: number): Buffer {
  return encodeCommand([
    [ELEMENT.requestedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.actionRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.dataSetType, WITH_DATA_SET],
    [ELEMENT.requestedSopInstanceUid, sopInstanceUid],
    [ELEMENT.actionTypeId, actionTypeId],
  ]);
}

/** An N-EVENT-REPORT-RQ (PS3.7 section 10.3.1.1); its event information follows. */
export function encodeEventReportRq(messageId: number, sopClassUid: string, sopInstanceUid: string, eventTypeId: number): Buffer {
  return encodeCommand([
    [ELEMENT.affectedSopClassUid, sopClassUid],
    [ELEMENT.commandField, COMMAND.eventReportRq],
    [ELEMENT.messageId, messageId],
    [ELEMENT.dataSetType, WITH_DATA_SET],
    [ELEMENT.affectedSopInstanceUid, sopInstanceUid],
    [ELEMENT.eventTypeId, eventTypeId],
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
  else bytes.write(SPACE_PADDED.has(element) ? value.padEnd(lengthBytes) : value, 8, 'latin1');
  return bytes;
}

const invalid = (message: string): ProtocolError => new ProtocolError(ABORT_REASON.invalidParameter, message);
