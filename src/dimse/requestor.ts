/** One association that we open: connect, negotiate, send commands and data sets, receive responses, release. One operation at a time. */
import type { Socket } from 'node:net';

import { parseInstance, type DataSet } from '../dicom/element/parse.js';
import { AnteroomError } from '../foundation/errors.js';
import { CONTEXT_RESULT, decodeAssociateAc, decodeAssociateRj, encodeAssociateRq } from './associate.js';
import type { ProposedContext, RoleSelection } from './associate.js';
import { COMMAND, decodeCommand, encodeResponse } from './command.js';
import type { Command } from './command.js';
import { DEFAULT_TIMEOUT_MS, connect, type Peer } from './connect.js';
import { ABORT_SOURCE, PDU, PDV_HEADER_BYTES, ProtocolError, abortPdu, dataHeader, releaseRq } from './pdu.js';
import { PduReader } from './pdu-reader.js';
import type { WireEvent } from './pdu-reader.js';
import { STATUS, errorOfReject } from './statuses.js';

/** The longest P-DATA-TF body that we ask for and, where the peer sets no limit, that we send. */
const OWN_MAX_PDU_BYTES = 128 * 1024;
const MAX_INCOMING_PDU_BYTES = 8 * 1024 * 1024;
/** Responses of the services used here are small; more is not collected. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const RELEASE_TIMEOUT_MS = 5000;
/** How long an A-ABORT may take to get out. */
const ABORT_LINGER_MS = 1000;

export { DEFAULT_TIMEOUT_MS, type Peer } from './connect.js';

/** An open association with a peer. After the first failure all calls fail with it. */
export class Requestor {
  private readonly socket: Socket;
  private readonly peer: Peer;
  private readonly reader = new PduReader(MAX_INCOMING_PDU_BYTES);
  private readonly accepted = new Map<number, string>();
  private peerMaxPduBytes = 0;
  private messageId = 0;
  private failure: AnteroomError | undefined;
  private wake: (() => void) | undefined;

