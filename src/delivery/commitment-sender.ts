/** Delivery over C-STORE, proven by storage commitment (PS3.4 annex J): delivered is what the destination has committed itself to. */
import { setTimeout } from 'node:timers/promises';
import { requestCommitment, type Peer } from '../dimse/scu.js';
import type { Clock } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { newUid } from '../foundation/ids.js';
import { enterCommitmentRequest, forgetCommitmentRequests, lastCommitmentRequest, recordCommitmentReport } from '../ledger/commitments.js';
import type { Db } from '../ledger/database.js';
import { storeParcel } from './cstore-sender.js';
import type { Parcel, Sender } from './sender.js';

/** How long the report may come on the association of the request; later it comes to our listener. */
const SAME_ASSOCIATION_MS = 1_000;
/** How long one asking waits for the report. */
const PATIENCE_MS = 15_000;
/** A request that was not reported on for so long is made anew; its report counts all the same, should it come. */
const ASK_AGAIN_MS = 600_000;
const POLL_MS = 200;

export interface CommitmentSurroundings {
  readonly db: Db;
  readonly clock: Clock;
  /** The name of the destination. */
  readonly destination: string;
}

/** A sender to one peer, asked for anew each time, that gives storage commitment. Reports on new associations reach the ledger through our own listener. */
export function createCommitmentSender(peer: () => Peer, { db, clock, destination }: CommitmentSurroundings): Sender {
  const reasonOf = (parcel: Parcel): number | undefined =>
    lastCommitmentRequest(db, destination, parcel.sopInstanceUid)?.reason ?? undefined;

  async function request(parcel: Parcel): Promise<void> {
    const last = lastCommitmentRequest(db, destination, parcel.sopInstanceUid);
    if (last !== undefined && clock() - last.asked_at < ASK_AGAIN_MS) return;
    const transactionUid = newUid();
    enterCommitmentRequest(db, transactionUid, destination, parcel.sopInstanceUid, clock());
    failpoint('delivery.commitment-entered');
    const report = await requestCommitment(peer(), transactionUid, [parcel], SAME_ASSOCIATION_MS);
    if (report) recordCommitmentReport(db, report.transactionUid, report.items, clock());
  }

  return {
    proof: 'storage commitment',
    send: async (parcel) => {
      forgetCommitmentRequests(db, destination, parcel.sopInstanceUid);
      await storeParcel(peer(), parcel);
    },
    ask: async (parcel) => {
      if (reasonOf(parcel) === undefined) await request(parcel);
      const deadline = clock() + PATIENCE_MS;
      for (;;) {
        const reason = reasonOf(parcel);
        if (reason !== undefined) return reason === 0 ? 'there' : 'absent';
        if (clock() >= deadline)
          throw new AnteroomError('DESTINATION_UNSURE', `no storage commitment report within ${PATIENCE_MS / 1000} s`);
        await setTimeout(POLL_MS);
      }
    },
  };
}
