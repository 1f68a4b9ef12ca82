/** From where slices lie to one regular grid. Every way in which a series is no regular stack is refused by name and with figures. */
import { AnteroomError } from '../../foundation/errors.js';
import type { Grid, Vec3 } from './grid.js';
import type { SliceFacts } from './slice-facts.js';
import { cross, dot, length, minus, scaled, unit } from './vector.js';

export interface GridPlan {
  readonly grid: Grid;
  /** For each slice k of the grid, its index in the list given. */
  readonly order: readonly number[];
}

/** Where the facts that planning needs come from; everything else of `SliceFacts` is carried along elsewhere. */
export type PlaneFacts = Omit<SliceFacts, 'imagePosition' | 'rescale' | 'frameNumber'>;

/** Direction cosines that differ by less are the same: 0.06 degrees, 0.3 mm over a large field of view. */
const SAME_DIRECTION = 1e-3;
const SAME_SPACING_RATIO = 1e-4;
/** Slices nearer than this along the normal lie at the same place. */
const SAME_POSITION_MM = 0.01;
/** How far a slice may be off its place in an even stack: positions are written with few decimals. */
const PLACE_TOLERANCE_RATIO = 0.01;
const PLACE_TOLERANCE_MM = 0.05;
/** How far slices may wander in their plane over the whole stack: direction cosines and positions are rounded, and a quarter of a pixel does no harm. */
const SHEAR_TOLERANCE_MM = 0.1;
const SHEAR_TOLERANCE_PIXELS = 0.25;

/**
 * The grid of a series and the order of its slices along the normal i × j, so that the grid is never mirrored. Orientation, in-plane
 * spacing and position of voxel (0, 0, 0) are those of the first slice in that order (PS3.3 C.7.6.2.1.1).
 * @throws {AnteroomError} GEOMETRY_REFUSED for localizers, fewer than two slices, mixed frames of reference, matrices, pixel spacings or
 * orientations, several slices at one position, missing slices or uneven spacing, and tilted (sheared) stacks.
 */
export function planGrid(slices: readonly PlaneFacts[]): GridPlan {
  const [first] = slices;
  if (first === undefined) return refuse('there are no slices');
  if (slices.every((slice) => slice.isLocalizer)) refuse(`all ${slices.length} images are localizers (ImageType value 3)`);
  if (slices.length < 2) refuse('there is 1 slice: the spacing of slices is not known');
  refuseMixed(slices, first);
  const normal = normalOf(first);
  const order = slices.map((_, n) => n).sort((a, b) => along(slices, a, normal) - along(slices, b, normal));
  const distances = order.map((n) => along(slices, n, normal));
  refuseRepeated(distances);
  const spacingMm = evenSpacing(distances);
  refuseShear(
    order.map((n) => slices[n].positionMm),
    normal,
    Math.min(...first.pixelSpacingMm),
  );
  const origin = slices[order[0]];
  const [rowSpacingMm, columnSpacingMm] = origin.pixelSpacingMm;
  const grid: Grid = {
    columns: origin.columns,
    rows: origin.rows,
    slices: slices.length,
    originMm: origin.positionMm,
    iDirection: unit(origin.iDirection),
    jDirection: unit(origin.jDirection),
    kDirection: normal,
    spacingMm: [columnSpacingMm, rowSpacingMm, spacingMm],
    frameOfReferenceUid: origin.frameOfReferenceUid,
  };
  return { grid, order };
}

function along(slices: readonly PlaneFacts[], n: number, normal: Vec3): number {
  return dot(slices[n].positionMm, normal);
}

/** The normal i × j; refused where the two are no unit vectors at right angles (PS3.3 C.7.6.2.1.1). */
function normalOf({ iDirection, jDirection, sopInstanceUid }: PlaneFacts): Vec3 {
  const off = Math.max(Math.abs(length(iDirection) - 1), Math.abs(length(jDirection) - 1), Math.abs(dot(iDirection, jDirection)));
  if (!(off < 0.01)) refuse(`ImageOrientationPatient of instance ${sopInstanceUid} is not two unit vectors at right angles`);
  return unit(cross(iDirection, jDirection));
}

