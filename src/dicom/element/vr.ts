/** Value representations (PS3.5 6.2): which there are and how each is laid out. */

/** VRs of Explicit VR data sets that have a reserved field and a 32-bit length (PS3.5 7.1.2). */
export const LONG_VRS: ReadonlySet<string> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

const SHORT_VRS = [
  'AE',
  'AS',
  'AT',
  'CS',
  'DA',
  'DS',
  'DT',
  'FD',
  'FL',
  'IS',
  'LO',
  'LT',
  'PN',
  'SH',
  'SL',
  'SS',
  'ST',
  'TM',
  'UI',
  'UL',
  'US',
];

/** VRs whose text is written in SpecificCharacterSet (PS3.5 6.1.2.2); all other text is plain ASCII. */
export const CHARSET_VRS: ReadonlySet<string> = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

/** Text VRs with one value, in which a backslash is a character and leading spaces count. */
export const SINGLE_TEXT_VRS: ReadonlySet<string> = new Set(['LT', 'ST', 'UR', 'UT']);

/** All text VRs. */
export const TEXT_VRS: ReadonlySet<string> = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR', ...CHARSET_VRS]);

/** Bytes of one value of the VRs that hold binary numbers one can ask for. */
export const NUMBER_SIZE: Readonly<Record<string, number>> = { AT: 4, FD: 8, FL: 4, SL: 4, SS: 2, SV: 8, UL: 4, US: 2, UV: 8 };

/** VRs of bulk values: nothing but bytes to this code. */
export const BULK_VRS: ReadonlySet<string> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);

/** A known VR by its two bytes as one big-endian number; one string object for each VR, so that none is made while parsing. */
export const VR_BY_CODE: ReadonlyMap<number, string> = new Map(
  [...LONG_VRS, ...SHORT_VRS].map((vr) => [(vr.charCodeAt(0) << 8) | vr.charCodeAt(1), vr]),
);
