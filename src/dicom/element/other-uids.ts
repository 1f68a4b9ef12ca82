/** A copy of an instance under UIDs of its own, so that it is another object than the one that it was made of (PS3.5 9). */
import { createHash } from 'node:crypto';
import { AnteroomError } from '../../foundation/errors.js';
import { parseInstance, type DataSet } from './parse.js';
import { TAG } from './tags.js';
import { TRANSFER_SYNTAX } from './uids.js';
import { fileMeta } from './write.js';

/** UIDs that the standard gives out name classes, syntaxes and concepts, not objects (PS3.6 annex A). */
const OF_THE_STANDARD = '1.2.840.10008.';
/** Classes and coding schemes of others are no objects either. */
const NAMES_NO_OBJECT: readonly number[] = [TAG.SOPClassUID, TAG.ReferencedSOPClassUID, TAG.CodingSchemeUID];
const ROOT = '2.25.';
/** Fewer digits than these may come out twice. */
const FEWEST_DIGITS = 6;

/**
 * Another UID for one, as long as it: always the same for the same name of the copy, and different for different ones.
 * @throws {AnteroomError} DICOM_DAMAGED for a UID that is too short to tell its copies apart.
 */
export function otherUid(uid: string, copy: string): string {
  const digits = uid.length - ROOT.length;
  if (digits < FEWEST_DIGITS)
    throw new AnteroomError(
      'DICOM_DAMAGED',
      `UID ${uid} is too short to be replaced; expected at least ${ROOT.length + FEWEST_DIGITS} characters`,
    );
  const hash = createHash('sha512').update(`${copy}\n${uid}`).digest('hex');
  // A component does not begin with 0, and is given to all its digits by 205 of the hash's bits.
  return `${ROOT}1${BigInt(`0x${hash}`)
    .toString()
    .padStart(155, '0')
    .slice(-(digits - 1))}`;
}

/** Whether a UID may be one of `otherUid`: so may some random ones and some of others. */
export function mayBeOtherUid(uid: string): boolean {
  return uid.startsWith(`${ROOT}1`);
}

/**
 * The Part 10 file with every UID of an object replaced, wherever it stands, and nothing else: pixel data and all other values stay byte for byte.
 * `file` itself is changed on the way and must not be used again.
 * @throws {AnteroomError} what `parseInstance` throws; PIXELS_UNSUPPORTED for a deflated data set; DICOM_DAMAGED as `otherUid`.
 */
export function withOtherUids(file: Buffer, copy: string): Uint8Array {
  const { dataset, transferSyntaxUid, dataSetOffsetBytes } = parseInstance(file);
  if (transferSyntaxUid === TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian)
    throw new AnteroomError('PIXELS_UNSUPPORTED', 'the data set is deflated; expected one whose UIDs can be replaced in place');
  replaceIn(dataset, copy);
  const meta = fileMeta({
    sopClassUid: dataset.uid(TAG.SOPClassUID) ?? '',
    sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? '',
    transferSyntaxUid,
  });
  return Buffer.concat([meta, file.subarray(dataSetOffsetBytes)]);
}

function replaceIn(dataset: DataSet, copy: string): void {
  for (const { tag, vr, items } of dataset.elements()) {
    for (const item of items ?? []) replaceIn(item, copy);
    const bytes = vr === 'UI' && !NAMES_NO_OBJECT.includes(tag) ? dataset.bytesOf(tag) : undefined;
    if (bytes === undefined) continue;
    const text = Buffer.from(bytes).toString('latin1');
    const replaced = text.replaceAll(/[\d.]+/g, (uid) => (uid.startsWith(OF_THE_STANDARD) ? uid : otherUid(uid, copy)));
    bytes.set(Buffer.from(replaced, 'latin1'));
  }
}
