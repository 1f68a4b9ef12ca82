/** A study of small CT slices made on the spot, as files and as bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import { part10, type Attributes } from './synthetic-image.js';
import { tempFolder } from './temp.js';

export interface SmallStudy {
  readonly studyInstanceUid: string;
  /** By series, then by slice. */
  readonly slices: readonly (readonly Uint8Array[])[];
  readonly files: readonly (readonly string[])[];
}

const PIXELS = Uint8Array.from({ length: 16 * 16 * 2 }, (_, index) => index);
let made = 0;

/** `sizes` says how many slices each series has; attributes given replace those made here. UIDs are new for each study. */
export function smallStudy(sizes: readonly number[], attributes: Attributes = {}): SmallStudy {
  const studyInstanceUid = `1.2.826.0.1.${Date.now()}.${process.pid}.${++made}`;
  const folder = tempFolder('small-study');
  const slices = sizes.map((size, series) =>
    Array.from({ length: size }, (_, k) => slice(studyInstanceUid, series + 1, k + 1, attributes)),
  );
  const files = slices.map((series, index) => {
    mkdirSync(join(folder, String(index)));
    return series.map((bytes, k) => {
      const path = join(folder, String(index), `${k}.dcm`);
      writeFileSync(path, bytes);
      return path;
    });
  });
  return { studyInstanceUid, slices, files };
}

function slice(study: string, series: number, number: number, attributes: Attributes): Uint8Array {
  return part10({
    SOPClassUID: [SOP_CLASS.CTImageStorage],
    SOPInstanceUID: [`${study}.${series}.${number}`],
    StudyInstanceUID: [study],
    SeriesInstanceUID: [`${study}.${series}`],
    PatientID: ['SMALL'],
    Modality: ['CT'],
    SeriesNumber: [String(series)],
    InstanceNumber: [String(number)],
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    ImagePositionPatient: ['0', '0', String(number)],
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    SamplesPerPixel: [1],
    PhotometricInterpretation: ['MONOCHROME2'],
    Rows: [16],
    Columns: [16],
    BitsAllocated: [16],
    BitsStored: [16],
    HighBit: [15],
    PixelRepresentation: [0],
    PixelData: PIXELS,
    ...attributes,
  });
}
