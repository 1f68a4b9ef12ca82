/** Delivery over C-STORE (PS3.4 annex B), proven by C-FIND where the destination offers it. */
import { findInstance, storeFiles, type Peer } from '../dimse/scu.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Sender } from './sender.js';

/** A sender to one peer, asked for anew each time, as its certificates may have changed; with `none` the C-STORE status is all the proof there is. */
export function createCstoreSender(peer: () => Peer, proof: 'cfind' | 'none'): Sender {
  return {
    proof: proof === 'cfind' ? 'C-FIND' : 'C-STORE status',
    send: async (parcel) => {
      const [outcome] = await storeFiles(peer(), [parcel.path], {});
      if (outcome?.error !== undefined) throw outcome.error;
      if (outcome === undefined) throw new AnteroomError('DESTINATION_UNSURE', 'the association ended without an answer');
    },
    ask: async (parcel) => {
      if (proof === 'none') return 'unknown';
      return (await findInstance(peer(), parcel)) ? 'there' : 'absent';
    },
  };
}
