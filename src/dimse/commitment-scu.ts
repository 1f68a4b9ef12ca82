/** Storage commitment over associations that we open (PS3.4 annex J): asking a peer, and telling one that asked us. */
import { AnteroomError } from '../foundation/errors.js';
import type { ProposedContext } from './associate.js';
import { encodeActionRq, encodeEventReportRq } from './command.js';
import { Requestor, type Peer } from './requestor.js';
import {
  COMMITMENT_INSTANCE,
  REQUEST_COMMITMENT,
  actionInformation,
  eventInformation,
  reportOf,
  type CommitmentItem,
  type CommitmentReport,
} from './services/commitment.js';
import { encodeFor } from './services/operation.js';
import { STATUS, errorOfStatus } from './statuses.js';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, SERVICE_CLASS } from './uids.js';

export type { CommitmentItem, CommitmentReport } from './services/commitment.js';

const CONTEXT: ProposedContext = {
  id: 1,
  abstractSyntax: SERVICE_CLASS.storageCommitment,
  transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN],
};

/**
 * Asks a peer to commit itself to these instances. Resolves when it has taken the request, with its report where that comes on the same
 * association within `waitMs`; else it comes to our own listener.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED, DESTINATION_BUSY or DESTINATION_TLS
 */
export async function requestCommitment(
  peer: Peer,
  transactionUid: string,
  items: readonly CommitmentItem[],
  waitMs: number,
): Promise<CommitmentReport | undefined> {
  return conversation(await Requestor.open(peer, [CONTEXT]), async (association, transferSyntax) => {
    const messageId = association.nextMessageId();
    const command = encodeActionRq(messageId, SERVICE_CLASS.storageCommitment, COMMITMENT_INSTANCE, REQUEST_COMMITMENT);
    await exchange(association, messageId, command, encodeFor(transferSyntax, actionInformation(transactionUid, items)), 'N-ACTION');
    return reportOf(await association.eventReport(waitMs));
  });
}

/**
 * Tells a peer what is committed. We open the association and are SCP of the class on it (PS3.7 D.3.3.4).
 * @throws AnteroomError as `requestCommitment`
 */
export async function reportCommitment(peer: Peer, report: CommitmentReport): Promise<void> {
  const roles = [{ sopClassUid: SERVICE_CLASS.storageCommitment, scu: false, scp: true }];
  await conversation(await Requestor.open(peer, [CONTEXT], roles), async (association, transferSyntax) => {
    const messageId = association.nextMessageId();
    const { eventTypeId, information } = eventInformation(report);
    const command = encodeEventReportRq(messageId, SERVICE_CLASS.storageCommitment, COMMITMENT_INSTANCE, eventTypeId);
    await exchange(association, messageId, command, encodeFor(transferSyntax, information), 'N-EVENT-REPORT');
  });
}

async function conversation<T>(association: Requestor, talk: (association: Requestor, transferSyntax: string) => Promise<T>): Promise<T> {
  try {
    const transferSyntax = association.transferSyntaxOf(CONTEXT.id);
    if (transferSyntax === undefined) throw new AnteroomError('DESTINATION_REFUSED', 'the peer does not accept storage commitment');
    const result = await talk(association, transferSyntax);
    await association.release();
    return result;
  } catch (thrown) {
    association.abort();
    throw thrown;
  }
}

async function exchange(association: Requestor, messageId: number, command: Buffer, dataSet: Uint8Array, operation: string): Promise<void> {
  association.sendCommand(CONTEXT.id, command);
  await association.sendData(CONTEXT.id, Buffer.from(dataSet), true);
  const { status = STATUS.processingFailure, errorComment } = await association.response(messageId);
  if (status !== STATUS.success) throw errorOfStatus(status, operation, errorComment);
}
