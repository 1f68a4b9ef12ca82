/** Made-up and real source series, spheres to segment in them, and pydicom to read the result. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseInstance } from '../../src/dicom/element/parse.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import type { Grid, LabelMap, Vec3 } from '../../src/dicom/geometry/grid.js';
import { voxelToPatient } from '../../src/dicom/geometry/grid.js';
import type { Header } from '../../src/dicom/header.js';
import type { SegInput, SegSource, SegmentInput } from '../../src/dicom/seg/input.js';
import type { SegmentMask } from '../../src/dicom/seg/mask.js';
import { meaningOf, structureById } from '../../src/dicom/structures/table.js';

export const PYTHON = '/usr/bin/python3';

export interface MadeUpOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly slices?: number;
  readonly iDirection?: Vec3;
  readonly jDirection?: Vec3;
  readonly spacingMm?: Vec3;
  readonly header?: Header;
}

/** A CT series that no scanner made. */
export function madeUpSource(options: MadeUpOptions = {}): SegSource {
  const iDirection = options.iDirection ?? [1, 0, 0];
  const jDirection = options.jDirection ?? [0, 1, 0];
  const grid: Grid = {
    columns: options.columns ?? 24,
    rows: options.rows ?? 16,
    slices: options.slices ?? 10,
    originMm: [-103.25, -87.5, 12.125],
    iDirection,
    jDirection,
    kDirection: cross(iDirection, jDirection),
    spacingMm: options.spacingMm ?? [0.75, 1.5, 2.5],
    frameOfReferenceUid: '1.2.3.4.99',
  };
  return {
    header: options.header ?? madeUpHeader(),
    seriesInstanceUid: '1.2.3.4.20',
    grid,
    slices: Array.from({ length: grid.slices }, (_, k) => ({
      sopClassUid: SOP_CLASS.CTImageStorage,
      sopInstanceUid: `1.2.3.4.20.${k + 1}`,
      imagePosition: voxelToPatient(grid, 0, 0, k).map((mm) => mm.toFixed(6)) as unknown as [string, string, string],
    })),
    imageOrientation: [...iDirection, ...jDirection].map((value) => String(Number(value.toFixed(12)))),
    pixelSpacing: [String(grid.spacingMm[1]), String(grid.spacingMm[0])],
    sliceThickness: '3',
  };
}

export function madeUpHeader(): Header {
  return {
    '00080020': { vr: 'DA', Value: ['20260102'] },
    '00080030': { vr: 'TM', Value: ['101112'] },
    '00080050': { vr: 'SH', Value: ['ACC1'] },
    '00080051': { vr: 'SQ', Value: [{ '00400031': { vr: 'UT', Value: ['HOSPITAL'] } }] },
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Jürgen', Ideographic: '山田^太郎' }] },
    '00100020': { vr: 'LO', Value: ['PAT-1'] },
    '00100021': { vr: 'LO', Value: ['ISSUER'] },
    '00180015': { vr: 'CS', Value: ['CHEST'] },
    '0020000D': { vr: 'UI', Value: ['1.2.3.4.10'] },
    '0020000E': { vr: 'UI', Value: ['1.2.3.4.20'] },
  };
}

/** All files of a folder of single-frame instances, read and sorted along the normal. */
export function sourceOfFolder(folder: string): SegSource {
  const instances = readdirSync(folder).map((file) => {
    const { dataset } = parseInstance(readFileSync(join(folder, file)), { stopAtPixelData: true });
    return { dataset, position: dataset.numbers(TAG.ImagePositionPatient) };
  });
  const first = instances[0].dataset;
  const orientation = first.numbers(TAG.ImageOrientationPatient);
  const iDirection = orientation.slice(0, 3) as unknown as Vec3;
  const jDirection = orientation.slice(3) as unknown as Vec3;
  const kDirection = cross(iDirection, jDirection);
  const along = (position: readonly number[]) => position.reduce((sum, mm, axis) => sum + mm * kDirection[axis], 0);
  instances.sort((a, b) => along(a.position) - along(b.position));
  const [rowSpacing, columnSpacing] = first.numbers(TAG.PixelSpacing) as [number, number];
  const last = instances.length - 1;
  return {
    header: toHeader(first),
    seriesInstanceUid: first.uid(TAG.SeriesInstanceUID)!,
    grid: {
      columns: first.number(TAG.Columns)!,
      rows: first.number(TAG.Rows)!,
      slices: instances.length,
      originMm: instances[0].position as unknown as Vec3,
      iDirection,
      jDirection,
      kDirection,
      spacingMm: [columnSpacing, rowSpacing, (along(instances[last].position) - along(instances[0].position)) / last],
      frameOfReferenceUid: first.uid(TAG.FrameOfReferenceUID)!,
    },
    slices: instances.map(({ dataset }) => ({
      sopClassUid: dataset.uid(TAG.SOPClassUID)!,
      sopInstanceUid: dataset.uid(TAG.SOPInstanceUID)!,
      imagePosition: dataset.texts(TAG.ImagePositionPatient) as unknown as [string, string, string],
    })),
    imageOrientation: first.texts(TAG.ImageOrientationPatient),
    pixelSpacing: first.texts(TAG.PixelSpacing),
    sliceThickness: first.text(TAG.SliceThickness),
  };
}

