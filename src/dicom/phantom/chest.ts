/** A chest CT that was never taken: a synthetic patient as a real DICOM series, with the truth about its lungs. */
import { uidFromName } from '../../foundation/ids.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { encodeDataSet, fileMeta } from '../element/write.js';
import { tagKey } from '../element/dictionary.js';
import { TAG } from '../element/tags.js';
import { voxelToPatient } from '../geometry/grid.js';
import type { Grid, LabelMap, Vec3, Volume } from '../geometry/grid.js';
import { headerOf } from '../compose.js';
import { paintAnatomy } from './anatomy.js';

export interface ChestPhantomOptions {
  /** Size of the images and their number; by default as many as cover the chest. */
  readonly columns?: number;
  readonly rows?: number;
  readonly slices?: number;
  /** Distance of voxel centres along columns i, rows j and slices k. */
  readonly spacingMm?: Vec3;
  /** `axial-flipped` runs from the patient's left to the right along a row, as an image seen in a mirror. */
  readonly orientation?: 'axial' | 'axial-flipped' | 'sagittal';
  /** Files and InstanceNumbers run against the normal of the slices. */
  readonly reversed?: boolean;
  readonly touchingLungs?: boolean;
  readonly noiseHu?: number;
  /** The same name gives the same UIDs and the same noise. */
  readonly name?: string;
  readonly studyDate?: string;
}

