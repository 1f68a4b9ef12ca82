/** What a connection that a peer opened needs of the server around it. */
import type { Logger } from '../foundation/log.js';
import type { AcceptancePolicy } from './negotiation.js';
import type { AssociationInfo, ScpHandlers } from './store-sink.js';

export interface ConnectionLimits {
  /** The longest P-DATA-TF body that we ask for. */
  readonly maxPduBytes: number;
  /** The longest P-DATA-TF body that is let through though we did not ask for it. */
  readonly maxPduLengthBytes: number;
  /** No A-ASSOCIATE-RQ within this time: closed. */
  readonly associationTimeoutMs: number;
  /** An association on which nothing is sent for this long is aborted. */
  readonly idleTimeoutMs: number;
  /** A PDU that is not complete within this time (trickle) ends the association. */
  readonly stallTimeoutMs: number;
  /** A peer that does not read what we answer for so long is aborted. */
  readonly writeTimeoutMs: number;
}

/** What a deadline was set for: the number of a PDU that is to be complete, an answer that is to be read, or, where undefined, anything at all. */
export type Deadline = number | 'write' | undefined;

/** What the log says of an association that is aborted because its deadline is over. */
export function overdue(deadline: Deadline): string {
  if (deadline === undefined) return 'association aborted: idle for too long';
  return deadline === 'write'
    ? 'association aborted: the peer does not read our answers'
    : 'association aborted: the peer does not complete a PDU';
}

/** Who has an association, as far as limits are concerned. */
export type AssociationCaller = Pick<AssociationInfo, 'callingAe' | 'remoteAddress'>;

export interface Surroundings<Ended = unknown> {
  readonly policy: AcceptancePolicy;
  readonly limits: ConnectionLimits;
  readonly handlers: ScpHandlers;
  readonly log: Logger;
  /** Associations that are open: all, or those of one calling AE title at one address. */
  openAssociations(caller?: AssociationCaller): number;
  isClosing(): boolean;
  /** The socket is closed and nothing of the connection is under way. */
  ended(connection: Ended): void;
}
