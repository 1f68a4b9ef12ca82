/** Delivery to the node's own archive, through the same door as everything else that is stored, and taking back from it. */
import type { Parcel, Sender } from './sender.js';
import { ourDigest, type Withdrawer } from './withdrawer.js';

/** The node's own archive, as far as delivery needs it. */
export interface OwnArchive {
  /** Resolves when the object is durable in the archive. */
  store(path: string): Promise<void>;
  holds(sopInstanceUid: string): boolean;
  /** SHA-256 of the data set that is served under this UID; undefined where there is none. */
  dataSetSha256(sopInstanceUid: string): string | undefined;
  /** From now on nothing is served under this UID; the file stays. */
  withdraw(sopInstanceUid: string): void;
}

/** A sender that stores in the node's own archive. */
export function createArchiveSender(archive: OwnArchive): Sender {
  return {
    proof: 'the ledger',
    send: (parcel: Parcel) => archive.store(parcel.path),
    ask: (parcel) => Promise.resolve(archive.holds(parcel.sopInstanceUid) ? 'there' : 'absent'),
  };
}

/** Takes results back from the node's own archive: they are no longer served. */
export function createArchiveWithdrawer(archive: OwnArchive): Withdrawer {
  return {
    method: 'delete',
    look: async ({ old }) => {
      const served = archive.dataSetSha256(old.sopInstanceUid);
      if (served === undefined) return { standing: 'withdrawn', receipt: 'the archive serves it no longer' };
      if (served === (await ourDigest(old))) return { standing: 'ours' };
      return { standing: 'changed', seen: 'the archive holds another data set under its SOPInstanceUID' };
    },
    withdraw: ({ old }) => {
      archive.withdraw(old.sopInstanceUid);
      return Promise.resolve();
    },
  };
}
