/** The UIDs that the DIMSE wire itself must know (PS3.6 annex A), and which services are storage. */

export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';
export const VERIFICATION = '1.2.840.10008.1.1';

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

/** Query/Retrieve (PS3.4 C.6) and storage commitment (PS3.4 J.3). */
export const SERVICE_CLASS = {
  patientRootFind: '1.2.840.10008.5.1.4.1.2.1.1',
  patientRootMove: '1.2.840.10008.5.1.4.1.2.1.2',
  studyRootFind: '1.2.840.10008.5.1.4.1.2.2.1',
  studyRootMove: '1.2.840.10008.5.1.4.1.2.2.2',
  storageCommitment: '1.2.840.10008.1.20.1',
} as const;

/** Whether identifiers and other messages, which we write ourselves, can be in this transfer syntax. */
export function isMessageTransferSyntax(uid: string): boolean {
  return uid === IMPLICIT_VR_LITTLE_ENDIAN || uid === EXPLICIT_VR_LITTLE_ENDIAN;
}

/**
 * The transfer syntaxes that are taken as sent. JPIP referenced ones are not among them: the data set holds a web address
 * in place of pixels, so storing it would not keep the image. Private ones are not either: nobody could parse them.
 */
export const KNOWN_TRANSFER_SYNTAXES: ReadonlySet<string> = new Set(
  [
    ['', '.1', '.1.98', '.1.99', '.2', '.5'], // implicit, explicit, encapsulated uncompressed, deflated, big endian, RLE
    span('.4.', 50, 66), // JPEG, retired processes too
    ['.4.70', '.4.80', '.4.81'], // JPEG lossless SV1, JPEG-LS
    span('.4.', 90, 93), // JPEG 2000
    [
      '.4.100',
      '.4.100.1',
      '.4.101',
      '.4.101.1',
      '.4.102',
      '.4.102.1',
      '.4.103',
      '.4.103.1',
      '.4.104',
      '.4.104.1',
      '.4.105',
      '.4.105.1',
      '.4.106',
      '.4.106.1',
    ], // MPEG2, MPEG-4
    ['.4.107', '.4.108', '.4.110', '.4.111', '.4.112'], // HEVC, JPEG XL
    ['.4.201', '.4.202', '.4.203'], // HTJ2K
    ['.8.1'], // deflated image frame
  ]
    .flat()
    .map((suffix) => IMPLICIT_VR_LITTLE_ENDIAN + suffix),
);

function span(prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${prefix}${first + i}`);
}

/** Whether data sets in this transfer syntax (PS3.5 annex A) are taken. */
export function isKnownTransferSyntax(uid: string): boolean {
  return KNOWN_TRANSFER_SYNTAXES.has(uid);
}

const DICOM_ROOT = '1.2.840.10008.';
const STORAGE_ARC = '1.2.840.10008.5.1.4.1.1.';

/** Query, move and the like that stand within the storage arc: protocol approval and inventory. */
const NOT_STORAGE: ReadonlySet<string> = new Set(
  ['200.4', '200.5', '200.6', '201.2', '201.3', '201.4', '201.5', '201.6'].map((s) => STORAGE_ARC + s),
);

/** Storage classes outside the storage arc: RT delivery instructions, hanging protocols, colour palettes, implant templates, retired hardcopy and stored print. */
const STORAGE_ELSEWHERE: ReadonlySet<string> = new Set(
  ['4.34.1', '4.34.7', '4.34.10', '4.38.1', '4.39.1', '4.43.1', '4.44.1', '4.45.1', '1.27', '1.29', '1.30'].map(
    (s) => `1.2.840.10008.5.1.${s}`,
  ),
);

/**
 * Whether an abstract syntax is taken as a storage SOP class (PS3.4 annexes B and GG): all that DICOM has or will have in its
 * storage arc, and every private one, since a private UID does not tell what it is and refusing would lose images.
 */
export function isStorageClass(uid: string): boolean {
  if (!uid.startsWith(DICOM_ROOT)) return true;
  return STORAGE_ELSEWHERE.has(uid) || (uid.startsWith(STORAGE_ARC) && !NOT_STORAGE.has(uid));
}
