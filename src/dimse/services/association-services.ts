/** The services beside C-STORE and C-ECHO on one association: which command, in which presentation context, is whose. */
import { COMMAND, type Command } from '../command.js';
import { ServiceOperation, encodeFor, type OperationParts } from './operation.js';
import type { OfferedServices, RequestHere } from './service.js';

export type ServiceContexts = ReadonlyMap<number, { readonly sopClassUid: string; readonly transferSyntaxUid: string }>;

export interface AssociationServicesParts extends Pick<OperationParts, 'association' | 'log' | 'send'> {
  readonly offered: OfferedServices;
  /** Accepted presentation contexts of these services. */
  readonly contexts: ServiceContexts;
  /** True while the association is open and the peer sends nothing. */
  readonly isIdle: () => boolean;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** One operation at a time, as on every association without an asynchronous operations window (PS3.7 D.3.3.3). */
export class AssociationServices {
  private readonly parts: AssociationServicesParts;
  private running: { readonly operation: ServiceOperation; readonly ended: Promise<void> } | undefined;

  private readonly awaited = new Map<number, (status: number | undefined) => void>();
  private lastMessageId = 0;
  private isLost = false;

  constructor(parts: AssociationServicesParts) {
    this.parts = parts;
  }

  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** An operation for this command, not started yet; undefined where the context's service has no such command. */
  operationFor(command: Command, contextId: number): ServiceOperation | undefined {
    const { association, log, send, contexts, offered } = this.parts;
    const context = contexts.get(contextId);
    const handler = context && offered.get(context.sopClassUid)?.get(command.commandField);
    return (
      handler &&
      new ServiceOperation({
        association,
        log,
        send,
        contextId,
        command,
        handler,
        ...context,
        requestHere: this.requestHere(contextId, context.transferSyntaxUid),
      })
    );
  }

  /** Starts an operation whose data set is complete; `then` is called when its last response is sent. */
  start(operation: ServiceOperation, then: () => void): void {
    const ended = operation.run().then(() => {
      this.running = undefined;
      then();
    });
    this.running = { operation, ended };
  }

  /** A response to a request of ours; false where there is none. */
  answered({ messageIdBeingRespondedTo: id, status = 0 }: Command): boolean {
    const resolve = this.awaited.get(id);
    this.awaited.delete(id);
    resolve?.(status);
    return resolve !== undefined;
  }

  private requestHere(contextId: number, transferSyntaxUid: string): RequestHere {
    return async (encode, dataSet) => {
      if (this.isLost || this.isBusy || !this.parts.isIdle()) return undefined;
      const messageId = (this.lastMessageId = (this.lastMessageId % 0xffff) + 1);
      const answer = new Promise<number | undefined>((resolve) => {
        const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS, undefined);
        this.awaited.set(messageId, (status) => {
          clearTimeout(timer);
          resolve(status);
        });
      });
      await this.parts.send(contextId, encode(messageId), Buffer.from(encodeFor(transferSyntaxUid, dataSet)));
      return answer;
    };
  }

  /** A C-CANCEL reaches the operation that it names; it has no response of its own (PS3.7 section 9.3.2.3). */
  cancel({ commandField, messageIdBeingRespondedTo }: Command): void {
    if (commandField === COMMAND.cancelRq && this.running?.operation.isOf(messageIdBeingRespondedTo)) this.running.operation.cancel();
  }

  /** The association is gone. Resolves when nothing is under way any more. */
  async lost(): Promise<void> {
    this.isLost = true;
    for (const resolve of this.awaited.values()) resolve(undefined);
    this.awaited.clear();
    this.running?.operation.cancel();
    await this.running?.ended;
  }
}
