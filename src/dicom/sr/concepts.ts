/** Codes of the templates that we write (PS3.16 TID 1001, 1204, 1411, 1500, 1501, 1600, 4019). */
import { dcm, sct, type Code } from '../structures/code.js';

export const CONCEPT = {
  /** Our own, as CID 7021 may be extended: Imaging Measurement Report is for viewers one with coordinates, and OHIF 3.13 ends at one without. */
  aiMeasurementReport: { value: 'AI_REPORT', scheme: '99ANTEROOM', meaning: 'AI Measurement Report' },
  language: dcm('121049', 'Language of Content Item and Descendants'),
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'),
  deviceObserverUid: dcm('121012', 'Device Observer UID'),
  deviceObserverName: dcm('121013', 'Device Observer Name'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name'),
  deviceObserverSerialNumber: dcm('121016', 'Device Observer Serial Number'),
  procedureReported: dcm('121058', 'Procedure reported'),
  imagingProcedure: sct('363679005', 'Imaging procedure'),
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  seriesInstanceUid: dcm('112002', 'Series Instance UID'),
  sourceOfMeasurement: dcm('121112', 'Source of Measurement'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  qualitativeEvaluations: { value: 'C0034375', scheme: 'UMLS', meaning: 'Qualitative Evaluations' },
  measurementGroup: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUid: dcm('112040', 'Tracking Unique Identifier'),
  finding: dcm('121071', 'Finding'),
  findingSite: sct('363698007', 'Finding Site'),
  laterality: sct('272741003', 'Laterality'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  algorithmParameters: dcm('111002', 'Algorithm Parameters'),
  referencedSegment: dcm('121191', 'Referenced Segment'),
  sourceSeriesForSegmentation: dcm('121232', 'Source series for segmentation'),
  studyInstanceUid: dcm('110180', 'Study Instance UID'),
  comment: dcm('121106', 'Comment'),
} as const satisfies Readonly<Record<string, Code>>;

/** Language of what we write (RFC 5646, PS3.16 CID 5000). */
export const ENGLISH: Code = { value: 'en', scheme: 'RFC5646', meaning: 'English' };

/** Why a measurement has no number (CID 42). */
export const QUALIFIER = {
  notANumber: dcm('114000', 'Not a number'),
  negativeInfinity: dcm('114001', 'Negative Infinity'),
  positiveInfinity: dcm('114002', 'Positive Infinity'),
  unknown: dcm('114010', 'Value unknown'),
} as const;

/** Modalities of images that models read (CID 29); others are written with their own code as meaning. */
const MODALITIES: Readonly<Record<string, string>> = {
  CR: 'Computed Radiography',
  CT: 'Computed Tomography',
  DX: 'Digital Radiography',
  MG: 'Mammography',
  MR: 'Magnetic Resonance',
  NM: 'Nuclear Medicine',
  PT: 'Positron emission tomography',
  SEG: 'Segmentation',
  SM: 'Slide Microscopy',
  US: 'Ultrasound',
  XA: 'X-Ray Angiography',
};

/** The code of a Modality. */
export function modalityCode(modality: string): Code {
  return dcm(modality, MODALITIES[modality] ?? modality);
}

/** Names of measurements that a mapping may use without their codes: those that models of images give most. */
export const MEASUREMENTS: readonly Code[] = [
  sct('118565006', 'Volume'),
  sct('42798000', 'Area'),
  sct('410668003', 'Length'),
  sct('81827009', 'Diameter'),
  sct('103339001', 'Long axis'),
  sct('103340004', 'Short axis'),
  sct('103355008', 'Width'),
  dcm('121207', 'Height'),
  sct('1483009', 'Angle'),
  sct('118538004', 'Mass'),
  sct('373098007', 'Mean'),
  sct('373099004', 'Median'),
  sct('255605001', 'Minimum'),
  sct('56851009', 'Maximum'),
  sct('386136009', 'Standard Deviation'),
  sct('246262008', 'Score'),
  sct('118586006', 'Ratio'),
  dcm('126051', 'Skewness'),
  dcm('126052', 'Kurtosis'),
  dcm('122157', 'Probability'),
  dcm('111047', 'Probability of cancer'),
  dcm('111012', 'Certainty of Finding'),
  dcm('112031', 'Attenuation Coefficient'),
  dcm('112181', 'Mean Attenuation Coefficient'),
  dcm('126401', 'SUVbw'),
  dcm('121071', 'Finding'),
  dcm('121106', 'Comment'),
];

const BY_MEANING = new Map(MEASUREMENTS.map((code) => [code.meaning.toLowerCase(), code]));

/** The code of a name such as `Volume`, in whatever case; undefined where the table has none. */
export function measurementByName(name: string): Code | undefined {
  return BY_MEANING.get(name.trim().toLowerCase());
}
