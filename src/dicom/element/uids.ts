/** UIDs of the standard (PS3.6 annex A) that the code names, and what a transfer syntax says about a data set's encoding (PS3.5 section 10). */
import { STORAGE_SOP_CLASS } from './storage-sop-classes.js';

export const SOP_CLASS = {
  Verification: '1.2.840.10008.1.1',
  StorageCommitmentPushModel: '1.2.840.10008.1.20.1',
  MediaStorageDirectoryStorage: '1.2.840.10008.1.3.10',
  PatientRootQueryRetrieveInformationModelFind: '1.2.840.10008.5.1.4.1.2.1.1',
  PatientRootQueryRetrieveInformationModelMove: '1.2.840.10008.5.1.4.1.2.1.2',
  PatientRootQueryRetrieveInformationModelGet: '1.2.840.10008.5.1.4.1.2.1.3',
  StudyRootQueryRetrieveInformationModelFind: '1.2.840.10008.5.1.4.1.2.2.1',
  StudyRootQueryRetrieveInformationModelMove: '1.2.840.10008.5.1.4.1.2.2.2',
  StudyRootQueryRetrieveInformationModelGet: '1.2.840.10008.5.1.4.1.2.2.3',
  ...STORAGE_SOP_CLASS,
} as const;

/** Every storage SOP class UID, in ascending order. */
export const STORAGE_SOP_CLASSES: readonly string[] = Object.values(STORAGE_SOP_CLASS);

const storageSopClasses: ReadonlySet<string> = new Set(STORAGE_SOP_CLASSES);

/** True for a storage SOP class of the standard; private and future ones are not known. */
export function isStorageSopClass(uid: string): boolean {
  return storageSopClasses.has(uid);
}

export const TRANSFER_SYNTAX = {
  ImplicitVRLittleEndian: '1.2.840.10008.1.2',
  ExplicitVRLittleEndian: '1.2.840.10008.1.2.1',
  EncapsulatedUncompressedExplicitVRLittleEndian: '1.2.840.10008.1.2.1.98',
  DeflatedExplicitVRLittleEndian: '1.2.840.10008.1.2.1.99',
  ExplicitVRBigEndian: '1.2.840.10008.1.2.2',
  JPEGBaseline8Bit: '1.2.840.10008.1.2.4.50',
  JPEGExtended12Bit: '1.2.840.10008.1.2.4.51',
  JPEGLossless: '1.2.840.10008.1.2.4.57',
  JPEGLosslessSV1: '1.2.840.10008.1.2.4.70',
  JPEGLSLossless: '1.2.840.10008.1.2.4.80',
  JPEGLSNearLossless: '1.2.840.10008.1.2.4.81',
  JPEG2000Lossless: '1.2.840.10008.1.2.4.90',
  JPEG2000: '1.2.840.10008.1.2.4.91',
  JPEG2000MCLossless: '1.2.840.10008.1.2.4.92',
  JPEG2000MC: '1.2.840.10008.1.2.4.93',
  MPEG2MPML: '1.2.840.10008.1.2.4.100',
  MPEG2MPHL: '1.2.840.10008.1.2.4.101',
  MPEG4HP41: '1.2.840.10008.1.2.4.102',
  MPEG4HP41BD: '1.2.840.10008.1.2.4.103',
  MPEG4HP422D: '1.2.840.10008.1.2.4.104',
  MPEG4HP423D: '1.2.840.10008.1.2.4.105',
  MPEG4HP42STEREO: '1.2.840.10008.1.2.4.106',
  HEVCMP51: '1.2.840.10008.1.2.4.107',
  HEVCM10P51: '1.2.840.10008.1.2.4.108',
  JPEGXLLossless: '1.2.840.10008.1.2.4.110',
  JPEGXLJPEGRecompression: '1.2.840.10008.1.2.4.111',
  JPEGXL: '1.2.840.10008.1.2.4.112',
  HTJ2KLossless: '1.2.840.10008.1.2.4.201',
  HTJ2KLosslessRPCL: '1.2.840.10008.1.2.4.202',
  HTJ2K: '1.2.840.10008.1.2.4.203',
  RLELossless: '1.2.840.10008.1.2.5',
} as const;

/** Every transfer syntax that can be stored as sent: those above and the retired JPEG processes (PS3.6 annex A). */
export const TRANSFER_SYNTAXES: readonly string[] = [
  ...Object.values(TRANSFER_SYNTAX),
  ...['52', '53', '54', '55', '56', '58', '59', '60', '61', '62', '63', '64', '65', '66'].map((last) => `1.2.840.10008.1.2.4.${last}`),
];

const transferSyntaxes: ReadonlySet<string> = new Set(TRANSFER_SYNTAXES);

/** True for a transfer syntax of the standard whose data set is encoded as PS3.5 says. */
export function isKnownTransferSyntax(uid: string): boolean {
  return transferSyntaxes.has(uid);
}

/** How the elements of a data set are encoded (PS3.5 annex A). Everything that is not named here is Explicit VR Little Endian. */
export interface Encoding {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly deflated: boolean;
}

/** The encoding that a transfer syntax stands for; unknown ones count as Explicit VR Little Endian, as all encapsulated ones are (PS3.5 A.4). */
export function encodingOf(transferSyntaxUid: string): Encoding {
  return {
    explicitVr: transferSyntaxUid !== TRANSFER_SYNTAX.ImplicitVRLittleEndian,
    littleEndian: transferSyntaxUid !== TRANSFER_SYNTAX.ExplicitVRBigEndian,
    deflated: transferSyntaxUid === TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
  };
}
