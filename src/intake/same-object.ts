/** The same SOPInstanceUID again, with other bytes: is it the same object, a corrected one, or another? */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { AnteroomError } from '../foundation/errors.js';
import { parseInstance, type ParsedInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { toHeader } from '../dicom/element/to-header.js';

/**
 * `same`: only the encoding differs (another transfer syntax). `corrected`: the pixels are equal and attributes differ.
 * `conflict`: other pixels under the same UID, which PS3.5 section 9 forbids.
 * Pixels of different transfer syntaxes cannot be compared by their bytes; there equal headers count as the same object
 * and different headers as a correction. What cannot be read to its end is a conflict: a person must look.
 */
export function sameObject(earlierFile: string, laterFile: string): 'same' | 'corrected' | 'conflict' {
  try {
    return compare(parseInstance(readFileSync(earlierFile)), parseInstance(readFileSync(laterFile)));
  } catch (error) {
    if (error instanceof AnteroomError) return 'conflict';
    throw error;
  }
}

function compare(earlier: ParsedInstance, later: ParsedInstance): 'same' | 'corrected' | 'conflict' {
  const sameHeaders = isDeepStrictEqual(comparableHeader(earlier), comparableHeader(later));
  if (earlier.transferSyntaxUid !== later.transferSyntaxUid) return sameHeaders ? 'same' : 'corrected';
  if (!isDeepStrictEqual(pixelsOf(earlier), pixelsOf(later))) return 'conflict';
  return sameHeaders ? 'same' : 'corrected';
}

function comparableHeader(instance: ParsedInstance): unknown {
  const header = { ...toHeader(instance.dataset) };
  // A lossless recompression may rewrite these; they describe the encoding, not the image.
  for (const tag of ['00020010', '00280004', '00280006', '7FE00010']) delete header[tag];
  return header;
}

function pixelsOf(instance: ParsedInstance): unknown {
  return instance.dataset.fragments(TAG.PixelData) ?? instance.dataset.bytesOf(TAG.PixelData);
}
