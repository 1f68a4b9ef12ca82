/** Delivery over C-STORE (PS3.4 annex B), proven by C-FIND where the destination offers it. */
import { findInstance, storeFiles, type Peer } from '../dimse/scu.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Parcel, Sender } from './sender.js';

/** A sender to one peer, asked for anew each time, as its certificates may have changed; with `none` the C-STORE status is all the proof there is. */
export function createCstoreSender(peer: () => Peer, proof: 'cfind' | 'none'): Sender {
  return {
    proof: proof === 'cfind' ? 'C-FIND' : 'C-STORE status',
    send: (parcel) => storeParcel(peer(), parcel),
    ask: async (parcel) => {
      if (proof === 'none') return 'unknown';
      return (await findInstance(peer(), parcel)) ? 'there' : 'absent';
    },
  };
}

/** Sends the object by C-STORE; resolves when the peer has answered that it stored it. */
export async function storeParcel(peer: Peer, parcel: Parcel): Promise<void> {
  const [outcome] = await storeFiles(peer, [parcel.path], {});
  if (outcome?.error !== undefined) throw outcome.error;
  if (outcome === undefined) throw new AnteroomError('DESTINATION_UNSURE', 'the association ended without an answer');
}
