/** Taking a result back by Orthanc's REST: look it up, compare it, delete it. */
import { dataSetDigest } from '../dicom/element/data-set-digest.js';
import { exchangeExpecting, hostOf, readText } from '../dicomweb/client/http.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { AnteroomError } from '../foundation/errors.js';
import { compared, type Outgrown, type Standing, type Withdrawer } from './withdrawer.js';

const NOT_FOUND = 404;

/** A withdrawer over the REST of an Orthanc whose root is the endpoint's URL. */
export function createOrthancWithdrawer(endpoint: DicomWebEndpoint): Withdrawer {
  return {
    method: 'delete',
    look: async (outgrown) => {
      const ids = await lookUp(endpoint, outgrown);
      if (ids.length === 0) return { standing: 'withdrawn', receipt: 'Orthanc finds it no longer' };
      for (const id of ids) {
        const standing = await compareOne(endpoint, id, outgrown);
        if (standing.standing !== 'ours') return standing;
      }
      return { standing: 'ours' };
    },
    withdraw: async (outgrown) => {
      for (const id of await lookUp(endpoint, outgrown)) {
        (await exchangeExpecting(endpoint, { method: 'DELETE', path: `/instances/${id}`, headers: {} }, [200, NOT_FOUND])).discard();
      }
    },
  };
}

/** Orthanc's ids of the instances with this SOPInstanceUID: one, or one for each patient, study or series that it is filed under. */
async function lookUp(endpoint: DicomWebEndpoint, { old }: Outgrown): Promise<string[]> {
  const body = Buffer.from(old.sopInstanceUid, 'latin1');
  const headers = { 'Content-Type': 'text/plain', 'Content-Length': body.length };
  let found: unknown;
  try {
    const answer = await exchangeExpecting(endpoint, { method: 'POST', path: '/tools/lookup', headers, body: oneChunk(body) }, [200]);
    found = JSON.parse(await readText(answer));
  } catch (thrown) {
    // A question changes nothing: without its answer nothing has happened.
    if (thrown instanceof AnteroomError && thrown.code === 'DESTINATION_UNSURE')
      throw new AnteroomError('DESTINATION_UNREACHABLE', thrown.seen, { cause: thrown });
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  if (!Array.isArray(found))
    throw new AnteroomError('DESTINATION_SETTINGS', `${hostOf(endpoint)} does not answer /tools/lookup as Orthanc does`);
  return (found as { readonly ID?: unknown; readonly Type?: unknown }[])
    .filter(({ Type }) => Type === 'Instance')
    .map(({ ID }) => String(ID))
    .filter((id) => /^[0-9a-f-]+$/.test(id));
}

async function* oneChunk(body: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(body);
}

/** Of the object's identity Orthanc makes its id; its content is compared by the bytes of the data set. */
async function compareOne(endpoint: DicomWebEndpoint, id: string, { old }: Outgrown): Promise<Standing> {
  const answer = await exchangeExpecting(endpoint, { method: 'GET', path: `/instances/${id}/file`, headers: {} }, [200]);
  return compared(await dataSetDigest(answer.body), old);
}
