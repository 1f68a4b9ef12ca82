/**
 * A chest made of ellipsoids and tubes, painted in patient axes: what a CT of it would show, and which voxels are lung.
 * Coordinates are LPS millimetres from the middle of the chest at its lowest slice; CT values are Hounsfield units.
 */
import type { Vec3 } from '../geometry/grid.js';
import { normalRandom } from './random.js';

/** What can differ from one phantom to the next. */
export interface AnatomyOptions {
  /** The lungs meet in front of the heart's vessels, parted only by a thin line that is itself mostly air. */
  readonly touchingLungs: boolean;
  readonly noiseHu: number;
  readonly seed: number;
}

/** An array in patient axes (i to the left, j to the back, k to the head), C order [k][j][i]. */
export interface PatientArray {
  readonly size: Vec3;
  readonly spacingMm: Vec3;
}

export interface Anatomy {
  readonly hu: Int16Array;
  /** 1 right lung, 2 left lung. */
  readonly lungs: Uint8Array;
}

/** Taken out of the global object once: looking them up for every voxel is slow where that is not the machine's own (test runners). */
const { abs, ceil, cos, floor, hypot, max, min, round, sin, sqrt } = Math;

const HU = {
  air: -1000,
  foam: -920,
  fat: -95,
  muscle: 45,
  blood: 40,
  liver: 60,
  fluid: 15,
  bone: 420,
  marrow: 180,
  shell: -150,
  lung: -860,
  vessel: 35,
  junction: -640,
} as const;

/** Half the width of a blurred border. */
const EDGE_MM = 0.7;
const LUNG_CENTRE_MM = 74;
const CARINA: Vec3 = [0, 14, 178];

/** Paints the chest. The same options give the same values. */
export function paintAnatomy(array: PatientArray, options: AnatomyOptions): Anatomy {
  const canvas = new Canvas(array);
  canvas.forEach((point, p) => {
    canvas.hu[p] = softTissueAt(point);
    const side = lungAt(point, options.touchingLungs);
    if (side === 0) return;
    canvas.lungs[p] = side;
    canvas.hu[p] = lungValueAt(point, options.touchingLungs);
  });
  paintVessels(canvas);
  paintBones(canvas);
  paintAirway(canvas);
  blurInSlices(canvas);
  const random = normalRandom(options.seed);
  const hu = Int16Array.from(canvas.hu, (value) => max(-1024, round(value + options.noiseHu * random())));
  return { hu, lungs: canvas.lungs };
}

/** How far out of an ellipsoid a point lies: below 1 is inside. */
function ellipsoid([x, y, z]: Vec3, [cx, cy, cz]: Vec3, [a, b, c]: Vec3): number {
  return hypot((x - cx) / a, (y - cy) / b, (z - cz) / c);
}

/** Everything but lungs, bones and airways: the body's layers, organs, bowel gas, the air around and the table. */
function softTissueAt(point: Vec3): number {
  const [x, y, z] = point;
  const narrowing = max(0, z - 262) / 40;
  const outline = ellipsoid([x, y, 0], [0, 0, 0], [168 - 70 * narrowing, 116 - 45 * narrowing, 1]);
  if (outline > 1) return tableAt(x, y);
  if (outline > 0.93) return HU.fat;
  if (ellipsoid(point, [66, -20, 40], [26, 20, 10]) < 1) return HU.air;
  if (ellipsoid(point, [24, -32, 112], [58, 46, 52]) < 1) return HU.blood;
  if (hypot(x - 24, y - 50) < 12 && z < 205) return HU.blood;
  if (ellipsoid(point, [-60, -5, 20], [80, 85, 70]) < 1) return HU.liver;
  const mediastinum = abs(x) < 45 && y > -70 && y < 60 && z > 150 && z < 250;
  return mediastinum && sin(x / 7) + cos(y / 9) + sin(z / 11) > 1.4 ? HU.fat : HU.muscle;
}

/** The table's shell and foam under the back. */
function tableAt(x: number, y: number): number {
  const depth = y - 124 + (x / 40) ** 2;
  if (abs(x) > 190 || depth < 0 || depth > 30) return HU.air;
  return depth < 2 || depth > 28 ? HU.shell : HU.foam;
}

