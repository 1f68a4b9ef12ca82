/** Small CT series with any place in the patient, and voxels in them that are known by their patient positions. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import { uidFromName } from '../../src/foundation/ids.js';
import { part10 } from './synthetic-image.js';

export interface SeriesPlan {
  readonly iDirection: Vec3;
  readonly jDirection: Vec3;
  /** From slice to slice, mm; along the normal of the slices unless the stack is tilted. */
  readonly step: Vec3;
  readonly originMm: Vec3;
  /** Along i and j. */
  readonly pixelMm: readonly [number, number];
  /** The slices that there are, in the order of the files; some may come twice. */
  readonly slices: readonly number[];
}

export interface MadeSeries {
  readonly seriesInstanceUid: string;
  readonly files: readonly string[];
  /** LPS mm of the centres of the bright voxels. */
  readonly bright: readonly Vec3[];
}

export const COLUMNS = 12;
export const ROWS = 9;
export const BRIGHT = 1000;
const DARK = 90;

/** Writes the series into a folder of its own; the same name gives the same voxels and UIDs. */
export function makeSeries(folder: string, name: string, plan: SeriesPlan): MadeSeries {
  mkdirSync(folder, { recursive: true });
  const seriesInstanceUid = uidFromName(`made series ${name}`);
  const bright: Vec3[] = [];
  const files = plan.slices.map((k, n) => {
    const position = add(plan.originMm, plan.step, k);
    const pixels = new Uint16Array(ROWS * COLUMNS);
    for (let j = 0; j < ROWS; j++) {
      for (let i = 0; i < COLUMNS; i++) {
        const isBright = scattered(i, j, k);
        pixels[j * COLUMNS + i] = isBright ? BRIGHT : DARK + i + j;
        if (isBright) bright.push(add(add(position, plan.iDirection, i * plan.pixelMm[0]), plan.jDirection, j * plan.pixelMm[1]));
      }
    }
    const path = join(folder, `${String(n).padStart(3, '0')}.dcm`);
    writeFileSync(path, slice(name, n, position, plan, pixels));
    return path;
  });
  return { seriesInstanceUid, files, bright };
}

function slice(name: string, n: number, position: Vec3, { iDirection, jDirection, pixelMm }: SeriesPlan, pixels: Uint16Array): Uint8Array {
  return part10({
    SOPClassUID: [SOP_CLASS.CTImageStorage],
    SOPInstanceUID: [uidFromName(`made instance ${name} ${n}`)],
    StudyInstanceUID: [uidFromName('made study')],
    SeriesInstanceUID: [uidFromName(`made series ${name}`)],
    FrameOfReferenceUID: [uidFromName('made frame')],
    PatientID: ['MADE'],
    Modality: ['CT'],
    Manufacturer: ['Made up'],
    SeriesNumber: ['1'],
    InstanceNumber: [String(n + 1)],
    AcquisitionNumber: ['1'],
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    ImagePositionPatient: position.map(decimal),
    ImageOrientationPatient: [...iDirection, ...jDirection].map(decimal),
    PixelSpacing: [decimal(pixelMm[1]), decimal(pixelMm[0])],
    SliceThickness: ['1'],
    SamplesPerPixel: [1],
    PhotometricInterpretation: ['MONOCHROME2'],
    Rows: [ROWS],
    Columns: [COLUMNS],
    BitsAllocated: [16],
    BitsStored: [12],
    HighBit: [11],
    PixelRepresentation: [0],
    RescaleIntercept: ['0'],
    RescaleSlope: ['1'],
    PixelData: new Uint8Array(pixels.buffer),
  });
}

/** About every seventh voxel, without any symmetry. */
function scattered(i: number, j: number, k: number): boolean {
  let hash = Math.imul(i + 1, 374_761_393) ^ Math.imul(j + 1, 668_265_263) ^ Math.imul(k + 1, 2_147_483_629);
  hash = Math.imul(hash ^ (hash >>> 13), 1_274_126_177);
  return ((hash ^ (hash >>> 16)) >>> 0) % 7 === 0;
}

function add(a: Vec3, direction: Vec3, factor: number): Vec3 {
  return [a[0] + direction[0] * factor, a[1] + direction[1] * factor, a[2] + direction[2] * factor];
}

/** A DS of at most 16 characters. */
function decimal(value: number): string {
  return String(Number(value.toFixed(12))).slice(0, 16);
}
