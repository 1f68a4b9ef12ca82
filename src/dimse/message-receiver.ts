/** The DIMSE side of an association that we accepted: puts commands together, streams C-STORE data sets into their sinks, and answers in order (PS3.7 section 9). */
import { AnteroomError, CATALOGUE, toAnteroomError } from '../foundation/errors.js';
import { isUid } from '../foundation/ids.js';
import type { Logger } from '../foundation/log.js';
import { COMMAND, RESPONSE_BIT, decodeCommand, encodeResponse } from './command.js';
import type { Command } from './command.js';
import { ABORT_REASON, ProtocolError } from './pdu.js';
import type { WireEvent } from './pdu-reader.js';
import type { AssociationServices } from './services/association-services.js';
import type { ServiceOperation } from './services/operation.js';
import { STATUS, isStored } from './statuses.js';
import type { AssociationInfo, ScpHandlers, StoreSink } from './store-sink.js';

type Fragment = Extract<WireEvent, { kind: 'fragment' }>;

/** A command set has a few hundred bytes; a longer one is an attack or a mistake. */
const MAX_COMMAND_BYTES = 64 * 1024;

export interface ReceiverParts {
  readonly info: AssociationInfo;
  /** Accepted presentation contexts: id → transfer syntax. */
  readonly transferSyntaxes: ReadonlyMap<number, string>;
  readonly handlers: ScpHandlers;
  /** Everything that is neither C-STORE nor C-ECHO. */
  readonly services: AssociationServices;
  readonly log: Logger;
  /** Sends a command set; does nothing where the association has ended. */
  readonly send: (contextId: number, commandSet: Buffer) => void;
  /** Told when `isAnswering` has become false. */
  readonly onReady: () => void;
}

/** A command whose data set is on its way: into a sink or to a service, or read and dropped where it is refused. */
interface Incoming {
  readonly command: Command;
  readonly contextId: number;
  sink: StoreSink | undefined;
  operation?: ServiceOperation;
  answer: { readonly status: number; readonly comment?: string } | undefined;
}

/** The messages of one association, one operation at a time; what is sent ahead waits until the one before is answered. */
export class MessageReceiver {
  private readonly parts: ReceiverParts;
  private command: { readonly contextId: number; readonly pieces: Buffer[]; sizeBytes: number } | undefined;
  private incoming: Incoming | undefined;
  private ending: Promise<void> | undefined;
  /** Came while a service was at work; only C-CANCEL may. */
  private deferred: { readonly command: Command; readonly contextId: number } | undefined;
  private isLost = false;
  private storedCount = 0;
  /** True while a C-STORE is not answered yet: the next fragment must wait. */
  isAnswering = false;

  constructor(parts: ReceiverParts) {
    this.parts = parts;
  }

  get stored(): number {
    return this.storedCount;
  }

  /** Between two messages of the peer. */
  get isIdle(): boolean {
    return !this.isLost && !this.isAnswering && !this.incoming && !this.command;
  }

  /** Takes the next fragment. Must not be called while `isAnswering`. Throws ProtocolError. */
  fragment(fragment: Fragment): void {
    if (!this.parts.transferSyntaxes.has(fragment.contextId)) {
      throw new ProtocolError(ABORT_REASON.invalidParameter, `presentation context id ${fragment.contextId}, which was not accepted`);
    }
    if (fragment.isCommand) this.commandFragment(fragment);
    else this.dataFragment(fragment);
  }

  /** The association is gone: what is incomplete is thrown away. Resolves when nothing is under way any more. */
  async lost(): Promise<void> {
    this.isLost = true;
    const sink = this.incoming?.sink;
    this.incoming = undefined;
    this.deferred = undefined;
    if (sink) this.abort(sink);
    await this.ending;
    await this.parts.services.lost();
  }

  private commandFragment({ contextId, endsMessage, bytes }: Fragment): void {
    if (this.incoming)
      throw new ProtocolError(ABORT_REASON.unexpectedParameter, 'a command where the data set of the last one is still due');
    const command = (this.command ??= { contextId, pieces: [], sizeBytes: 0 });
    if (command.contextId !== contextId)
      throw new ProtocolError(ABORT_REASON.invalidParameter, 'a command that changes its presentation context');
    command.pieces.push(Buffer.from(bytes)); // the wire's buffer is used again
    command.sizeBytes += bytes.length;
    if (command.sizeBytes > MAX_COMMAND_BYTES || command.pieces.length > MAX_COMMAND_BYTES) {
      throw new ProtocolError(ABORT_REASON.invalidParameter, `a command set of more than ${MAX_COMMAND_BYTES} bytes`);
    }
    if (!endsMessage) return;
    this.command = undefined;
    this.perform(decodeCommand(Buffer.concat(command.pieces)), contextId);
  }

