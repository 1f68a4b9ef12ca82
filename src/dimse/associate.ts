/** The PDUs that open an association: A-ASSOCIATE-RQ, -AC and -RJ (PS3.8 sections 9.3.2 to 9.3.4, PS3.7 annex D.3). */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/element/write.js';
import { ABORT_REASON, PDU, ProtocolError, encodePdu } from './pdu.js';
import { APPLICATION_CONTEXT, IMPLICIT_VR_LITTLE_ENDIAN } from './uids.js';

const ITEM = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  answeredContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maximumLength: 0x51,
  implementationClassUid: 0x52,
  roleSelection: 0x54,
  implementationVersionName: 0x55,
} as const;

/** Version, two reserved bytes, two AE titles, 32 reserved bytes. */
const FIXED_BYTES = 68;

export interface ProposedContext {
  /** Odd, 1 to 255. */
  readonly id: number;
  readonly abstractSyntax: string;
  /** In the order of the requestor's preference. */
  readonly transferSyntaxes: readonly string[];
}

/** The roles of the requestor for one SOP class (PS3.7 D.3.3.4); without them it is SCU and nothing else. */
export interface RoleSelection {
  readonly sopClassUid: string;
  readonly scu: boolean;
  readonly scp: boolean;
}

/** Result of a presentation context (PS3.8 table 9-18). */
export const CONTEXT_RESULT = {
  accepted: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const;

export interface AnsweredContext {
  readonly id: number;
  readonly result: number;
  /** Significant only where the result is `accepted`. */
  readonly transferSyntax: string;
}

export interface AssociateRequest {
  /** True where the requestor speaks version 1, the only one there is. */
  readonly protocolVersion1: boolean;
  readonly applicationContext: string;
  readonly calledAe: string;
  readonly callingAe: string;
  readonly contexts: readonly ProposedContext[];
  /** As proposed. */
  readonly roles: readonly RoleSelection[];
  /** The longest P-DATA-TF body that the peer takes; 0 is without limit. */
  readonly maxPduBytes: number;
}

export interface AssociateAccept {
  readonly contexts: readonly AnsweredContext[];
  /** As accepted; a class that is not named has the default roles. */
  readonly roles: readonly RoleSelection[];
  readonly maxPduBytes: number;
}

export interface AssociateReject {
  /** 1 permanent, 2 transient. */
  readonly result: number;
  /** 1 service user, 2 provider (ACSE), 3 provider (presentation). */
  readonly source: number;
  readonly reason: number;
}

interface Item {
  readonly type: number;
  readonly value: Buffer;
}

/** Decodes the body of an A-ASSOCIATE-RQ. Unknown items are skipped (PS3.8 section 9.3.1). Throws ProtocolError. */
export function decodeAssociateRq(body: Buffer): AssociateRequest {
  const { items, calledAe, callingAe, version } = fixedPart(body);
  const contexts = items.filter((item) => item.type === ITEM.proposedContext).map(decodeProposedContext);
  if (new Set(contexts.map((context) => context.id)).size !== contexts.length)
    throw invalid('a presentation context id that is used twice');
  return {
    protocolVersion1: (version & 1) !== 0,
    applicationContext: uidOf(items.find((item) => item.type === ITEM.applicationContext)?.value),
    calledAe,
    callingAe,
    contexts,
    roles: rolesOf(items),
    maxPduBytes: maximumLengthOf(items),
  };
}

/** Decodes the body of an A-ASSOCIATE-AC. Throws ProtocolError. */
export function decodeAssociateAc(body: Buffer): AssociateAccept {
  const { items } = fixedPart(body);
  return {
    contexts: items.filter((item) => item.type === ITEM.answeredContext).map(decodeAnsweredContext),
    roles: rolesOf(items),
    maxPduBytes: maximumLengthOf(items),
  };
}

/** Decodes the body of an A-ASSOCIATE-RJ, which is at least 4 bytes long. */
export function decodeAssociateRj(body: Buffer): AssociateReject {
  return { result: body.readUInt8(1), source: body.readUInt8(2), reason: body.readUInt8(3) };
}

/** Encodes an A-ASSOCIATE-RQ with the items that are compulsory (PS3.8 section 9.3.2, PS3.7 annex D.3.3.1 and D.3.3.2), and the roles where some are proposed. */
export function encodeAssociateRq(request: {
  calledAe: string;
  callingAe: string;
  contexts: readonly ProposedContext[];
  maxPduBytes: number;
  roles?: readonly RoleSelection[];
}): Buffer {
  const contexts = request.contexts.map((context) =>
    item(
      ITEM.proposedContext,
      Buffer.from([context.id, 0, 0, 0]),
      item(ITEM.abstractSyntax, ascii(context.abstractSyntax)),
      ...context.transferSyntaxes.map((uid) => item(ITEM.transferSyntax, ascii(uid))),
    ),
  );
  return encodePdu(PDU.associateRq, associateBody(request, contexts, request.maxPduBytes, request.roles));
}

/**
 * Encodes the answer to `request`. No asynchronous operations window is sent, which means one operation at a time
 * (PS3.7 D.3.3.3); extended negotiation and user identity are not answered, which means the defaults.
 */
export function encodeAssociateAc(
  request: { calledAe: string; callingAe: string },
  contexts: readonly AnsweredContext[],
  maxPduBytes: number,
  roles: readonly RoleSelection[] = [],
): Buffer {
  const answers = contexts.map((context) =>
    item(
      ITEM.answeredContext,
      Buffer.from([context.id, 0, context.result, 0]),
      item(ITEM.transferSyntax, ascii(context.transferSyntax || IMPLICIT_VR_LITTLE_ENDIAN)),
    ),
  );
  return encodePdu(PDU.associateAc, associateBody(request, answers, maxPduBytes, roles));
}

/** Encodes an A-ASSOCIATE-RJ (PS3.8 section 9.3.4). */
export function encodeAssociateRj(reject: AssociateReject): Buffer {
  return encodePdu(PDU.associateRj, Buffer.from([0, reject.result, reject.source, reject.reason]));
}

function fixedPart(body: Buffer): { version: number; calledAe: string; callingAe: string; items: Item[] } {
  if (body.length < FIXED_BYTES) throw invalid(`an A-ASSOCIATE of ${body.length} bytes; ${FIXED_BYTES} at least`);
  return {
    version: body.readUInt16BE(0),
    calledAe: aeTitle(body.subarray(4, 20)),
    callingAe: aeTitle(body.subarray(20, 36)),
    items: itemsOf(body.subarray(FIXED_BYTES)),
  };
}

function decodeProposedContext({ value }: Item): ProposedContext {
  if (value.length < 4) throw invalid('a presentation context item without an id');
  const items = itemsOf(value.subarray(4));
  return {
    id: value.readUInt8(0),
    abstractSyntax: uidOf(items.find((item) => item.type === ITEM.abstractSyntax)?.value),
    transferSyntaxes: items.filter((item) => item.type === ITEM.transferSyntax).map((item) => uidOf(item.value)),
  };
}

function decodeAnsweredContext({ value }: Item): AnsweredContext {
  if (value.length < 4) throw invalid('a presentation context item without an id');
  const result = value.readUInt8(2);
  // Of a refused context the transfer syntax is not significant; some peers leave it out or leave rubbish there.
  const transferSyntax =
    result === CONTEXT_RESULT.accepted ? uidOf(itemsOf(value.subarray(4)).find((item) => item.type === ITEM.transferSyntax)?.value) : '';
  return { id: value.readUInt8(0), result, transferSyntax };
}

function maximumLengthOf(items: readonly Item[]): number {
  const information = items.find((item) => item.type === ITEM.userInformation);
  const value = information && itemsOf(information.value).find((item) => item.type === ITEM.maximumLength)?.value;
  return value && value.length >= 4 ? value.readUInt32BE(0) : 0;
}

/** Malformed role items are skipped: without them the defaults hold. */
function rolesOf(items: readonly Item[]): RoleSelection[] {
  const information = items.find((item) => item.type === ITEM.userInformation);
  const proposed = information ? itemsOf(information.value).filter((item) => item.type === ITEM.roleSelection) : [];
  return proposed.flatMap(({ value }) => {
    const uidBytes = value.length >= 2 ? value.readUInt16BE(0) : Infinity;
    if (value.length < uidBytes + 4) return [];
    const [scu, scp] = [value.readUInt8(2 + uidBytes) === 1, value.readUInt8(3 + uidBytes) === 1];
    return [{ sopClassUid: uidOf(value.subarray(2, 2 + uidBytes)), scu, scp }];
  });
}

function encodeRole({ sopClassUid, scu, scp }: RoleSelection): Buffer {
  const uidBytes = Buffer.alloc(2);
  uidBytes.writeUInt16BE(sopClassUid.length);
  return item(ITEM.roleSelection, uidBytes, ascii(sopClassUid), Buffer.from([Number(scu), Number(scp)]));
}

function itemsOf(bytes: Buffer): Item[] {
  const items: Item[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) throw invalid(`${bytes.length - at} bytes at the end that are no item`);
    const lengthBytes = bytes.readUInt16BE(at + 2);
    if (lengthBytes > bytes.length - at - 4) throw invalid(`an item of ${lengthBytes} bytes where ${bytes.length - at - 4} are left`);
    items.push({ type: bytes.readUInt8(at), value: bytes.subarray(at + 4, at + 4 + lengthBytes) });
    at += 4 + lengthBytes;
  }
  return items;
}

