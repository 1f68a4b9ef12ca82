/** Delivery to the node's own archive: the same door as everything else that is stored. */
import type { Parcel, Sender } from './sender.js';

/** The node's own archive, as far as delivery needs it. */
export interface OwnArchive {
  /** Resolves when the object is durable in the archive. */
  store(path: string): Promise<void>;
  holds(sopInstanceUid: string): boolean;
}

/** A sender that stores in the node's own archive. */
export function createArchiveSender(archive: OwnArchive): Sender {
  return {
    proof: 'the ledger',
    send: (parcel: Parcel) => archive.store(parcel.path),
    ask: (parcel) => Promise.resolve(archive.holds(parcel.sopInstanceUid) ? 'there' : 'absent'),
  };
}
