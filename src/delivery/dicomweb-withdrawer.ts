/** Taking a result back by DELETE on the instance's own DICOMweb resource, which is no part of PS3.18 but offered by several archives. */
import { exchangeExpecting } from '../dicomweb/client/http.js';
import { instanceExists } from '../dicomweb/client/qido.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { levelPath } from '../dicomweb/ids.js';
import { compareRetrieved } from './compare-retrieved.js';
import type { Withdrawer } from './withdrawer.js';

/** A withdrawer on a DICOMweb root; what is there is found by QIDO-RS and compared by WADO-RS. */
export function createDicomWebWithdrawer(endpoint: DicomWebEndpoint): Withdrawer {
  return {
    method: 'delete',
    look: async ({ old }) => {
      if (!(await instanceExists(endpoint, old))) return { standing: 'withdrawn', receipt: 'QIDO-RS finds it no longer' };
      return compareRetrieved(endpoint, old);
    },
    withdraw: async ({ old }) => {
      const request = { method: 'DELETE', path: levelPath(old), headers: {} } as const;
      (await exchangeExpecting(endpoint, request, [200, 202, 204, 404])).discard();
    },
  };
}