function associateBody(
  { calledAe, callingAe }: { calledAe: string; callingAe: string },
  contexts: readonly Buffer[],
  maxPduBytes: number,
  roles: readonly RoleSelection[] = [],
): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt16BE(1, 0);
  fixed.write(calledAe.slice(0, 16).padEnd(16), 4, 'latin1');
  fixed.write(callingAe.slice(0, 16).padEnd(16), 20, 'latin1');
  const maximumLength = Buffer.alloc(4);
  maximumLength.writeUInt32BE(maxPduBytes);
  const information = item(
    ITEM.userInformation,
    item(ITEM.maximumLength, maximumLength),
    item(ITEM.implementationClassUid, ascii(IMPLEMENTATION_CLASS_UID)),
    ...roles.map(encodeRole),
    item(ITEM.implementationVersionName, ascii(IMPLEMENTATION_VERSION_NAME)),
  );
  return Buffer.concat([fixed, item(ITEM.applicationContext, ascii(APPLICATION_CONTEXT)), ...contexts, information]);
}

function item(type: number, ...parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    2,
  );
  return Buffer.concat([header, ...parts]);
}

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** An AE title without its padding; leading and trailing spaces are not significant (PS3.8 table 9-11). */
const aeTitle = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\0', ' ').trim();

/** UIDs are not padded here (PS3.8 annex F), yet some peers pad them as in a data set. */
const uidOf = (bytes: Buffer | undefined): string => (bytes ?? Buffer.alloc(0)).toString('latin1').replace(/[\0 ]+$/, '');

const invalid = (message: string): ProtocolError => new ProtocolError(ABORT_REASON.invalidParameter, message);
