/** The services beside C-STORE and C-ECHO on one association: which command, in which presentation context, is whose. */
import { COMMAND, type Command } from '../command.js';
import { ServiceOperation, type OperationParts } from './operation.js';
import type { OfferedServices } from './service.js';

export type ServiceContexts = ReadonlyMap<number, { readonly sopClassUid: string; readonly transferSyntaxUid: string }>;

export interface AssociationServicesParts extends Pick<OperationParts, 'association' | 'log' | 'send'> {
  readonly offered: OfferedServices;
  /** Accepted presentation contexts of these services. */
  readonly contexts: ServiceContexts;
}

/** One operation at a time, as on every association without an asynchronous operations window (PS3.7 D.3.3.3). */
export class AssociationServices {
  private readonly parts: AssociationServicesParts;
  private running: { readonly operation: ServiceOperation; readonly ended: Promise<void> } | undefined;

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
    return handler && new ServiceOperation({ association, log, send, contextId, command, handler, ...context });
  }

  /** Starts an operation whose data set is complete; `then` is called when its last response is sent. */
  start(operation: ServiceOperation, then: () => void): void {
    const ended = operation.run().then(() => {
      this.running = undefined;
      then();
    });
    this.running = { operation, ended };
  }

  /** A C-CANCEL reaches the operation that it names; it has no response of its own (PS3.7 section 9.3.2.3). */
  cancel({ commandField, messageIdBeingRespondedTo }: Command): void {
    if (commandField === COMMAND.cancelRq && this.running?.operation.isOf(messageIdBeingRespondedTo)) this.running.operation.cancel();
  }

  /** The association is gone. Resolves when nothing is under way any more. */
  async lost(): Promise<void> {
    this.running?.operation.cancel();
    await this.running?.ended;
  }
}
