/** Right and left lung, apart even where they touch. */
import { bySize, labelComponents, paintComponents } from '../voxels/components.js';
import type { Components } from '../voxels/components.js';
import { squaredDistanceMm } from '../../dicom/voxels/distance.js';
import { floodFromSeeds } from '../voxels/flood.js';
import { maskWhere } from './body.js';
import { furtherThan } from '../voxels/morphology.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import type { Scan } from './scan.js';

export const RIGHT = 1;
export const LEFT = 2;

/** How the lungs came apart. */
export interface Separation {
  /** RIGHT, LEFT or 0 per voxel. */
  readonly labels: Uint8Array;
  /** True where the air of both lungs was joined and had to be cut. */
  readonly touching: boolean;
}

const FREE = 0;
const FORBIDDEN = 255;
/** Tried in this order until the air falls into two lungs: darker air first, then each time further from its border. */
const DARKEST_SHARES = [1, 0.75, 0.5] as const;
const EROSIONS_MM = [0, 2, 4, 6, 8, 10, 12] as const;
/** Two seeds are two lungs where the smaller is no smaller than this share of the larger … */
const SMALLER_SHARE = 0.08;
/** … their centres lie so far apart … */
const CENTRES_APART_MM = 50;
/** … and each has this share of its voxels on its own side of the plane halfway between. */
const OWN_SIDE_SHARE = 0.85;

const DARK_HU = -950;
const BRIGHT_HU = -450;

/**
 * Seeds are the two lungs of the air when it is thinned until it falls apart: first by lowering the threshold (the junction lines
 * between the lungs are brighter than lung), then by eroding. The seeds then grow back over all air and meet where the way is brightest.
 * @param scan of the region, and `air`: the air of both lungs without the airway
 * @returns undefined where there are no two lungs
 */
export function separateLungs(scan: Scan, air: Mask): Separation | undefined {
  const cutoffs = huShares(scan, air);
  for (const [step, share] of DARKEST_SHARES.entries()) {
    const dark = share === 1 ? air : maskWhere(scan.hu, (hu) => hu < cutoffs[step]).map((set, p) => set & air[p]);
    const depth = squaredDistanceMm(dark, scan, scan.spacingMm, 0);
    for (const erosionMm of EROSIONS_MM) {
      const core = erosionMm === 0 ? dark : furtherThan(depth, erosionMm);
      const seeds = twoLungs(labelComponents(core, scan, 'volume'), scan);
      if (seeds === undefined) continue;
      return { labels: growBack(scan, air, seeds), touching: step + erosionMm > 0 };
    }
  }
  return undefined;
}

/** For each of DARKEST_SHARES the value below which that share of the air lies. */
function huShares(scan: Scan, air: Mask): number[] {
  const values: number[] = [];
  for (let p = 0; p < air.length; p += 5) if (air[p] !== 0) values.push(scan.hu[p]);
  const sorted = Int16Array.from(values).sort();
  return DARKEST_SHARES.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

interface Seeds {
  readonly components: Components;
  readonly right: number;
  readonly left: number;
}

function twoLungs(components: Components, scan: Scan): Seeds | undefined {
  const [first, second] = bySize(components);
  if (first === undefined || second === undefined) return undefined;
  if (components.sizes[second] < SMALLER_SHARE * components.sizes[first]) return undefined;
  const centre = (label: number) => meanColumn(components, label, scan.columns);
  const [right, left] = centre(first) < centre(second) ? [first, second] : [second, first];
  if ((centre(left) - centre(right)) * scan.spacingMm[0] < CENTRES_APART_MM) return undefined;
  const middle = Math.round((centre(left) + centre(right)) / 2);
  const ownSide = Math.min(shareBelow(components, right, scan.columns, middle), 1 - shareBelow(components, left, scan.columns, middle));
  return ownSide < OWN_SIDE_SHARE ? undefined : { components, right, left };
}

function meanColumn({ runCount, starts, ends, labels, sizes }: Components, label: number, columns: number): number {
  let sum = 0;
  for (let run = 0; run < runCount; run++) {
    if (labels[run] !== label) continue;
    const length = ends[run] - starts[run];
    sum += length * ((starts[run] % columns) + (length - 1) / 2);
  }
  return sum / sizes[label];
}

/** The share of a component's voxels whose column is below `middle`. */
function shareBelow({ runCount, starts, ends, labels, sizes }: Components, label: number, columns: number, middle: number): number {
  let below = 0;
  for (let run = 0; run < runCount; run++) {
    if (labels[run] !== label) continue;
    const first = starts[run] % columns;
    const last = first + ends[run] - starts[run];
    below += Math.max(0, Math.min(last, middle) - first);
  }
  return below / sizes[label];
}

/** What a millimetre through a voxel costs: 1 in lung as dark as air can be, 9 in the brightest that counts as air. */
function weightOf(hu: number): number {
  const brightness = (hu - DARK_HU) / (BRIGHT_HU - DARK_HU);
  return brightness <= 0 ? 1 : brightness >= 1 ? 9 : 1 + ((8 * brightness + 0.5) | 0);
}

/** The seeds grown over the rest of the air. */
function growBack(scan: Scan, air: Mask, { components, right, left }: Seeds): Uint8Array {
  const labels = new Uint8Array(air.length).fill(FORBIDDEN);
  const weights = new Uint8Array(air.length);
  for (let p = 0; p < air.length; p++) {
    if (air[p] === 0) continue;
    labels[p] = FREE;
    weights[p] = weightOf(scan.hu[p]);
  }
  paintComponents(labels, components, (label) => label === right, RIGHT);
  paintComponents(labels, components, (label) => label === left, LEFT);
  floodFromSeeds(labels, weights, scan, scan.spacingMm);
  return labels.map((label) => (label === FORBIDDEN ? 0 : label));
}
