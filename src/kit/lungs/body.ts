/** The body and the air inside it. */
import { labelComponents, largestComponent } from '../voxels/components.js';
import type { Components } from '../voxels/components.js';
import { holesInSlices, openInSlices } from '../voxels/morphology.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';
import type { Scan } from './scan.js';

/** What lies inside the body's outline without being its solid part: lungs, airways, bowel gas; and where air ends. */
export interface Inside {
  readonly inside: Mask;
  /** The Hounsfield value halfway between the air inside the body and its tissue. */
  readonly thresholdHu: number;
}

/** Above this a voxel is solid for certain: the threshold between air and tissue is searched below it. */
const SOLID_HU = -300;
const LOWEST_THRESHOLD_HU = -600;
const USUAL_THRESHOLD_HU = -500;
/** Thinner things than twice this (table shells, tubes, blankets) are not the body. */
const OPENING_MM = 2;

/**
 * Air that the body encloses: the body is the largest solid thing (the table is another one), what it encloses in a slice is inside, unless
 * it is mostly under or over air outside (the gap between an arm and the chest).
 */
export function findInside(scan: Scan): Inside {
  const solid = maskWhere(scan.hu, (hu) => hu > SOLID_HU);
  openInSlices(solid, scan, scan.spacingMm, OPENING_MM);
  const body = largestComponent(solid, scan);
  const inside = holesInSlices(body, scan, scan.spacingMm);
  dropPockets(inside, body, scan);
  return { inside, thresholdHu: airThreshold(scan.hu, inside, body) };
}

/** 1 where the predicate holds. */
export function maskWhere(hu: Int16Array, predicate: (hu: number) => boolean): Mask {
  const mask = new Uint8Array(hu.length);
  for (let p = 0; p < hu.length; p++) if (predicate(hu[p])) mask[p] = 1;
  return mask;
}

/** Removes holes of which more than half lies over or under the outside, from the head down and back up. */
function dropPockets(inside: Mask, body: Mask, extent: Extent): void {
  const holes = labelComponents(inside, extent, 'in-slice');
  const sliceSize = extent.columns * extent.rows;
  const order = Array.from({ length: extent.slices }, (_, k) => k);
  for (const [slices, step] of [
    [order, -1],
    [order.toReversed(), 1],
  ] as const) {
    for (const k of slices) {
      if (k + step < 0 || k + step >= extent.slices) continue;
      const dropped = pocketsOf(holes, inside, body, extent, k, step * sliceSize);
      if (dropped.size > 0) clearRuns(inside, holes, extent, k, dropped);
    }
  }
}

function pocketsOf(holes: Components, inside: Mask, body: Mask, { rows }: Extent, k: number, toNeighbour: number): Set<number> {
  const outsideVoxels = new Map<number, number>();
  for (let run = holes.rowFirst[k * rows]; run < holes.rowFirst[(k + 1) * rows]; run++) {
    let voxels = 0;
    for (let p = holes.starts[run] + toNeighbour; p < holes.ends[run] + toNeighbour; p++) if (inside[p] === 0 && body[p] === 0) voxels++;
    const label = holes.labels[run];
    outsideVoxels.set(label, (outsideVoxels.get(label) ?? 0) + voxels);
  }
  return new Set(
    Array.from(outsideVoxels)
      .filter(([label, voxels]) => voxels > holes.sizes[label] / 2)
      .map(([label]) => label),
  );
}

function clearRuns(mask: Mask, components: Components, { rows }: Extent, k: number, labels: Set<number>): void {
  for (let run = components.rowFirst[k * rows]; run < components.rowFirst[(k + 1) * rows]; run++) {
    if (labels.has(components.labels[run])) mask.fill(0, components.starts[run], components.ends[run]);
  }
}

/** The iterated midpoint of the two classes (Ridler and Calvard, 1978), kept within what lungs can have. */
function airThreshold(hu: Int16Array, inside: Mask, body: Mask): number {
  let threshold = USUAL_THRESHOLD_HU;
  for (let round = 0; round < 20; round++) {
    let airSum = 0;
    let airCount = 0;
    let tissueSum = 0;
    let tissueCount = 0;
    for (let p = 0; p < hu.length; p += 7) {
      if (inside[p] === 0 && body[p] === 0) continue;
      const value = hu[p];
      if (value < threshold) {
        airSum += value;
        airCount++;
      } else {
        tissueSum += value;
        tissueCount++;
      }
    }
    if (airCount === 0 || tissueCount === 0) return USUAL_THRESHOLD_HU;
    const next = Math.round((airSum / airCount + tissueSum / tissueCount) / 2);
    if (next === threshold) break;
    threshold = next;
  }
  return Math.max(LOWEST_THRESHOLD_HU, Math.min(SOLID_HU, threshold));
}