/** 1 in the right lung, 2 in the left, 0 elsewhere. */
function lungAt(point: Vec3, touching: boolean): 0 | 1 | 2 {
  const [x, y, z] = point;
  const side = x < junctionAt(y, z) ? -1 : 1;
  const lobe = ellipsoid(point, [side * LUNG_CENTRE_MM, 4, 128], [58, 84, 142]) < 1;
  const front = ellipsoid(point, [side * 32, -52, 190], [36, 30, 45]) < 1 && (touching || abs(x - junctionAt(y, z)) > 5);
  if (!lobe && !front) return 0;
  const dome = ((x - side * LUNG_CENTRE_MM) / 66) ** 2 + (y / 95) ** 2;
  if (z < 78 - 62 * dome) return 0;
  if (ellipsoid(point, [24, -32, 112], [60, 48, 54]) < 1 || hypot(x - 24, y - 50) < 14) return 0;
  return side < 0 ? 1 : 2;
}

/** Where the line between the lungs runs: bent, and a little off the middle. */
function junctionAt(y: number, z: number): number {
  return 4 * sin(z / 18) + (y + 50) / 12;
}

/** Lung is denser towards the back. */
function lungValueAt([x, y, z]: Vec3, touching: boolean): number {
  if (touching && abs(x - junctionAt(y, z)) < 1.2) return HU.junction;
  return HU.lung + 0.35 * y;
}

/** Vessels leave the hila in all directions and get thinner. They are part of the lungs. */
function paintVessels(canvas: Canvas): void {
  for (const side of [-1, 1]) {
    const hilum: Vec3 = [side * 40, 12, 150];
    for (let n = 0; n < 34; n++) {
      const turn = n * 2.399;
      const rise = 1 - (2 * (n + 0.5)) / 34;
      const flat = sqrt(1 - rise * rise);
      const end: Vec3 = [hilum[0] + side * (35 + 45 * abs(flat * cos(turn))), hilum[1] + 75 * flat * sin(turn), hilum[2] + 105 * rise];
      canvas.tube(hilum, end, 4, 0.8, (p) => {
        if (canvas.lungs[p] !== 0) canvas.hu[p] = HU.vessel;
      });
    }
  }
}

function paintBones(canvas: Canvas): void {
  const paint = (value: number) => (p: number) => {
    if (canvas.lungs[p] === 0 && canvas.hu[p] > -300) canvas.hu[p] = value;
  };
  for (let z = 0; z < 300; z += 27) {
    canvas.tube([0, 68, z], [0, 68, z + 22], 17, 17, paint(HU.bone));
    canvas.tube([0, 68, z + 2], [0, 68, z + 20], 14, 14, paint(HU.marrow));
    canvas.tube([0, 92, z + 6], [0, 108, z], 3.5, 2.5, paint(HU.bone));
  }
  canvas.tube([0, 90, 0], [0, 90, 300], 7, 7, paint(HU.fluid));
  canvas.tube([0, -96, 90], [0, -94, 235], 7, 9, paint(HU.bone));
  for (let rib = 0; rib < 10; rib++) {
    for (const side of [-1, 1]) paintRib(canvas, side, 40 + 24 * rib, paint(HU.bone));
  }
}

/** A rib falls from the spine to the front. */
function paintRib(canvas: Canvas, side: number, atSpineMm: number, paint: (p: number) => void): void {
  const at = (angle: number): Vec3 => [side * 143 * sin(angle), 98 * cos(angle), atSpineMm - 14 * angle];
  for (let angle = 0.15; angle < 2.5; angle += 0.05) canvas.tube(at(angle), at(angle + 0.05), 4, 4, paint);
}

