/** CT instances that follow from a seed and two numbers: what was sent is known again at any time without keeping it. */
import { createHash } from 'node:crypto';
import { encodeDataSet } from '../../src/dicom/element/write.js';
import { CT_STORAGE } from './dimse.js';
import { header } from './synthetic-image.js';

export interface GeneratedInstance {
  readonly sopInstanceUid: string;
  /** Explicit VR Little Endian, without file meta information. */
  readonly dataSet: Buffer;
}

export interface InstanceNumbers {
  /** Below 2^32; another one gives other UIDs and pixels. */
  readonly seed: number;
  readonly study: number;
  readonly number: number;
  /** Of the square image; 16 bits a pixel. */
  readonly rows: number;
}

export function generatedStudyUid(seed: number, study: number): string {
  return `1.2.3.50.${seed}.${study}`;
}

/** The same numbers give the same bytes. */
export function generatedInstance(numbers: InstanceNumbers): GeneratedInstance {
  const { seed, study, number, rows } = numbers;
  const studyInstanceUid = generatedStudyUid(seed, study);
  const sopInstanceUid = `${studyInstanceUid}.1.${number}`;
  const dataSet = encodeDataSet(
    header({
      ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
      SOPClassUID: [CT_STORAGE],
      SOPInstanceUID: [sopInstanceUid],
      Modality: ['CT'],
      PatientName: [{ Alphabetic: `Generated^${study}` }],
      PatientID: [`GENERATED-${study}`],
      StudyInstanceUID: [studyInstanceUid],
      SeriesInstanceUID: [`${studyInstanceUid}.1`],
      InstanceNumber: [String(number)],
      ImagePositionPatient: ['-100', '-100', String(number)],
      ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
      FrameOfReferenceUID: [`${studyInstanceUid}.9`],
      SamplesPerPixel: [1],
      PhotometricInterpretation: ['MONOCHROME2'],
      Rows: [rows],
      Columns: [rows],
      PixelSpacing: ['0.5', '0.5'],
      BitsAllocated: [16],
      BitsStored: [16],
      HighBit: [15],
      PixelRepresentation: [0],
      PixelData: pixels(numbers),
    }),
  );
  return { sopInstanceUid, dataSet: Buffer.from(dataSet.buffer, dataSet.byteOffset, dataSet.byteLength) };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Noise (xorshift32, by George Marsaglia), which no compression on the way could hide; a loop of its own, as there are thousands of images. */
function pixels({ seed, study, number, rows }: InstanceNumbers): Uint8Array {
  const words = new Uint32Array((rows * rows) / 2);
  let state = Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(study + 1, 40_503) ^ (number + 1) || 1;
  for (let n = 0; n < words.length; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[n] = state;
  }
  return new Uint8Array(words.buffer);
}
