/** An instance's metadata as DICOM JSON (PS3.18 10.4.1.1.2, annex F), and reading no more of a file than that needs. */
import { open } from 'node:fs/promises';
import { parseInstance, type ParsedInstance } from '../../dicom/element/parse.js';
import { tagKey, TAG } from '../../dicom/element/tags.js';
import { toHeader } from '../../dicom/element/to-header.js';
import type { StoredInstance } from './port.js';

/** Enough for the header of most objects; those with more are read again with four times as much. */
const FIRST_READ_BYTES = 64 * 1024;
const PIXEL_DATA = tagKey(TAG.PixelData);

/** An element of DICOM JSON whose value is fetched on its own (PS3.18 F.2.6). */
type MetadataElement = { readonly vr: string; readonly Value?: readonly unknown[] } | { readonly vr: string; readonly BulkDataURI: string };

/** Everything but bulk values, whole sequences included; pixel data as a BulkDataURI below the instance's own URL. */
export async function metadataOf(instance: StoredInstance, instanceUrl: string): Promise<Readonly<Record<string, MetadataElement>>> {
  const { dataset } = await readHead(instance.path);
  const header = toHeader(dataset, { sequencesJson: Infinity, valueBytes: Infinity });
  return {
    ...header,
    // The text is UTF-8 now, whatever the file's character set is (PS3.18 F.2).
    ...(dataset.has(TAG.SpecificCharacterSet) && { [tagKey(TAG.SpecificCharacterSet)]: { vr: 'CS', Value: ['ISO_IR 192'] } }),
    ...(dataset.number(TAG.Rows) !== undefined && { [PIXEL_DATA]: { vr: 'OW', BulkDataURI: `${instanceUrl}/bulkdata/${PIXEL_DATA}` } }),
  };
}

/**
 * Parses a file up to its pixel data, reading as much of it as that takes.
 * @throws AnteroomError as `parseInstance`
 */
export async function readHead(path: string): Promise<ParsedInstance> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
      const length = Math.min(wanted, size);
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, 0);
      const parsed = parseInstance(buffer.subarray(0, bytesRead), { stopAtPixelData: true, truncated: length < size });
      if (parsed.complete || length === size) return parsed;
    }
  } finally {
    await file.close();
  }
}
