/**
 * Cuts the bytes of a connection into PDUs and fragments (PS3.8 sections 9.3 and 9.3.5). Pure: it knows no socket.
 * Fragments of P-DATA-TF are handed out piece by piece as they come, so that memory does not grow with a peer's PDU;
 * the other PDUs are small and handed out whole.
 */
import { ABORT_REASON, PDU, PDU_HEADER_BYTES, PDV_HEADER_BYTES, ProtocolError } from './pdu.js';
import type { ControlType } from './pdu.js';

export type WireEvent =
  | { readonly kind: 'control'; readonly type: ControlType; readonly body: Buffer }
  | {
      readonly kind: 'fragment';
      readonly contextId: number;
      readonly isCommand: boolean;
      /** True on the last piece of the last fragment of a command or data set. */
      readonly endsMessage: boolean;
      /** A view on the received chunk; empty where the peer sent an empty fragment. */
      readonly bytes: Buffer;
    };

/** An A-ASSOCIATE-RQ with 128 contexts of 60 transfer syntaxes each stays well below. */
const MAX_ASSOCIATE_BYTES = 512 * 1024;
/** A-ASSOCIATE-RJ, A-RELEASE and A-ABORT have 4 bytes; some room for what a later standard may add. */
const MAX_SHORT_BYTES = 256;

interface Pdv {
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  leftBytes: number;
}

/** `push` what has been received, then call `next` until it returns undefined. */
export class PduReader {
  private readonly maxDataPduBytes: number;
  private chunks: Buffer[] = [];
  private held = 0;
  private pdu: { readonly type: number; leftBytes: number } | undefined;
  private pdv: Pdv | undefined;
  private begun = false;
  private begunCount = 0;

  /** @param maxDataPduBytes a P-DATA-TF longer than this is a protocol error; it is a guard, not the maximum that was negotiated. */
  constructor(maxDataPduBytes: number) {
    this.maxDataPduBytes = maxDataPduBytes;
  }

  /** Bytes pushed but not yet handed out. */
  get heldBytes(): number {
    return this.held;
  }

  /** The number of PDUs begun so far; with `isMidPdu` it tells whether a peer is stuck in the same one. */
  get pdusBegun(): number {
    return this.begunCount;
  }

  /** True while the last PDU begun is not complete. */
  get isMidPdu(): boolean {
    return this.begun;
  }

  /** Takes a chunk. Its bytes are looked at by `next` until `keep` is called. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.held += chunk.length;
  }

  /** Copies what is left of the last chunk pushed, whose buffer is about to be used again. */
  keep(): void {
    const last = this.chunks.length - 1;
    if (last >= 0) this.chunks[last] = Buffer.from(this.chunks[last]);
  }

  /** The next event, or undefined when more bytes are needed. Throws ProtocolError, after which the reader must not be used. */
  next(): WireEvent | undefined {
    for (;;) {
      if (this.pdv) return this.nextPiece(this.pdv);
      if (!this.pdu) {
        if (!this.beginPdu()) return undefined;
      } else if (this.pdu.type === PDU.dataTf) {
        if (!this.beginPdv(this.pdu)) return undefined;
      } else {
        return this.wholeBody(this.pdu.type as ControlType, this.pdu.leftBytes);
      }
    }
  }

  private beginPdu(): boolean {
    const type = this.chunks[0]?.[0];
    if (type === undefined) return false;
    if (!this.begun) {
      this.begun = true;
      this.begunCount++;
      // Said at the first byte: whoever speaks TLS or HTTP to this port shall not wait for a time-out.
      if (type < PDU.associateRq || type > PDU.abort) throw new ProtocolError(ABORT_REASON.unrecognizedPdu, strangeByte(type));
    }
    const header = this.take(PDU_HEADER_BYTES);
    if (!header) return false;
    const lengthBytes = header.readUInt32BE(2);
    const limit = type === PDU.dataTf ? this.maxDataPduBytes : type <= PDU.associateAc ? MAX_ASSOCIATE_BYTES : MAX_SHORT_BYTES;
    const least = type === PDU.dataTf ? PDV_HEADER_BYTES : 4;
    if (lengthBytes > limit || lengthBytes < least) {
      throw new ProtocolError(
        ABORT_REASON.invalidParameter,
        `a PDU of type 0${type} with a length of ${lengthBytes} bytes; ${least} to ${limit} are taken`,
      );
    }
    this.pdu = { type, leftBytes: lengthBytes };
    return true;
  }

