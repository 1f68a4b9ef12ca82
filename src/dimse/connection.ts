/**
 * One connection that a peer opened to us, as the state machine of PS3.8 section 9.2 sees it: awaiting the request,
 * open, leaving (our last PDU is sent, the peer shall close), closed. Everything that a peer can do wrong ends here in an
 * A-ABORT and a closed socket; nothing is thrown to the outside.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

import { toAnteroomError } from '../foundation/errors.js';
import { plainAddress } from '../foundation/ip-ranges.js';
import { decodeAssociateRq, encodeAssociateAc, encodeAssociateRj } from './associate.js';
import type { AnsweredContext, AssociateRequest } from './associate.js';
import { withinPolicy } from './content-policy.js';
import { MessageReceiver } from './message-receiver.js';
import { acceptedSyntaxes, answerContexts, answerRoles, refusalOf, serviceContexts } from './negotiation.js';
import { ABORT_REASON, ABORT_SOURCE, PDU, ProtocolError, abortPdu, dataPdus, releaseRp } from './pdu.js';
import { PduReader } from './pdu-reader.js';
import type { WireEvent } from './pdu-reader.js';
import { AssociationServices } from './services/association-services.js';
import type { OfferedServices } from './services/service.js';
import type { AssociationInfo, ClosedAssociation, EndReason } from './store-sink.js';
import { overdue } from './surroundings.js';
import type { AssociationCaller, Deadline, Surroundings } from './surroundings.js';

type Phase = 'awaiting' | 'open' | 'leaving' | 'closed';

/** While an instance is being made durable, at most this much (and one chunk) of what follows is read ahead. */
const READ_AHEAD_BYTES = 64 * 1024;
/** How long the peer has to close after our last PDU (the ARTIM timer of PS3.8 section 9.1.5). */
const LEAVE_MS = 2000;

/** A connection from its acceptance to its close; it lives on its socket's events and the server's ticker. */
export class Connection {
  private readonly socket: Socket;
  private readonly around: Surroundings<Connection>;
  private readonly reader: PduReader;
  private readonly remoteAddress: string;
  private readonly openedAt = Date.now();
  private phase: Phase = 'awaiting';
  private info: AssociationInfo | undefined;
  private receiver: MessageReceiver | undefined;
  private services: AssociationServices | undefined;
  /** Called when the peer has read what we sent. */
  private whenDrained: (() => void)[] = [];
  private endReason: EndReason | undefined;
  private pumping = false;
  private deadlineAt: number | undefined;
  private deadlineFor: Deadline;

  constructor(socket: Socket, around: Surroundings<Connection>) {
    this.socket = socket;
    this.around = around;
    this.reader = new PduReader(around.limits.maxPduLengthBytes);
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.deadlineAt = this.openedAt + around.limits.associationTimeoutMs;
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('drain', () => {
      this.drained();
      this.pump();
    });
    socket.on('error', (error) => around.log.debug('connection broke', { address: this.remoteAddress, seen: error.message }));
    socket.on('close', () => void this.closed());
  }

  /** True from the acceptance to the end of the association. */
  get isAssociated(): boolean {
    return this.info !== undefined && this.phase !== 'closed';
  }

  /** Whether this is an open association of that caller. */
  isOf({ callingAe, remoteAddress }: AssociationCaller): boolean {
    return this.isAssociated && this.info?.callingAe === callingAe && this.remoteAddress === remoteAddress;
  }

  /** Ends the connection if its deadline has passed. */
  checkDeadline(now: number): void {
    if (this.deadlineAt === undefined || now < this.deadlineAt) return;
    if (this.phase !== 'open') {
      if (this.phase === 'awaiting')
        this.around.log.warn('connection closed: no association was requested in time', {
          address: this.remoteAddress,
          durationMs: now - this.openedAt,
        });
      this.endReason ??= 'timeout';
      this.socket.destroy();
      return;
    }
    this.around.log.warn(overdue(this.deadlineFor), this.fields());
    this.leave('timeout', abortPdu(ABORT_SOURCE.provider));
  }

