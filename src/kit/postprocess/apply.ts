/** Post-processing steps on one structure's mask, within the part of the volume where the structure is. */
import type { Grid, Volume } from '../../dicom/geometry/grid.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { bySize, labelComponents, paintComponents } from '../voxels/components.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';
import { close, dilate, erode, fillCavities, holesInSlices, reachingBorder } from '../voxels/morphology.js';
import { boxAround, cut } from '../../dicom/voxels/region.js';
import type { Box } from '../../dicom/voxels/region.js';
import type { PostprocessingStep } from './steps.js';

/** A part of a grid and the mask of one structure in it. */
export interface StructurePart {
  readonly box: Box;
  readonly mask: Mask;
}

/** Voxels around the structure that its steps may need; growing needs as much as it grows. */
export function partOf(
  labels: Uint8Array | Uint16Array,
  grid: Grid,
  value: number,
  steps: readonly PostprocessingStep[],
): StructurePart | undefined {
  const whole = new Uint8Array(labels.length);
  for (let p = 0; p < labels.length; p++) if (labels[p] === value) whole[p] = 1;
  const grownMm = steps.reduce((mm, step) => mm + radiusOf(step), 0);
  const margin = grid.spacingMm.map((mm) => Math.ceil(grownMm / mm) + 1) as [number, number, number];
  const box = boxAround(whole, grid, margin);
  return box === undefined ? undefined : { box, mask: cut(whole, grid, box) };
}

function radiusOf(step: PostprocessingStep): number {
  return (step.dilate_mm ?? step.close_mm)?.radius ?? 0;
}

/** The air of each slice that reaches its border, on the whole grid. */
export function outerAir({ voxels, grid }: Volume, below: number): Mask {
  const air = new Uint8Array(voxels.length);
  for (let p = 0; p < air.length; p++) if (voxels[p] < below) air[p] = 1;
  return reachingBorder(air, grid);
}

/**
 * The mask after one step.
 * @param airBelow gives `outerAir` of the whole grid
 */
export function applyStep({ box, mask }: StructurePart, grid: Grid, step: PostprocessingStep, airBelow: (below: number) => Mask): Mask {
  const { spacingMm } = grid;
  if (step.remove_air_at_border) return without(mask, cut(airBelow(step.remove_air_at_border.below), grid, box));
  if (step.keep_components) return keepComponents(mask, box, voxelVolumeMl(grid), step.keep_components);
  if (step.fill_holes?.in === 'volume') return fillCavities(mask, box);
  if (step.fill_holes) return united(mask, holesInSlices(mask, box, spacingMm, step.fill_holes.up_to_mm2));
  if (step.drop_below) return sumOf(mask) * voxelVolumeMl(grid) < step.drop_below.ml ? new Uint8Array(mask.length) : mask;
  if (step.dilate_mm) return dilate(mask, box, spacingMm, step.dilate_mm.radius);
  if (step.erode_mm) return erode(mask, box, spacingMm, step.erode_mm.radius);
  return step.close_mm ? close(mask, box, spacingMm, step.close_mm.radius) : mask;
}

function keepComponents(
  mask: Mask,
  extent: Extent,
  voxelMl: number,
  wanted: { readonly above_percent_of_largest: number; readonly largest?: number; readonly at_least_ml: number },
): Mask {
  const components = labelComponents(mask, extent, 'volume');
  const ordered = bySize(components);
  const above = ((components.sizes[ordered[0]] ?? 0) * wanted.above_percent_of_largest) / 100;
  const kept = new Set(
    ordered
      .filter((label) => components.sizes[label] > above && components.sizes[label] * voxelMl >= wanted.at_least_ml)
      .slice(0, wanted.largest ?? ordered.length),
  );
  const out = new Uint8Array(mask.length);
  paintComponents(out, components, (label) => kept.has(label));
  return out;
}

// Plain loops: `map` calls a function for each of a hundred million voxels.

function without(mask: Mask, other: Mask): Mask {
  const rest = mask.slice();
  for (let p = 0; p < rest.length; p++) if (other[p] !== 0) rest[p] = 0;
  return rest;
}

function united(mask: Mask, other: Mask): Mask {
  const both = mask.slice();
  for (let p = 0; p < both.length; p++) if (other[p] !== 0) both[p] = 1;
  return both;
}

/** Voxels of a mask. */
export function sumOf(mask: Mask): number {
  let sum = 0;
  for (let p = 0; p < mask.length; p++) sum += mask[p];
  return sum;
}