  private beginPdv(pdu: { leftBytes: number }): boolean {
    if (pdu.leftBytes < PDV_HEADER_BYTES)
      throw new ProtocolError(
        ABORT_REASON.invalidParameter,
        `${pdu.leftBytes} bytes at the end of a P-DATA-TF that are no presentation data value`,
      );
    const header = this.take(PDV_HEADER_BYTES);
    if (!header) return false;
    pdu.leftBytes -= PDV_HEADER_BYTES;
    const leftBytes = header.readUInt32BE(0) - 2;
    if (leftBytes < 0 || leftBytes > pdu.leftBytes) {
      throw new ProtocolError(
        ABORT_REASON.invalidParameter,
        `a presentation data value of ${leftBytes + 2} bytes in a PDU with ${pdu.leftBytes + 2} bytes left`,
      );
    }
    const control = header.readUInt8(5);
    this.pdv = { contextId: header.readUInt8(4), isCommand: (control & 1) !== 0, isLast: (control & 2) !== 0, leftBytes };
    return true;
  }

  private nextPiece(pdv: Pdv): WireEvent | undefined {
    const bytes = this.takeUpTo(pdv.leftBytes);
    if (!bytes || !this.pdu) return undefined;
    pdv.leftBytes -= bytes.length;
    this.pdu.leftBytes -= bytes.length;
    const complete = pdv.leftBytes === 0;
    if (complete) {
      this.pdv = undefined;
      if (this.pdu.leftBytes === 0) this.endPdu();
    }
    return { kind: 'fragment', contextId: pdv.contextId, isCommand: pdv.isCommand, endsMessage: complete && pdv.isLast, bytes };
  }

  private wholeBody(type: ControlType, lengthBytes: number): WireEvent | undefined {
    const body = this.take(lengthBytes);
    if (!body) return undefined;
    this.endPdu();
    return { kind: 'control', type, body };
  }

  private endPdu(): void {
    this.pdu = undefined;
    this.begun = false;
  }

  /** Exactly `count` bytes, or undefined where fewer are there. */
  private take(count: number): Buffer | undefined {
    const first = this.chunks[0];
    if (!first || this.held < count) return undefined;
    if (first.length >= count) return this.takeUpTo(count);
    const all = Buffer.concat(this.chunks);
    this.chunks = [all];
    return this.takeUpTo(count);
  }

  /** What the first chunk has of `count` bytes; for a count of 0 an empty buffer. */
  private takeUpTo(count: number): Buffer | undefined {
    const first = this.chunks[0];
    if (count === 0) return Buffer.alloc(0);
    if (!first) return undefined;
    const taken = first.subarray(0, count);
    if (taken.length === first.length) this.chunks.shift();
    else this.chunks[0] = first.subarray(taken.length);
    this.held -= taken.length;
    return taken;
  }
}

/** The content type of a TLS handshake record (RFC 8446 section 5.1), with which a ClientHello begins. */
const TLS_HANDSHAKE = 0x16;

function strangeByte(type: number): string {
  const pdu = `a PDU of type 0x${type.toString(16).padStart(2, '0')}; 01 to 07 exist`;
  return type === TLS_HANDSHAKE ? `${pdu}. It looks like TLS: turn it off at the sender, or send to a listener with \`tls\`` : pdu;
}
