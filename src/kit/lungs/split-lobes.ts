/**
 * Five lobes out of two lungs by geometry alone: an approximation for trying things out, not anatomy, not for clinical use.
 *
 * A plane that falls from the back to the front cuts each lung, as the oblique fissure does; a level plane cuts what lies above it on the
 * right, as the horizontal fissure does. Each plane lies where the lobes get about the share of a lung that lobes have. The fissures
 * themselves are not looked for, so that the volumes of these lobes say nothing about a patient.
 */
import type { Grid, LabelMap, Vec3 } from '../../dicom/geometry/grid.js';
import { valuesIn } from '../../dicom/seg/mask.js';
import { dot } from '../../dicom/geometry/vector.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import { boxAround, cut, paintBox } from '../../dicom/voxels/region.js';
import type { Box } from '../../dicom/voxels/region.js';
import { bySize, labelComponents, paintComponents } from '../voxels/components.js';
import { floodFromSeeds } from '../voxels/flood.js';

/** The label of each lobe. */
export const LOBE = { rightUpper: 1, rightMiddle: 2, rightLower: 3, leftUpper: 4, leftLower: 5 } as const;

/** What the lower lobe has of a lung, and what the middle lobe has of the rest of the right one. */
const LOWER_SHARE = 0.48;
const MIDDLE_SHARE = 0.32;
/** How far the oblique plane falls over the depth of a lung, as a share of its height. */
const FALL = 0.85;

const BACK: Vec3 = [0, 1, 0];
const UP: Vec3 = [0, 0, 1];
const BINS = 4096;

const FREE = 0;
const FORBIDDEN = 255;

/**
 * Cuts each lung into its lobes, every voxel of it into exactly one. A lobe is one piece where its lung is one.
 * @param lungs a label map in which `right` and `left` are the patient's lungs; other labels are left out
 */
export function splitLobes(lungs: LabelMap, { right, left }: { readonly right: number; readonly left: number }): LabelMap {
  const { grid } = lungs;
  const labels = new Uint8Array(lungs.labels.length);
  const lobesOf: [number, Lobes][] = [
    [right, { upper: LOBE.rightUpper, middle: LOBE.rightMiddle, lower: LOBE.rightLower }],
    [left, { upper: LOBE.leftUpper, lower: LOBE.leftLower }],
  ];
  for (const [lung, lobes] of lobesOf) {
    const mask = maskOf(lungs.labels, lung);
    const box = boxAround(mask, grid, [0, 0, 0]);
    if (box === undefined) continue;
    const part = new Part(cut(mask, grid, box), box, grid);
    const pieces = joinIslands(cutLung(part, lobes), part);
    for (const lobe of valuesIn(pieces)) paintBox(labels, grid, box, maskOf(pieces, lobe), lobe);
  }
  return { grid, labels };
}

function maskOf(labels: Uint8Array | Uint16Array, value: number): Mask {
  const mask = new Uint8Array(labels.length);
  for (let p = 0; p < labels.length; p++) if (labels[p] === value) mask[p] = 1;
  return mask;
}

/** A mask in a box of the grid, along directions of the patient. */
class Part {
  constructor(
    readonly mask: Mask,
    readonly box: Box,
    readonly grid: Grid,
  ) {}

  /** Calls with each voxel of the mask and how far along the direction it is, from where the box begins, in units of 1 mm times its length. */
  forEach(direction: Vec3, visit: (p: number, along: number) => void): void {
    const { iDirection, jDirection, kDirection, spacingMm } = this.grid;
    const [di, dj, dk] = [iDirection, jDirection, kDirection].map((axis, n) => dot(axis, direction) * spacingMm[n]);
    const { columns, rows, slices } = this.box;
    for (let k = 0, p = 0; k < slices; k++)
      for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++, p++) if (this.mask[p] !== 0) visit(p, i * di + j * dj + k * dk);
  }

  range(direction: Vec3): { readonly least: number; readonly length: number; readonly voxels: number } {
    let [least, most, voxels] = [Infinity, -Infinity, 0] as [number, number, number];
    this.forEach(direction, (_, along) => {
      least = Math.min(least, along);
      most = Math.max(most, along);
      voxels++;
    });
    return { least, length: Math.max(most - least, Number.EPSILON), voxels };
  }

  /** The given share of its voxels that lie lowest along the direction. */
  lowest(direction: Vec3, share: number): Mask {
    const { least, length, voxels } = this.range(direction);
    const binOf = (along: number) => Math.min(BINS - 1, Math.floor(((along - least) / length) * BINS));
    const histogram = new Float64Array(BINS);
    this.forEach(direction, (_, along) => histogram[binOf(along)]++);
    let last = 0;
    for (let below = histogram[0]; below + histogram[last + 1] <= share * voxels; last++) below += histogram[last + 1];
    const lowest = new Uint8Array(this.mask.length);
    this.forEach(direction, (p, along) => {
      if (binOf(along) <= last) lowest[p] = 1;
    });
    return lowest;
  }
}

interface Lobes {
  readonly upper: number;
  readonly middle?: number;
  readonly lower: number;
}

/** The lobe of each voxel by the planes. */
function cutLung(lung: Part, { upper, middle, lower }: Lobes): Uint8Array {
  const labels = lung.mask.map((set) => set * upper);
  const [heightMm, depthMm] = [lung.range(UP).length, lung.range(BACK).length];
  const below = lung.lowest([0, -FALL / depthMm, 1 / heightMm], LOWER_SHARE);
  paint(labels, below, lower);
  if (middle === undefined) return labels;
  const above = new Part(
    lung.mask.map((set, p) => set & (1 - below[p])),
    lung.box,
    lung.grid,
  );
  paint(labels, above.lowest(UP, MIDDLE_SHARE), middle);
  return labels;
}

function paint(labels: Uint8Array, mask: Mask, value: number): void {
  for (let p = 0; p < labels.length; p++) if (mask[p] !== 0) labels[p] = value;
}

/** What a plane cuts off from the rest of its lobe becomes part of the lobe that it touches. */
function joinIslands(labels: Uint8Array, { box, grid }: Part): Uint8Array {
  const joined = labels.map((label) => (label === 0 ? FORBIDDEN : FREE));
  for (const lobe of valuesIn(labels)) {
    const components = labelComponents(maskOf(labels, lobe), box, 'volume');
    const [largest] = bySize(components);
    paintComponents(joined, components, (component) => component === largest, lobe);
  }
  floodFromSeeds(joined, new Uint8Array(labels.length).fill(1), box, grid.spacingMm);
  // pieces that touch no lobe stay what the planes made of them
  return joined.map((label, p) => (label === FORBIDDEN ? 0 : label === FREE ? labels[p] : label));
}
