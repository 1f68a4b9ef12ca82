/** What the node must know of an object before it answers: read from the first bytes of its data set. */
import { AnteroomError } from '../foundation/errors.js';
import { isUid } from '../foundation/ids.js';
import { parseInstance, type DataSet, type ParseOptions } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../dicom/element/uids.js';
import { toHeader } from '../dicom/element/to-header.js';
import type { Header } from '../dicom/header.js';

export interface InstanceFacts {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly patientId: string;
  readonly header: Header;
}

/** More than any header; what a data set of another kind (a report, a waveform) may have in all. */
const MAX_INFLATED_HEADER_BYTES = 32 * 1024 * 1024;

const UID_TAGS = {
  SOPClassUID: TAG.SOPClassUID,
  SOPInstanceUID: TAG.SOPInstanceUID,
  StudyInstanceUID: TAG.StudyInstanceUID,
  SeriesInstanceUID: TAG.SeriesInstanceUID,
} as const;

/**
 * Reads the beginning of a data set of `dataSetBytes` bytes. `head` may end anywhere.
 * Throws DICOM_DAMAGED if it cannot be parsed or is shorter than its own pixel data, DICOM_UID_MISSING if one of the four UIDs is absent, empty or no UID, and
 * DICOM_UID_MISMATCH if it is not the instance that `announced` (the C-STORE command) names.
 */
export function inspect(
  head: Uint8Array,
  options: { transferSyntaxUid: string; dataSetBytes: number; announced?: { sopClassUid: string; sopInstanceUid: string } },
): InstanceFacts {
  const { transferSyntaxUid, dataSetBytes } = options;
  const truncated = head.length < dataSetBytes;
  const { dataset } = parseInstance(head, { transferSyntaxUid, truncated, ...boundsOf(transferSyntaxUid) });
  if (truncated) demandPixels(dataset, transferSyntaxUid, dataSetBytes);
  const uidOf = (keyword: keyof typeof UID_TAGS) => {
    const uid = dataset.uid(UID_TAGS[keyword]);
    if (uid === undefined || !isUid(uid)) {
      const state = !dataset.has(UID_TAGS[keyword]) ? 'absent' : dataset.isEmpty(UID_TAGS[keyword]) ? 'empty' : 'not a UID';
      throw new AnteroomError('DICOM_UID_MISSING', `${keyword} is ${state}`);
    }
    return uid;
  };
  const facts = {
    sopClassUid: uidOf('SOPClassUID'),
    sopInstanceUid: uidOf('SOPInstanceUID'),
    studyInstanceUid: uidOf('StudyInstanceUID'),
    seriesInstanceUid: uidOf('SeriesInstanceUID'),
  };
  for (const name of ['sopClassUid', 'sopInstanceUid'] as const) {
    const announced = options.announced?.[name];
    if (announced !== undefined && announced !== facts[name]) {
      throw new AnteroomError('DICOM_UID_MISMATCH', `${name} in the command is ${announced}, in the data set ${facts[name]}`);
    }
  }
  return {
    ...facts,
    transferSyntaxUid: options.transferSyntaxUid,
    patientId: dataset.text(TAG.PatientID) ?? '',
    header: toHeader(dataset),
  };
}

/** A few kilobytes of a deflated data set can stand for gigabytes: its pixel data is not inflated here, and a header has an end. */
function boundsOf(transferSyntaxUid: string): ParseOptions {
  if (transferSyntaxUid !== TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian) return {};
  return { stopAtPixelData: true, maxInflatedBytes: MAX_INFLATED_HEADER_BYTES };
}

/** Transfer syntaxes whose pixel data has the length that the header gives (PS3.5 8.1.1). */
const NATIVE: ReadonlySet<string> = new Set([
  TRANSFER_SYNTAX.ImplicitVRLittleEndian,
  TRANSFER_SYNTAX.ExplicitVRLittleEndian,
  TRANSFER_SYNTAX.ExplicitVRBigEndian,
]);

/** A transfer that broke off in the pixel data: the head cannot show it, the length can. */
function demandPixels(dataset: DataSet, transferSyntaxUid: string, dataSetBytes: number): void {
  const value = (tag: number) => dataset.number(tag) ?? 0;
  const pixels =
    value(TAG.Rows) * value(TAG.Columns) * (dataset.number(TAG.NumberOfFrames) ?? 1) * (dataset.number(TAG.SamplesPerPixel) ?? 1);
  const expectedBytes = Math.floor((pixels * value(TAG.BitsAllocated)) / 8);
  // Subsampled colour (YBR_FULL_422) has fewer samples than the header's product.
  const subsampled = dataset.text(TAG.PhotometricInterpretation)?.endsWith('_422') ?? false;
  if (!NATIVE.has(transferSyntaxUid) || subsampled || dataSetBytes >= expectedBytes) return;
  throw new AnteroomError('DICOM_DAMAGED', `the data set has ${dataSetBytes} bytes, its pixel data alone should have ${expectedBytes}`);
}
