/** Delivery over STOW-RS (PS3.18 10.5), proven by QIDO-RS. */
import { instanceExists } from '../dicomweb/client/qido.js';
import { stow } from '../dicomweb/client/stow.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Sender } from './sender.js';

/** A sender to one DICOMweb endpoint. */
export function createStowSender(endpoint: DicomWebEndpoint): Sender {
  return {
    proof: 'QIDO-RS',
    send: async (parcel) => {
      const [outcome] = await stow(endpoint, [parcel], parcel.studyInstanceUid);
      if (outcome?.stored) return;
      const reason = outcome?.failureReason;
      const seen = `the instance was not stored, ${reason === undefined ? 'no reason given' : `failure reason 0x${reason.toString(16)}`}${outcome?.text ? ` (${outcome.text})` : ''}`;
      // 0xA7xx is "out of resources" (PS3.18 table I.2-2, PS3.4 table B.2-1): it may work later.
      throw new AnteroomError(reason !== undefined && reason >> 8 === 0xa7 ? 'DESTINATION_BUSY' : 'DESTINATION_REFUSED', seen);
    },
    ask: async (parcel) => ((await instanceExists(endpoint, parcel)) ? 'there' : 'absent'),
  };
}