  /** Aborts because the node stops. */
  shutdown(): void {
    if (this.phase === 'open') this.leave('shutdown', abortPdu(ABORT_SOURCE.provider));
    else this.socket.destroy();
  }

  private received(chunk: Buffer): void {
    if (this.phase === 'leaving') return;
    this.reader.push(chunk);
    this.pump();
    this.reader.keep();
  }

  /** Handles what has been read, as far as it may be handled now. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      while (this.mayProceed()) {
        const event = this.reader.next();
        if (!event) break;
        this.handle(event);
      }
    } catch (thrown) {
      this.fail(thrown);
    } finally {
      this.pumping = false;
    }
    this.regulate();
  }

  /** Not while a C-STORE is being answered, nor while the peer does not read what we answer. */
  private mayProceed(): boolean {
    return (this.phase === 'awaiting' || this.phase === 'open') && !this.receiver?.isAnswering && !this.socket.writableNeedDrain;
  }

  /** Reads on or pauses the socket, and sets the deadline that applies now. */
  private regulate(): void {
    if (this.phase === 'leaving' || this.phase === 'closed') return;
    const full = this.socket.writableNeedDrain || (this.receiver?.isAnswering && this.reader.heldBytes >= READ_AHEAD_BYTES);
    if (full) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
    if (this.phase === 'open') this.setDeadline();
  }

  private setDeadline(): void {
    const { limits } = this.around;
    if (this.socket.writableNeedDrain) {
      if (this.deadlineFor !== 'write') this.deadlineAt = Date.now() + limits.writeTimeoutMs;
      this.deadlineFor = 'write';
    } else if (this.receiver?.isAnswering || this.services?.isBusy) {
      this.deadlineAt = undefined; // it is our turn
      this.deadlineFor = undefined;
    } else if (!this.reader.isMidPdu) {
      this.deadlineAt = Date.now() + limits.idleTimeoutMs;
      this.deadlineFor = undefined;
    } else if (this.deadlineFor !== this.reader.pdusBegun) {
      this.deadlineAt = Date.now() + limits.stallTimeoutMs;
      this.deadlineFor = this.reader.pdusBegun;
    }
  }

  private handle(event: WireEvent): void {
    if (event.kind === 'fragment') {
      if (!this.receiver) throw new ProtocolError(ABORT_REASON.unexpectedPdu, 'data before an association was requested');
      this.receiver.fragment(event);
    } else if (event.type === PDU.associateRq && this.phase === 'awaiting') {
      this.negotiate(decodeAssociateRq(event.body));
    } else if (event.type === PDU.releaseRq && this.phase === 'open') {
      this.leave('released', releaseRp());
    } else if (event.type === PDU.abort) {
      this.endReason = 'aborted';
      this.phase = 'leaving';
      this.socket.destroy();
    } else {
      throw new ProtocolError(ABORT_REASON.unexpectedPdu, `a PDU of type 0${event.type} which is not allowed at this point`);
    }
  }

  private negotiate(request: AssociateRequest): void {
    const { policy, limits, log } = this.around;
    const { callingAe, calledAe } = request;
    const { remoteAddress } = this;
    const refusal = refusalOf(request, policy, {
      remoteAddress,
      openAssociations: this.around.openAssociations(),
      openOfCaller: this.around.openAssociations({ callingAe, remoteAddress }),
      closing: this.around.isClosing(),
    });
    if (refusal) {
      log.warn('association rejected', { callingAe, calledAe, address: this.remoteAddress, seen: refusal.seen, remedy: refusal.remedy });
      this.leave('protocol-error', encodeAssociateRj(refusal.reject));
      return;
    }
    const offered = this.around.handlers.servicesFor?.({ callingAe, calledAe, remoteAddress: this.remoteAddress }) ?? new Map();
    const answers = answerContexts(withinPolicy(request.contexts, policy), offered);
    this.info = { associationId: randomUUID(), callingAe, calledAe, remoteAddress: this.remoteAddress };
    this.receiver = this.newReceiver(this.info, request, answers, offered);
    this.phase = 'open';
    this.socket.write(encodeAssociateAc(request, answers, limits.maxPduBytes, answerRoles(request.roles, offered)));
    log.info('association accepted', { ...this.fields(), count: acceptedSyntaxes(answers).size });
    this.around.handlers.associationOpened?.(this.info);
  }