function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** An ellipsoid that is no mirror image of itself in any axis: its centre lies off the middle. `radius` is a part of each extent. */
export function ellipsoid(grid: Grid, centre: Vec3, radius: number): SegmentMask {
  const inside = (n: number, extent: number, at: number) => ((n - at * extent) / (radius * extent)) ** 2;
  const slice = (k: number) => {
    const mask = new Uint8Array(grid.rows * grid.columns);
    for (let j = 0, n = 0; j < grid.rows; j++) {
      for (let i = 0; i < grid.columns; i++, n++) {
        if (inside(i, grid.columns, centre[0]) + inside(j, grid.rows, centre[1]) + inside(k, grid.slices, centre[2]) <= 1) mask[n] = 1;
      }
    }
    return mask;
  };
  return { slices: Array.from({ length: grid.slices }, (_, k) => k).filter((k) => slice(k).includes(1)), slice };
}

/** Labels 1..N of ellipsoids on a grid; a later one covers an earlier one. */
export function labelMapOf(grid: Grid, masks: readonly SegmentMask[]): LabelMap {
  const labels = new Uint8Array(grid.rows * grid.columns * grid.slices);
  masks.forEach((mask, index) => {
    for (const k of mask.slices) {
      mask.slice(k).forEach((voxel, n) => {
        if (voxel) labels[k * grid.rows * grid.columns + n] = index + 1;
      });
    }
  });
  return { grid, labels };
}

export function segmentOf(structureId: string, mask: SegmentMask): SegmentInput {
  const structure = structureById(structureId)!;
  return {
    label: structure.name,
    meaning: meaningOf(structure),
    algorithm: { type: 'AUTOMATIC', name: 'lungs', version: '1.0.0' },
    tracking: { id: structure.id, uid: `1.2.3.4.50.${structure.id.length}.${structure.type.value.replaceAll(/\D/g, '')}` },
    colour: structure.colour,
    mask,
  };
}

export function segInput(source: SegSource, segments: readonly SegmentInput[]): SegInput {
  return {
    source,
    segments,
    identity: {
      sopInstanceUid: '1.2.3.4.77.1',
      seriesInstanceUid: '1.2.3.4.77',
      seriesNumber: 901,
      contentDate: '20261123',
      contentTime: '101500',
      seriesDescription: 'lungs 1.0.0',
    },
    provenance: {
      equipment: { manufacturer: 'Anteroom', modelName: 'Anteroom', deviceSerialNumber: 'node-1', softwareVersions: ['0.1.0'] },
      contributors: [
        {
          purpose: { value: '109102', scheme: 'DCM', meaning: 'Processing Equipment' },
          manufacturer: 'Anteroom',
          modelName: 'lungs',
          softwareVersions: ['1.0.0'],
          deviceUid: '2.25.1234567890',
          description: 'rule chest-lungs, revision 1',
        },
      ],
    },
  };
}

export interface PydicomSeg {
  readonly rows: number;
  readonly columns: number;
  readonly frames: readonly {
    readonly frame: number;
    readonly segment: number;
    readonly position: readonly string[] | null;
    readonly voxels: number;
    readonly sha256: string;
  }[];
}

/** What pydicom reads from segmentation files. */
export function readWithPydicom(...paths: string[]): PydicomSeg[] {
  const script = fileURLToPath(new URL('seg_frames.py', import.meta.url));
  const output = execFileSync(PYTHON, ['-W', 'ignore', script, ...paths], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PydicomSeg);
}

/** The errors that dciodvfy names, each once. */
export function dciodvfyErrors(path: string): string[] {
  const { stderr, error } = spawnSync('dciodvfy', [path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw error;
  return [...new Set(stderr.split('\n').filter((line) => line.startsWith('Error')))];
}
