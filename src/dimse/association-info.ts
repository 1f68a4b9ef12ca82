/** What is known of an association from its acceptance on, and of its end. */

/** Why an association ended: A-RELEASE, the peer's A-ABORT, our A-ABORT, a deadline of ours, or the connection broke. */
export type EndReason = 'released' | 'aborted' | 'protocol-error' | 'timeout' | 'shutdown' | 'lost';

export interface AssociationInfo {
  readonly associationId: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
}

export interface ClosedAssociation extends AssociationInfo {
  /** Instances answered with Success or a warning. */
  readonly stored: number;
  readonly reason: EndReason;
}
