/** Studies of several small series, each with a segmentation that a model might draw on it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import type { SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { uidFromName } from '../../../src/foundation/ids.js';
import { ellipsoid, segInput, segmentOf, sourceOfFolder } from '../seg.js';
import { part10 } from '../synthetic-image.js';
import { tempFolder } from '../temp.js';

export interface SmallSeries {
  readonly seriesInstanceUid: string;
  readonly files: readonly string[];
  readonly source: SegSource;
  /** A segmentation of the liver on this series. */
  readonly seg: Uint8Array;
}

export interface MixedStudy {
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
  readonly series: Readonly<Record<string, SmallSeries>>;
}

export interface SeriesWish {
  readonly modality: 'CT' | 'PT' | 'MR';
  readonly description?: string;
  readonly slices?: number;
  /** In-plane distance of voxels. */
  readonly spacingMm?: number;
}

const CLASSES = { CT: SOP_CLASS.CTImageStorage, PT: SOP_CLASS.PositronEmissionTomographyImageStorage, MR: SOP_CLASS.MRImageStorage };
const SIDE = 16;

/** A study with these series, by name; all of one patient and frame of reference. */
export function mixedStudy(name: string, wishes: Readonly<Record<string, SeriesWish>>): MixedStudy {
  const studyInstanceUid = uidFromName(`study ${name}`);
  const folder = tempFolder('mixed-study');
  const series = Object.fromEntries(
    Object.entries(wishes).map(([key, wish], index) => [key, makeSeries(join(folder, key), name, key, index + 1, studyInstanceUid, wish)]),
  );
  return { studyInstanceUid, series, files: Object.values(series).flatMap(({ files }) => files) };
}

function makeSeries(folder: string, study: string, key: string, number: number, studyInstanceUid: string, wish: SeriesWish): SmallSeries {
  mkdirSync(folder);
  const seriesInstanceUid = uidFromName(`series ${study} ${key}`);
  const { modality, description = key, slices = 4, spacingMm = 4 } = wish;
  const files = Array.from({ length: slices }, (_, k) => {
    const path = join(folder, `${k}.dcm`);
    const file = part10({
      SOPClassUID: [CLASSES[modality]],
      SOPInstanceUID: [uidFromName(`instance ${study} ${key} ${k}`)],
      StudyInstanceUID: [studyInstanceUid],
      SeriesInstanceUID: [seriesInstanceUid],
      FrameOfReferenceUID: [uidFromName(`frame ${study}`)],
      PatientID: ['MIXED'],
      Modality: [modality],
      SeriesDescription: [description],
      SeriesNumber: [String(number)],
      InstanceNumber: [String(k + 1)],
      ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
      ImagePositionPatient: ['-30', '-40', String(5 * k)],
      ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
      PixelSpacing: [String(spacingMm), String(spacingMm)],
      SliceThickness: ['5'],
      SamplesPerPixel: [1],
      PhotometricInterpretation: ['MONOCHROME2'],
      Rows: [SIDE],
      Columns: [SIDE],
      BitsAllocated: [16],
      BitsStored: [16],
      HighBit: [15],
      PixelRepresentation: [0],
      PixelData: Uint8Array.from({ length: SIDE * SIDE * 2 }, (_value, n) => (n % 2 === 0 ? n / 2 : 0)),
    });
    writeFileSync(path, file);
    return path;
  });
  const source = sourceOfFolder(folder);
  return { seriesInstanceUid, files, source, seg: segOn(source, `seg ${study} ${key}`) };
}

/** A segmentation of the liver on a source, as an object of its own. */
export function segOn(source: SegSource, name: string): Uint8Array {
  const input = segInput(source, [segmentOf('LIVER', ellipsoid(source.grid, [0.45, 0.55, 0.5], 0.3))]);
  const identity = { ...input.identity, sopInstanceUid: uidFromName(name), seriesInstanceUid: uidFromName(`series ${name}`) };
  return writeSeg({ ...input, identity }).bytes;
}
