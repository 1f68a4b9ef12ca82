/** An instance's metadata as DICOM JSON (PS3.18 10.4.1.1.2, annex F), and reading no more of a file than that needs. */
import { tagKey, TAG } from '../../dicom/element/tags.js';
import { toHeader } from '../../dicom/element/to-header.js';
import type { Header } from '../../dicom/header.js';
import { readHead } from './pixel-file.js';
import type { StoredInstance } from './port.js';

const PIXEL_DATA = tagKey(TAG.PixelData);

/** Everything but bulk values, whole sequences included; bulk values as BulkDataURIs below the instance's own URL. */
export async function metadataOf(instance: StoredInstance, instanceUrl: string): Promise<Header> {
  const { dataset } = await readHead(instance.path);
  const bulkUri = (place: string): string => `${instanceUrl}/bulkdata/${place}`;
  const header = toHeader(dataset, { sequencesJson: Infinity, valueBytes: Infinity, bulkUri });
  return {
    ...header,
    // The text is UTF-8 now, whatever the file's character set is (PS3.18 F.2).
    ...(dataset.has(TAG.SpecificCharacterSet) && { [tagKey(TAG.SpecificCharacterSet)]: { vr: 'CS', Value: ['ISO_IR 192'] } }),
    ...(dataset.number(TAG.Rows) !== undefined && { [PIXEL_DATA]: { vr: 'OW', BulkDataURI: bulkUri(PIXEL_DATA) } }),
  };
}