  private constructor(socket: Socket, peer: Peer) {
    this.socket = socket;
    this.peer = peer;
    socket.on('data', (chunk) => {
      this.reader.push(chunk);
      this.wake?.();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.fail('DESTINATION_UNREACHABLE', error.code ?? error.message));
    socket.on('close', () => this.fail('DESTINATION_UNREACHABLE', 'the peer closed the connection'));
  }

  /**
   * Opens an association that proposes these contexts, and roles where we are not just SCU.
   * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_TLS, DESTINATION_SETTINGS (rejected for good), DESTINATION_BUSY (rejected for now)
   */
  static async open(peer: Peer, contexts: readonly ProposedContext[], roles?: readonly RoleSelection[]): Promise<Requestor> {
    const socket = await connect(peer);
    const requestor = new Requestor(socket, peer);
    try {
      const { aeTitle: calledAe, callingAe } = peer;
      socket.write(encodeAssociateRq({ calledAe, callingAe, contexts, maxPduBytes: OWN_MAX_PDU_BYTES, roles }));
      requestor.accept(await requestor.nextEvent());
    } catch (thrown) {
      requestor.abort();
      throw requestor.translated(thrown);
    }
    return requestor;
  }

  /** False once the association has ended, by whomever. */
  get isUsable(): boolean {
    return this.failure === undefined;
  }

  /** The transfer syntax in which the peer took this context; undefined where it refused it. */
  transferSyntaxOf(contextId: number): string | undefined {
    return this.accepted.get(contextId);
  }

  /** The most bytes of a data set that one P-DATA-TF to this peer may hold. */
  get fragmentBytes(): number {
    const limit = this.peerMaxPduBytes === 0 ? OWN_MAX_PDU_BYTES : Math.min(this.peerMaxPduBytes, OWN_MAX_PDU_BYTES);
    return Math.max(limit - PDV_HEADER_BYTES, 2);
  }

  /** 1 to 65535, unique among the operations under way. */
  nextMessageId(): number {
    this.messageId = (this.messageId % 0xffff) + 1;
    return this.messageId;
  }

  sendCommand(contextId: number, commandSet: Buffer): void {
    this.sendFragments(contextId, commandSet, { isCommand: true, isLast: true });
  }

  /** Hands a part of a data set to the socket, cut into PDUs; resolves when the socket has taken it and `bytes` may be used again. */
  async sendData(contextId: number, bytes: Buffer, isLast: boolean): Promise<void> {
    this.throwIfFailed();
    const written = new Promise<void>((resolve) => {
      this.sendFragments(contextId, bytes, { isCommand: false, isLast }, resolve);
    });
    await this.within(written, 'the peer does not take more data');
    this.throwIfFailed();
  }

  /** The response to the request of this id. Data sets and other responses before it are skipped. */
  async response(messageId: number): Promise<Command> {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for (;;) {
      const event = await this.nextEvent();
      if (event.kind === 'control') throw this.unexpected(event);
      if (!event.isCommand) continue;
      pieces.push(event.bytes);
      sizeBytes += event.bytes.length;
      if (sizeBytes > MAX_MESSAGE_BYTES) throw this.fail('DESTINATION_REFUSED', 'the peer sends a command set without end');
      if (!event.endsMessage) continue;
      const command = this.decoded(Buffer.concat(pieces.splice(0)));
      if (command.messageIdBeingRespondedTo === messageId) return command;
    }
  }

  /**
   * Waits for an N-EVENT-REPORT-RQ of the peer on this association, answers it with success and resolves with its event information;
   * undefined where none comes in time.
   */
  async eventReport(waitMs: number): Promise<DataSet | undefined> {
    const pieces: { command: Buffer[]; data: Buffer[] } = { command: [], data: [] };
    const until = Date.now() + waitMs;
    for (let sizeBytes = 0; sizeBytes <= MAX_MESSAGE_BYTES;) {
      const event = await this.eventUntil(until);
      if (event?.kind !== 'fragment') return undefined;
      sizeBytes += event.bytes.length;
      pieces[event.isCommand ? 'command' : 'data'].push(event.bytes);
      if (!event.endsMessage || event.isCommand) continue;
      const command = this.decoded(Buffer.concat(pieces.command));
      if (command.commandField !== COMMAND.eventReportRq) return undefined;
      this.sendCommand(event.contextId, encodeResponse(command, STATUS.success));
      return parseInstance(Buffer.concat(pieces.data), { transferSyntaxUid: this.transferSyntaxOf(event.contextId) }).dataset;
    }
    return undefined;
  }

  /** Ends the association in order (A-RELEASE) and closes; never fails, for the work is done already. */
  async release(): Promise<void> {
    const impatience = setTimeout(() => this.socket.destroy(), RELEASE_TIMEOUT_MS);
    try {
      this.socket.write(releaseRq());
      while ((await this.nextEvent()).kind === 'fragment'); // what the peer had sent before it read our request
    } catch {
      // It has closed in another way: just as good.
    } finally {
      clearTimeout(impatience);
      this.socket.destroy();
    }
  }

  /** Ends the association at once (A-ABORT). */
  abort(): void {
    if (this.socket.writable) this.socket.end(abortPdu(ABORT_SOURCE.user));
    setTimeout(() => this.socket.destroy(), ABORT_LINGER_MS).unref();
    this.fail('DESTINATION_UNREACHABLE', 'the association was aborted by us');
  }

  private get timeoutMs(): number {
    return this.peer.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  private accept(event: WireEvent): void {
    if (event.kind === 'fragment') throw this.fail('DESTINATION_REFUSED', 'the peer sends data before it accepts the association');
    if (event.type === PDU.associateRj)
      throw (this.failure = errorOfReject(decodeAssociateRj(event.body), this.peer.aeTitle, this.peer.callingAe));
    if (event.type !== PDU.associateAc) throw this.unexpected(event);
    const { contexts, maxPduBytes } = decodeAssociateAc(event.body);
    for (const { id, result, transferSyntax } of contexts) if (result === CONTEXT_RESULT.accepted) this.accepted.set(id, transferSyntax);
    this.peerMaxPduBytes = maxPduBytes;
  }

  private sendFragments(
    contextId: number,
    bytes: Buffer,
    { isCommand, isLast }: { isCommand: boolean; isLast: boolean },
    onWritten?: () => void,
  ): void {
    const room = this.fragmentBytes;
    this.socket.cork();
    let at = 0;
    do {
      const piece = bytes.subarray(at, at + room);
      at += room;
      this.socket.write(dataHeader(contextId, isCommand, isLast && at >= bytes.length, piece.length));
      if (at < bytes.length) this.socket.write(piece);
      else this.socket.write(piece, () => onWritten?.());
    } while (at < bytes.length);
    this.socket.uncork();
  }

  private async nextEvent(): Promise<WireEvent> {
    for (;;) {
      const event = this.readEvent();
      if (event) return event;
      this.throwIfFailed();
      await this.within(new Promise<void>((resolve) => (this.wake = resolve)), 'the peer does not answer');
    }
  }

  /** As `nextEvent`, but a peer that sends nothing until then is no failure. */
  private async eventUntil(until: number): Promise<WireEvent | undefined> {
    for (;;) {
      const event = this.readEvent();
      const leftMs = until - Date.now();
      if (event || leftMs <= 0 || this.failure) return event;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private readEvent(): WireEvent | undefined {
    try {
      return this.reader.next();
    } catch (thrown) {
      throw this.translated(thrown);
    }
  }

  private decoded(commandSet: Buffer): Command {
    try {
      return decodeCommand(commandSet);
    } catch (thrown) {
      throw this.translated(thrown);
    }
  }

  /** Waits for `awaited`, at most the peer's time-out. */
  private async within(awaited: Promise<void>, complaint: string): Promise<void> {
    const timer = setTimeout(() => {
      this.fail('DESTINATION_UNREACHABLE', `${complaint} within ${this.timeoutMs} ms`);
      this.socket.destroy();
    }, this.timeoutMs);
    await awaited;
    clearTimeout(timer);
  }

  private unexpected(event: Extract<WireEvent, { kind: 'control' }>): AnteroomError {
    if (event.type !== PDU.abort) return this.fail('DESTINATION_REFUSED', `the peer sends a PDU of type 0${event.type} where it must not`);
    return this.fail(
      'DESTINATION_UNREACHABLE',
      `the peer aborted the association (source ${event.body.readUInt8(2)}, reason ${event.body.readUInt8(3)})`,
    );
  }

  private translated(thrown: unknown): unknown {
    return thrown instanceof ProtocolError
      ? this.fail('DESTINATION_REFUSED', `the peer does not speak DICOM as it should: ${thrown.message}`)
      : thrown;
  }

  private throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  /** Keeps the first failure, and wakes who waits. */
  private fail(code: 'DESTINATION_UNREACHABLE' | 'DESTINATION_REFUSED', what: string): AnteroomError {
    this.failure ??= new AnteroomError(code, `${this.peer.host}:${this.peer.port}: ${what}`);
    this.wake?.();
    return this.failure;
  }
}
