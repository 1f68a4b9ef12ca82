/** What the receiver needs from whoever keeps the instances: a sink for each C-STORE. The wire knows no archive and no ledger. */
import type { AssociationInfo, ClosedAssociation } from './association-info.js';
import type { ServicesFor } from './services/service.js';

export type { AssociationInfo, ClosedAssociation, EndReason } from './association-info.js';

/** What is known of an instance before its data set comes: the C-STORE-RQ and the association it came over. */
export interface StoreContext {
  readonly associationId: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  /** AffectedSOPClassUID (0000,0002) as sent. */
  readonly sopClassUid: string;
  /** AffectedSOPInstanceUID (0000,1000) as sent. */
  readonly sopInstanceUid: string;
  /** As accepted for the presentation context: the encoding of the bytes that follow. */
  readonly transferSyntaxUid: string;
  readonly messageId: number;
}

/**
 * One C-STORE under way. Calls come in this order: `write` any number of times, then either `end` or `abort`, once.
 * An AnteroomError's `dimseStatus` is what the sender is answered; any other error is answered 0x0110.
 */
export interface StoreSink {
  /**
   * A piece of the data set as it is on the wire; the bytes must not be used after the call. A sink that is behind holds the caller.
   * Where it throws, the rest is read and dropped, `abort` is called, and the error is answered.
   */
  write(chunk: Buffer): void;
  /** All bytes are there. Resolves when the instance is durable: only then is the status answered. Cleans up itself where it rejects. */
  end(): Promise<{ readonly status: number }>;
  /** The rest will never come: throw away what is there. */
  abort(): void;
}

export interface ScpHandlers {
  /** Opens the sink of a C-STORE. May throw an AnteroomError: the data set is read and dropped and its `dimseStatus` answered. */
  openStore(context: StoreContext): StoreSink;
  /** The services beside storage and verification; none where it is left out. */
  readonly servicesFor?: ServicesFor;
  /** An association was accepted. */
  associationOpened?(info: AssociationInfo): void;
  /** It has ended and nothing of it is under way any more. */
  associationClosed?(info: ClosedAssociation): void;
}