/** Trachea and main bronchi with their walls; they are not lung. */
function paintAirway(canvas: Canvas): void {
  const branches: [Vec3, Vec3, number][] = [
    [[0, 8, 310], CARINA, 8.5],
    [CARINA, [-36, 20, 146], 6.5],
    [CARINA, [42, 24, 142], 6],
  ];
  const paint = (value: number) => (p: number) => {
    canvas.lungs[p] = 0;
    canvas.hu[p] = value;
  };
  for (const [from, to, radius] of branches) canvas.tube(from, to, radius + 1.8, radius + 1.8, paint(HU.muscle));
  for (const [from, to, radius] of branches) canvas.tube(from, to, radius, radius, paint(HU.air));
}

/** The scanner's blur within a slice: each voxel with its four neighbours. */
function blurInSlices({ hu, size, spacingMm }: Canvas): void {
  const [columns, rows] = size;
  const sharp = hu.slice();
  const share = min(0.125, EDGE_MM / 8 / max(spacingMm[0], spacingMm[1]));
  for (let p = 0; p < hu.length; p++) {
    const i = p % columns;
    const j = floor(p / columns) % rows;
    const near = [i > 0 ? p - 1 : p, i < columns - 1 ? p + 1 : p, j > 0 ? p - columns : p, j < rows - 1 ? p + columns : p];
    hu[p] = sharp[p] * (1 - 4 * share) + share * near.reduce((sum, q) => sum + sharp[q], 0);
  }
}

/** The array with its place in space: x and y run around 0, z upwards from 0. */
class Canvas {
  readonly hu: Float32Array;
  readonly lungs: Uint8Array;
  readonly size: Vec3;
  readonly spacingMm: Vec3;

  constructor({ size, spacingMm }: PatientArray) {
    this.size = size;
    this.spacingMm = spacingMm;
    this.hu = new Float32Array(size[0] * size[1] * size[2]).fill(HU.air);
    this.lungs = new Uint8Array(this.hu.length);
  }

  forEach(visit: (point: Vec3, p: number) => void): void {
    const [columns, rows, slices] = this.size;
    for (let k = 0, p = 0; k < slices; k++) {
      for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++, p++) visit([this.at(0, i), this.at(1, j), this.at(2, k)], p);
    }
  }

  /** The coordinate of a voxel's centre. */
  at(axis: 0 | 1 | 2, index: number): number {
    const first = axis === 2 ? 0.5 : (1 - this.size[axis]) / 2;
    return (first + index) * this.spacingMm[axis];
  }

  /** Calls for every voxel whose centre lies in a tube with round ends. */
  tube(from: Vec3, to: Vec3, fromRadiusMm: number, toRadiusMm: number, paint: (p: number) => void): void {
    const radius = max(fromRadiusMm, toRadiusMm);
    const [columns, rows] = this.size;
    const near = (axis: 0 | 1 | 2) => this.#range(axis, min(from[axis], to[axis]) - radius, max(from[axis], to[axis]) + radius);
    const [is, js] = [near(0), near(1)];
    for (const k of near(2)) {
      for (const j of js) {
        for (const i of is) {
          const { distanceMm, along } = fromSegment([this.at(0, i), this.at(1, j), this.at(2, k)], from, to);
          if (distanceMm <= fromRadiusMm + along * (toRadiusMm - fromRadiusMm)) paint((k * rows + j) * columns + i);
        }
      }
    }
  }

  /** The indices whose centres lie between two coordinates. */
  #range(axis: 0 | 1 | 2, low: number, high: number): number[] {
    const origin = this.at(axis, 0);
    const first = max(0, ceil((low - origin) / this.spacingMm[axis]));
    const last = min(this.size[axis] - 1, floor((high - origin) / this.spacingMm[axis]));
    return Array.from({ length: max(0, last - first + 1) }, (_, n) => first + n);
  }
}

/** Distance from a line segment, and how far along it (0 … 1) its nearest point is. */
function fromSegment(point: Vec3, from: Vec3, to: Vec3): { distanceMm: number; along: number } {
  const [dx, dy, dz] = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const [px, py, pz] = [point[0] - from[0], point[1] - from[1], point[2] - from[2]];
  const along = max(0, min(1, (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz)));
  return { distanceMm: hypot(px - along * dx, py - along * dy, pz - along * dz), along };
}