  private newReceiver(
    info: AssociationInfo,
    request: AssociateRequest,
    answers: readonly AnsweredContext[],
    offered: OfferedServices,
  ): MessageReceiver {
    const { handlers, log } = this.around;
    const transferSyntaxes = acceptedSyntaxes(answers);
    const send = (contextId: number, commandSet: Buffer, dataSet?: Buffer): void => {
      if (this.phase !== 'open') return;
      this.socket.write(dataPdus(contextId, true, commandSet, request.maxPduBytes));
      if (dataSet) this.socket.write(dataPdus(contextId, false, dataSet, request.maxPduBytes));
    };
    this.services = new AssociationServices({
      association: info,
      offered,
      contexts: serviceContexts(request.contexts, transferSyntaxes, offered),
      log,
      isIdle: () => this.phase === 'open' && this.receiver?.isIdle === true,
      send: (...message) => {
        send(...message);
        return this.roomForMore();
      },
    });
    return new MessageReceiver({ info, transferSyntaxes, handlers, services: this.services, log, send, onReady: () => this.pump() });
  }

  /** Resolves when the peer reads, or the association has ended. */
  private async roomForMore(): Promise<void> {
    if (this.phase !== 'open' || !this.socket.writableNeedDrain) return;
    const drained = new Promise<void>((resolve) => this.whenDrained.push(resolve));
    this.regulate();
    await drained;
  }

  private drained(): void {
    for (const resolve of this.whenDrained.splice(0)) resolve();
  }

  private fail(thrown: unknown): void {
    if (thrown instanceof ProtocolError) {
      this.around.log.warn('the peer broke the DICOM protocol; connection aborted', { ...this.fields(), seen: thrown.message });
      this.leave('protocol-error', abortPdu(ABORT_SOURCE.provider, thrown.reason));
      return;
    }
    const error = toAnteroomError(thrown);
    this.around.log.error('unexpected error on an association; aborted', {
      ...this.fields(),
      code: error.code,
      seen: error.seen,
      stack: error.stack,
    });
    this.leave('protocol-error', abortPdu(ABORT_SOURCE.provider));
  }

  /** Sends our last PDU; what still comes is read and dropped, so that the peer gets to read it. */
  private leave(reason: EndReason, lastPdu: Buffer): void {
    if (this.phase === 'leaving' || this.phase === 'closed') return;
    this.phase = 'leaving';
    this.endReason ??= reason;
    this.deadlineAt = Date.now() + LEAVE_MS;
    this.drained();
    void this.receiver?.lost();
    this.socket.end(lastPdu);
    this.socket.resume();
  }

  private async closed(): Promise<void> {
    this.phase = 'closed';
    this.deadlineAt = undefined;
    this.drained();
    await this.receiver?.lost();
    if (this.info) this.reportEnd({ ...this.info, stored: this.receiver?.stored ?? 0, reason: this.endReason ?? 'lost' });
    this.around.ended(this);
  }

  private reportEnd(end: ClosedAssociation): void {
    const { log, handlers } = this.around;
    const level = end.reason === 'released' ? 'info' : 'warn';
    log[level]('association ended', { ...this.fields(), event: end.reason, count: end.stored, durationMs: Date.now() - this.openedAt });
    try {
      handlers.associationClosed?.(end);
    } catch (thrown) {
      const error = toAnteroomError(thrown);
      log.error('what follows the end of an association failed', {
        ...this.fields(),
        code: error.code,
        seen: error.seen,
        stack: error.stack,
      });
    }
  }

  private fields(): { associationId?: string; callingAe?: string; calledAe?: string; address: string } {
    return {
      associationId: this.info?.associationId,
      callingAe: this.info?.callingAe,
      calledAe: this.info?.calledAe,
      address: this.remoteAddress,
    };
  }
}