function refuseMixed(slices: readonly PlaneFacts[], first: PlaneFacts): void {
  const frames = new Set(slices.map((slice) => slice.frameOfReferenceUid));
  if (frames.size > 1) refuse(`${frames.size} frames of reference in one series`);
  const matrices = new Set(slices.map((slice) => `${slice.columns} × ${slice.rows}`));
  if (matrices.size > 1) refuse(`slices of different matrices: ${[...matrices].slice(0, 4).join(', ')}`);
  const orientations = distinctOrientations(slices);
  if (orientations.length > 1)
    refuse(`${orientations.length} orientations in one series: ${orientations.slice(0, 4).map(orientationText).join(' and ')}`);
  const other = slices.find((slice) =>
    slice.pixelSpacingMm.some((mm, n) => Math.abs(mm - first.pixelSpacingMm[n]) > mm * SAME_SPACING_RATIO),
  );
  if (other) refuse(`slices of different PixelSpacing: ${first.pixelSpacingMm.join('\\')} and ${other.pixelSpacingMm.join('\\')} mm`);
}

function distinctOrientations(slices: readonly PlaneFacts[]): PlaneFacts[] {
  const found: PlaneFacts[] = [];
  for (const slice of slices) if (!found.some((other) => sameOrientation(slice, other))) found.push(slice);
  return found;
}

function sameOrientation(a: PlaneFacts, b: PlaneFacts): boolean {
  const same = (one: Vec3, other: Vec3) => one.every((value, n) => Math.abs(value - other[n]) < SAME_DIRECTION);
  return same(a.iDirection, b.iDirection) && same(a.jDirection, b.jDirection);
}

function orientationText({ iDirection, jDirection }: PlaneFacts): string {
  return [...iDirection, ...jDirection].map((value) => String(Number(value.toFixed(4)))).join('\\');
}

/** Several volumes in one series (time points, echoes, b-values) have slices at the same positions. */
function refuseRepeated(distances: readonly number[]): void {
  const positions = distances.filter((mm, n) => n === 0 || mm - distances[n - 1] >= SAME_POSITION_MM);
  if (positions.length === distances.length) return;
  const times = distances.length / positions.length;
  const volumes = Number.isInteger(times) ? `${times} volumes in one series` : 'some positions more than once';
  refuse(`${distances.length} slices at ${positions.length} positions: ${volumes}`);
}

/** The spacing of an even stack; distances ascend. */
function evenSpacing(distances: readonly number[]): number {
  const gaps = distances.slice(1).map((mm, n) => mm - distances[n]);
  const median = [...gaps].sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)];
  const wide = gaps.findIndex((gap) => Math.abs(gap / median - Math.round(gap / median)) < 0.1 && Math.round(gap / median) > 1);
  if (wide >= 0) {
    const [from, to, gap] = [distances[wide], distances[wide + 1], gaps[wide]].map((mm) => mm.toFixed(2));
    refuse(
      `missing slices: between ${from} and ${to} mm along the normal the gap is ${gap} mm where slices are ${median.toFixed(2)} mm apart`,
    );
  }
  const spacing = ((distances.at(-1) as number) - distances[0]) / gaps.length;
  const tolerance = Math.max(PLACE_TOLERANCE_RATIO * spacing, PLACE_TOLERANCE_MM);
  const off = distances.map((mm, k) => Math.abs(mm - distances[0] - k * spacing));
  const worst = Math.max(...off);
  if (worst > tolerance) {
    refuse(
      `uneven spacing: gaps from ${Math.min(...gaps).toFixed(2)} to ${Math.max(...gaps).toFixed(2)} mm; the slice at ${distances[off.indexOf(worst)].toFixed(2)} mm is ${worst.toFixed(2)} mm off its place`,
    );
  }
  return spacing;
}

/** In a tilted stack the positions shear against the normal: voxel axes are not at right angles and no Grid can say so. */
function refuseShear(positions: readonly Vec3[], normal: Vec3, pixelMm: number): void {
  const [start] = positions as [Vec3];
  const offsets = positions.map((position) => {
    const way = minus(position, start);
    const distance = dot(way, normal);
    return { distance, shift: length(minus(way, scaled(normal, distance))) };
  });
  const worst = offsets.reduce((a, b) => (b.shift > a.shift ? b : a));
  if (worst.shift <= Math.max(SHEAR_TOLERANCE_MM, SHEAR_TOLERANCE_PIXELS * pixelMm)) return;
  const degrees = (Math.atan2(worst.shift, worst.distance) * 180) / Math.PI;
  refuse(
    `the stack is sheared (gantry tilt): over ${worst.distance.toFixed(1)} mm slices shift by ${worst.shift.toFixed(1)} mm in their plane, ${degrees.toFixed(1)} degrees`,
  );
}

function refuse(seen: string): never {
  throw new AnteroomError('GEOMETRY_REFUSED', seen);
}
