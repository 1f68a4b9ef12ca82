/** Protocol data units of the upper layer (PS3.8 section 9.3): their types, the small ones' encoding, and the error of one that breaks the protocol. */

export const PDU = {
  associateRq: 0x01,
  associateAc: 0x02,
  associateRj: 0x03,
  dataTf: 0x04,
  releaseRq: 0x05,
  releaseRp: 0x06,
  abort: 0x07,
} as const;

export type PduType = (typeof PDU)[keyof typeof PDU];
/** All PDUs but P-DATA-TF. */
export type ControlType = Exclude<PduType, typeof PDU.dataTf>;

/** Reasons of an A-ABORT by the service provider (PS3.8 table 9-26). */
export const ABORT_REASON = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameter: 6,
} as const;

export type AbortReason = (typeof ABORT_REASON)[keyof typeof ABORT_REASON];

/** The peer broke the protocol; the one answer is an A-ABORT with this reason. Never leaves the room: it is translated before. */
export class ProtocolError extends Error {
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.reason = reason;
  }
}

/** Bytes before the body of a PDU: type, reserved, length. */
export const PDU_HEADER_BYTES = 6;
/** Bytes before the fragment of a presentation data value: length, context id, message control header. */
export const PDV_HEADER_BYTES = 6;

/** A control PDU with its body. */
export function encodePdu(type: ControlType, body: Uint8Array): Buffer {
  const header = Buffer.alloc(PDU_HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

export const releaseRq = (): Buffer => encodePdu(PDU.releaseRq, Buffer.alloc(4));
export const releaseRp = (): Buffer => encodePdu(PDU.releaseRp, Buffer.alloc(4));

/** Who aborts (PS3.8 table 9-26): the application, or the protocol machine below it. */
export const ABORT_SOURCE = { user: 0, provider: 2 } as const;

/** An A-ABORT (PS3.8 section 9.3.8); the reason is significant only from the provider. */
export function abortPdu(
  source: (typeof ABORT_SOURCE)[keyof typeof ABORT_SOURCE],
  reason: AbortReason = ABORT_REASON.notSpecified,
): Buffer {
  return encodePdu(PDU.abort, Buffer.from([0, 0, source, reason]));
}

/** The 12 bytes before one fragment that makes up a P-DATA-TF PDU of its own (PS3.8 section 9.3.5, annex E). */
export function dataHeader(contextId: number, isCommand: boolean, isLast: boolean, fragmentBytes: number): Buffer {
  const header = Buffer.alloc(PDU_HEADER_BYTES + PDV_HEADER_BYTES);
  header.writeUInt8(PDU.dataTf, 0);
  header.writeUInt32BE(fragmentBytes + PDV_HEADER_BYTES, 2);
  header.writeUInt32BE(fragmentBytes + 2, 6);
  header.writeUInt8(contextId, 10);
  header.writeUInt8((isCommand ? 1 : 0) | (isLast ? 2 : 0), 11);
  return header;
}

/** A command set or a data set as P-DATA-TF PDUs that the peer takes; a maximum of 0 is without limit (PS3.8 annex D.1). */
export function dataPdus(contextId: number, isCommand: boolean, bytes: Buffer, maxPduBytes: number): Buffer {
  const room = Math.max(maxPduBytes === 0 ? bytes.length : maxPduBytes - PDV_HEADER_BYTES, 2);
  const pieces: Buffer[] = [];
  let at = 0;
  do {
    const piece = bytes.subarray(at, at + room);
    at += room;
    pieces.push(dataHeader(contextId, isCommand, at >= bytes.length, piece.length), piece);
  } while (at < bytes.length);
  return Buffer.concat(pieces);
}
