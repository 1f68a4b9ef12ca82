/**
 * A cohort of drawn lungs in which it is known how good each model is: every mask has as many voxels as the truth, and shares with it the part that
 * its Dice says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { normalRandom } from '../../src/dicom/phantom/random.js';
import type { SegmentMask } from '../../src/dicom/seg/mask.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { madeUpHeader, madeUpSource, segInput, segmentOf } from './seg.js';

const SIDE = 64;
/** Voxels of one lung, on one slice: a step of Dice is 1 / 960. */
const LUNG_VOXELS = 960;
const SD = 0.02;

export interface PlantedModel {
  readonly name: string;
  /** Mean Dice of the right lung. */
  readonly dice: number;
  /** What it draws. */
  readonly draws: 'sides' | 'lobes' | 'lung';
  /** Cases of which it has no result. */
  readonly failsOn: readonly number[];
}

export interface PlantedCohort {
  readonly size: number;
  readonly models: readonly PlantedModel[];
  /** By how much the Dice of the left lung is lower. */
  readonly leftDeficit: number;
  /** Correlation of every Dice with age. */
  readonly ageCorrelation: number;
  readonly seed: number;
}

/** Writes `cohort.yaml`, `clinical.csv`, `truth/` and a folder for each model. */
export function drawCohort(folder: string, { size, models, leftDeficit, ageCorrelation, seed }: PlantedCohort): void {
  const random = normalRandom(seed);
  for (const name of ['truth', ...models.map((model) => model.name)]) mkdirSync(join(folder, name));
  const rest = Math.sqrt(1 - ageCorrelation ** 2);
  const ages: string[] = [];
  const cases = Array.from({ length: size }, (_, n) => {
    const name = `case-${String(n + 1).padStart(3, '0')}`;
    const old = random();
    ages.push(`${patientId(n)},${(65 + 10 * old).toFixed(1)},7`);
    const store = (into: string, drawn: Readonly<Record<string, Uint8Array>>) =>
      writeFileSync(join(folder, into, `${name}.dcm`), segOf(n, drawn));
    store('truth', { LEFT_LUNG: lung('left', 1), RIGHT_LUNG: lung('right', 1) });
    for (const model of models) {
      const dice = (mean: number) => mean + SD * (ageCorrelation * old + rest * random());
      const [left, right] = [lung('left', dice(model.dice - leftDeficit)), lung('right', dice(model.dice))];
      if (!model.failsOn.includes(n)) store(model.name, drawnBy(model, left, right));
    }
    return { name, study: studyUid(n) };
  });
  writeFileSync(join(folder, 'clinical.csv'), ['PatientID,age,constant', ...ages, ''].join('\n'));
  writeFileSync(join(folder, 'cohort.yaml'), stringify({ clinical: 'clinical.csv', cases }));
}

/** All of one length, so that one object becomes another by overwriting it. */
function patientId(n: number): string {
  return `P${String(n + 1).padStart(3, '0')}`;
}

function studyUid(n: number): string {
  return `1.2.3.4.10.1${String(n + 1).padStart(3, '0')}`;
}

const templates = new Map<string, Buffer>();

/** An object of these structures with one frame for each: written once, then only patient, study and voxels are others. */
function segOf(n: number, drawn: Readonly<Record<string, Uint8Array>>): Buffer {
  const structures = Object.keys(drawn);
  const template = templates.get(structures.join()) ?? writtenOnce(structures);
  templates.set(structures.join(), template);
  const file = Buffer.from(template);
  overwrite(file, patientId(0), patientId(n));
  overwrite(file, studyUid(0), studyUid(n));
  const frames = Buffer.concat(Object.values(drawn).map(packed));
  frames.copy(file, file.length - frames.length);
  return file;
}

function writtenOnce(structures: readonly string[]): Buffer {
  const header = {
    ...madeUpHeader(),
    '00100020': { vr: 'LO', Value: [patientId(0)] },
    '0020000D': { vr: 'UI', Value: [studyUid(0)] },
  };
  const source = madeUpSource({ rows: SIDE, columns: SIDE, slices: 1, spacingMm: [1, 1, 3], header });
  const full: SegmentMask = { slices: [0], slice: () => new Uint8Array(SIDE * SIDE).fill(1) };
  return Buffer.from(
    writeSeg(
      segInput(
        source,
        structures.map((id) => segmentOf(id, full)),
      ),
    ).bytes,
  );
}

function overwrite(file: Buffer, before: string, after: string): void {
  for (let at = file.indexOf(before); at >= 0; at = file.indexOf(before, at + 1)) file.write(after, at, 'latin1');
}

/** One bit for each voxel, the first the lowest (PS3.5 8.1.1). */
function packed(voxels: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(voxels.length / 8);
  voxels.forEach((voxel, at) => (bytes[at >> 3] |= voxel << (at & 7)));
  return bytes;
}

/** The truth's voxels but the first ones, and as many beyond its end. Filled by rows: in jest's realm each look at a global takes its time. */
function lung(side: 'left' | 'right', dice: number): Uint8Array {
  const moved = Math.round((1 - Math.min(1, dice)) * LUNG_VOXELS);
  const columns = SIDE / 2;
  const voxels = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row * columns < moved + LUNG_VOXELS; row++) {
    const begin = row * SIDE + (side === 'left' ? columns : 0);
    const from = Math.max(0, moved - row * columns);
    if (from < columns) voxels.fill(1, begin + from, begin + Math.min(columns, moved + LUNG_VOXELS - row * columns));
  }
  return voxels;
}

function drawnBy({ draws }: PlantedModel, left: Uint8Array, right: Uint8Array): Record<string, Uint8Array> {
  if (draws === 'sides') return { LEFT_LUNG: left, RIGHT_LUNG: right };
  if (draws === 'lung') return { LUNG: both(left, right) };
  return {
    LEFT_UPPER_LUNG_LOBE: rowsOf(left, 0, 15),
    LEFT_LOWER_LUNG_LOBE: rowsOf(left, 15, SIDE),
    RIGHT_UPPER_LUNG_LOBE: rowsOf(right, 0, 10),
    RIGHT_MIDDLE_LUNG_LOBE: rowsOf(right, 10, 20),
    RIGHT_LOWER_LUNG_LOBE: rowsOf(right, 20, SIDE),
  };
}

function both(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((voxel, at) => voxel | right[at]);
}

function rowsOf(voxels: Uint8Array, from: number, to: number): Uint8Array {
  const rows = new Uint8Array(voxels.length);
  rows.set(voxels.subarray(from * SIDE, to * SIDE), from * SIDE);
  return rows;
}