export interface ChestPhantom {
  readonly volume: Volume;
  /** 1 right lung, 2 left lung (the patient's), vessels included, trachea and main bronchi not. */
  readonly truth: LabelMap;
  /** The series as CT Image Storage in Explicit VR Little Endian, in the order in which a scanner would number it. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** What the chest fills along patient x, y and z. */
const CHEST_MM: Vec3 = [384, 312, 300];

interface PatientAxis {
  readonly patient: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/** Where i, j and k run: to the left (0), the back (1) or the head (2), or the other way. */
const ORIENTATIONS = {
  axial: [
    { patient: 0, sign: 1 },
    { patient: 1, sign: 1 },
    { patient: 2, sign: 1 },
  ],
  'axial-flipped': [
    { patient: 0, sign: -1 },
    { patient: 1, sign: 1 },
    { patient: 2, sign: -1 },
  ],
  sagittal: [
    { patient: 1, sign: 1 },
    { patient: 2, sign: -1 },
    { patient: 0, sign: -1 },
  ],
} as const satisfies Record<string, readonly [PatientAxis, PatientAxis, PatientAxis]>;

type Defined = Required<Omit<ChestPhantomOptions, 'columns' | 'rows' | 'slices'>>;

/** Makes the phantom; the same options give the same bytes. */
export function chestPhantom(options: ChestPhantomOptions = {}): ChestPhantom {
  const defined: Defined = {
    orientation: 'axial',
    spacingMm: options.orientation === 'sagittal' ? [1.5, 1.5, 4] : [1.5, 1.5, 5],
    reversed: false,
    touchingLungs: false,
    noiseHu: 12,
    name: 'chest phantom',
    studyDate: '20260102',
    ...options,
  };
  const axes = ORIENTATIONS[defined.orientation];
  const grid = gridOf(options, defined);
  const anatomy = paintAnatomy(
    { size: inPatientOrder(axes, [grid.columns, grid.rows, grid.slices]), spacingMm: inPatientOrder(axes, grid.spacingMm) },
    { touchingLungs: defined.touchingLungs, noiseHu: defined.noiseHu, seed: Number.parseInt(uidFromName(defined.name).slice(-9), 10) },
  );
  const voxels = alongAxes(anatomy.hu, grid, axes);
  const slices = Array.from({ length: grid.slices }, (_, k) => ({
    sopClassUid: SOP_CLASS.CTImageStorage,
    sopInstanceUid: uidFromName(`${defined.name}/${defined.orientation}/instance ${k}`),
    imagePosition: voxelToPatient(grid, 0, 0, k).map(decimal) as [string, string, string],
  }));
  const volume = { grid, slices, voxels };
  return { volume, truth: { grid, labels: alongAxes(anatomy.lungs, grid, axes) }, files: filesOf(volume, defined) };
}

function gridOf(options: ChestPhantomOptions, { orientation, spacingMm, name }: Defined): Grid {
  const axes = ORIENTATIONS[orientation];
  const [columns, rows, slices] = axes.map(({ patient }, n) => Math.round(CHEST_MM[patient] / spacingMm[n])) as [number, number, number];
  const size: Vec3 = [options.columns ?? columns, options.rows ?? rows, options.slices ?? slices];
  const direction = ({ patient, sign }: PatientAxis): Vec3 => [
    patient === 0 ? sign : 0,
    patient === 1 ? sign : 0,
    patient === 2 ? sign : 0,
  ];
  const originMm: [number, number, number] = [0, 0, 0];
  axes.forEach(({ patient, sign }, n) => {
    const half = ((size[n] - 1) / 2) * spacingMm[n];
    originMm[patient] = -sign * half - (patient === 2 ? 150 : 0);
  });
  return {
    columns: size[0],
    rows: size[1],
    slices: size[2],
    originMm,
    spacingMm,
    iDirection: direction(axes[0]),
    jDirection: direction(axes[1]),
    kDirection: direction(axes[2]),
    frameOfReferenceUid: uidFromName(`${name}/frame of reference`),
  };
}

/** Values along i, j, k as values along patient x, y, z. */
function inPatientOrder(axes: readonly PatientAxis[], values: Vec3): Vec3 {
  return ([0, 1, 2] as const).map((patient) => values[axes.findIndex((axis) => axis.patient === patient)]) as unknown as Vec3;
}

/** An array in patient axes as one in the grid's. */
function alongAxes<T extends Int16Array | Uint8Array>(from: T, grid: Grid, axes: readonly [PatientAxis, PatientAxis, PatientAxis]): T {
  const sizes: Vec3 = [grid.columns, grid.rows, grid.slices];
  const [x, y] = inPatientOrder(axes, sizes);
  const strides = [1, x, x * y] as const;
  const step = axes.map(({ patient, sign }) => sign * strides[patient]);
  const first = axes.reduce((sum, { sign }, n) => sum + (sign < 0 ? -step[n] * (sizes[n] - 1) : 0), 0);
  const to = new (from.constructor as new (length: number) => T)(from.length);
  for (let k = 0, p = 0; k < grid.slices; k++) {
    for (let j = 0; j < grid.rows; j++)
      for (let i = 0; i < grid.columns; i++, p++) to[p] = from[first + i * step[0] + j * step[1] + k * step[2]];
  }
  return to;
}

/** A DS value of at most 16 characters. */
function decimal(value: number): string {
  return String(Number(value.toFixed(6)));
}

function filesOf(volume: Volume, options: Defined): ChestPhantom['files'] {
  const order = volume.slices.map((_, k) => k);
  if (options.reversed) order.reverse();
  return order.map((k, n) => ({ name: `CT${String(n + 1).padStart(4, '0')}.dcm`, bytes: fileOf(volume, options, k, n + 1) }));
}

/** One slice as CT Image Storage (PS3.3 A.3). Stored values are HU + 1024. */
function fileOf(
  { grid, slices, voxels }: Volume,
  { name, studyDate, orientation }: Defined,
  k: number,
  instanceNumber: number,
): Uint8Array {
  const slice = slices[k];
  const size = grid.columns * grid.rows;
  const stored = Uint16Array.from(voxels.subarray(k * size, (k + 1) * size), (hu) => Math.max(0, hu + 1024));
  const header = headerOf({
    ImageType: ['ORIGINAL', 'PRIMARY', orientation === 'sagittal' ? 'SAGITTAL' : 'AXIAL'],
    SOPClassUID: slice.sopClassUid,
    SOPInstanceUID: slice.sopInstanceUid,
    StudyDate: studyDate,
    SeriesDate: studyDate,
    AcquisitionDate: studyDate,
    ContentDate: studyDate,
    StudyTime: '120000',
    SeriesTime: '120000',
    AcquisitionTime: '120000',
    ContentTime: '120000',
    AccessionNumber: 'PHANTOM1',
    Modality: 'CT',
    Manufacturer: 'Anteroom',
    ManufacturerModelName: 'Chest phantom',
    InstitutionName: 'No hospital',
    ReferringPhysicianName: [],
    StudyDescription: 'Chest CT (synthetic)',
    SeriesDescription: `Chest ${decimal(grid.spacingMm[2])} mm`,
    PatientName: 'Phantom^Chest',
    PatientID: 'PHANTOM-CHEST',
    PatientBirthDate: '19700101',
    PatientSex: 'O',
    PatientIdentityRemoved: 'YES',
    DeidentificationMethod: 'Synthetic: there is no patient',
    BodyPartExamined: 'CHEST',
    SliceThickness: decimal(grid.spacingMm[2]),
    KVP: '120',
    ConvolutionKernel: 'SOFT',
    PatientPosition: 'HFS',
    StudyInstanceUID: uidFromName(`${name}/study`),
    SeriesInstanceUID: uidFromName(`${name}/series ${orientation}`),
    StudyID: '1',
    SeriesNumber: 1,
    AcquisitionNumber: 1,
    InstanceNumber: instanceNumber,
    ImagePositionPatient: slice.imagePosition,
    ImageOrientationPatient: [...grid.iDirection, ...grid.jDirection].map(decimal),
    FrameOfReferenceUID: grid.frameOfReferenceUid,
    PositionReferenceIndicator: [],
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: grid.rows,
    Columns: grid.columns,
    PixelSpacing: [decimal(grid.spacingMm[1]), decimal(grid.spacingMm[0])],
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    WindowCenter: '40',
    WindowWidth: '400',
    RescaleIntercept: '-1024',
    RescaleSlope: '1',
    RescaleType: 'HU',
  });
  const pixels = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const dataSet = encodeDataSet({ ...header, [tagKey(TAG.PixelData)]: { vr: 'OW', bytes: pixels } });
  const meta = fileMeta({
    sopClassUid: slice.sopClassUid,
    sopInstanceUid: slice.sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian,
  });
  return Buffer.concat([meta, dataSet]);
}
