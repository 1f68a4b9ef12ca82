/** Deflated data sets (PS3.5 A.5), inflated with a limit: a few kilobytes can claim gigabytes. */
import { constants, inflateRawSync } from 'node:zlib';
import { AnteroomError } from '../../foundation/errors.js';

/** What is inflated of one data set where the caller names no other limit. */
export const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

/**
 * Inflates a data set. With `truncated` a stream that stops early gives what there is.
 * @throws {AnteroomError} DICOM_DAMAGED where the stream is broken or inflates to more than `maxInflatedBytes`.
 */
export function inflateDataSet(
  deflated: Uint8Array,
  options: { readonly truncated?: boolean; readonly maxInflatedBytes?: number },
): Uint8Array {
  const maxOutputLength = options.maxInflatedBytes ?? MAX_INFLATED_BYTES;
  try {
    return inflateRawSync(deflated, {
      maxOutputLength,
      finishFlush: options.truncated ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
    });
  } catch (thrown) {
    const tooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const seen = tooLarge ? `it inflates to more than ${maxOutputLength} bytes` : `${deflated.byteLength} bytes are no deflated data set`;
    throw new AnteroomError('DICOM_DAMAGED', seen, { cause: thrown });
  }
}
