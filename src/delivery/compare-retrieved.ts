/** What a DICOMweb service holds under a result's UIDs, compared with what was delivered. */
import { dataSetDigest } from '../dicom/element/data-set-digest.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { streamInstance } from '../dicomweb/client/wado.js';
import type { Parcel } from './sender.js';
import { compared, type Standing } from './withdrawer.js';

/** Retrieves the object by WADO-RS and compares its data set. @throws AnteroomError as `streamInstance` */
export async function compareRetrieved(endpoint: DicomWebEndpoint, old: Parcel): Promise<Standing> {
  let theirs = '';
  await streamInstance(endpoint, old, async (bytes) => {
    theirs = await dataSetDigest(bytes as AsyncIterable<Uint8Array>);
  });
  return compared(theirs, old);
}