  private perform(command: Command, contextId: number): void {
    if (command.commandField & RESPONSE_BIT && this.parts.services.answered(command)) {
      if (command.hasDataSet) this.incoming = { command, contextId, sink: undefined, answer: undefined };
      return;
    }
    if (command.commandField & RESPONSE_BIT)
      throw new ProtocolError(ABORT_REASON.unexpectedParameter, 'a response to a request that we never sent');
    const { services } = this.parts;
    if (command.commandField === COMMAND.cancelRq) return services.cancel(command);
    if (services.isBusy) {
      this.deferred = { command, contextId };
      this.isAnswering = true;
      return;
    }
    const incoming: Incoming = { command, contextId, sink: undefined, answer: undefined };
    if (command.commandField === COMMAND.storeRq) this.open(incoming);
    else if (command.commandField === COMMAND.echoRq) incoming.answer = { status: STATUS.success };
    else {
      incoming.operation = services.operationFor(command, contextId);
      if (!incoming.operation) incoming.answer = { status: STATUS.unrecognizedOperation };
    }
    if (command.hasDataSet) this.incoming = incoming;
    else this.finish(incoming);
  }

  private open(incoming: Incoming): void {
    const { info, transferSyntaxes, handlers } = this.parts;
    const { affectedSopClassUid: sopClassUid = '', affectedSopInstanceUid: sopInstanceUid = '', messageId, hasDataSet } = incoming.command;
    try {
      if (!isUid(sopClassUid) || !isUid(sopInstanceUid))
        throw new AnteroomError('DICOM_UID_MISSING', 'the C-STORE-RQ has no valid AffectedSOPClassUID or AffectedSOPInstanceUID');
      if (!hasDataSet) throw new AnteroomError('DICOM_DAMAGED', 'the C-STORE-RQ says that no data set follows');
      const transferSyntaxUid = transferSyntaxes.get(incoming.contextId) ?? '';
      incoming.sink = handlers.openStore({ ...info, sopClassUid, sopInstanceUid, transferSyntaxUid, messageId });
    } catch (thrown) {
      incoming.answer = this.failure(thrown, incoming);
    }
  }

  private dataFragment({ contextId, endsMessage, bytes }: Fragment): void {
    const incoming = this.incoming;
    if (!incoming) throw new ProtocolError(ABORT_REASON.unexpectedParameter, 'a data set without a command before it');
    if (incoming.contextId !== contextId)
      throw new ProtocolError(ABORT_REASON.invalidParameter, 'a data set in another presentation context than its command');
    if (bytes.length > 0) this.write(incoming, bytes);
    if (!endsMessage) return;
    this.incoming = undefined;
    this.finish(incoming);
  }

  private write(incoming: Incoming, bytes: Buffer): void {
    incoming.operation?.write(bytes);
    try {
      incoming.sink?.write(bytes);
    } catch (thrown) {
      incoming.answer = this.failure(thrown, incoming);
      if (incoming.sink) this.abort(incoming.sink);
      incoming.sink = undefined;
    }
  }

  private finish(incoming: Incoming): void {
    const { sink, operation } = incoming;
    if (operation) {
      this.parts.services.start(operation, () => this.served());
      return;
    }
    if (!sink) {
      this.answer(incoming);
      return;
    }
    this.isAnswering = true;
    this.ending = this.end(sink, incoming).then(() => {
      this.answer(incoming);
      this.ending = undefined;
      this.ready();
    });
  }

  /** A service has sent its last response: what came meanwhile has its turn. */
  private served(): void {
    if (this.isLost) return;
    const { deferred } = this;
    this.deferred = undefined;
    this.isAnswering = false;
    if (deferred) this.perform(deferred.command, deferred.contextId);
    this.parts.onReady();
  }

  /** Never rejects: a failure is an answer. */
  private async end(sink: StoreSink, incoming: Incoming): Promise<void> {
    try {
      const { status } = await sink.end();
      incoming.answer = { status };
      if (isStored(status)) this.storedCount++;
    } catch (thrown) {
      incoming.answer = this.failure(thrown, incoming);
    }
  }

  private answer({ command, contextId, answer }: Incoming): void {
    if (!answer) return;
    this.parts.send(contextId, encodeResponse(command, answer.status, answer.comment));
  }

  private ready(): void {
    this.isAnswering = false;
    if (!this.isLost) this.parts.onReady();
  }

  /** The catalogue's text goes to the sender as Error Comment; what was seen stays in our log. */
  private failure(thrown: unknown, { command }: Incoming): { status: number; comment: string } {
    const error = toAnteroomError(thrown);
    const { affectedSopInstanceUid: announced = '' } = command;
    this.parts.log.warn('instance not stored', {
      associationId: this.parts.info.associationId,
      callingAe: this.parts.info.callingAe,
      // What is no UID may be anything, a patient's name too.
      sopInstanceUid: isUid(announced) ? announced : undefined,
      code: error.code,
      seen: error.seen,
      status: error.dimseStatus,
      stack: error.code === 'INTERNAL' ? error.stack : undefined,
    });
    return { status: error.dimseStatus, comment: CATALOGUE[error.code].text };
  }

  private abort(sink: StoreSink): void {
    try {
      sink.abort();
    } catch (thrown) {
      this.parts.log.error('throwing away an incomplete instance failed', {
        associationId: this.parts.info.associationId,
        seen: toAnteroomError(thrown).seen,
      });
    }
  }
}
