/**
 * Trachea and main bronchi, traced slice by slice. In a slice an airway is a small section of air; where it runs into the lung the section
 * would become huge (a leak), so the threshold is lowered until the section is small again, or the branch ends there.
 */
import { labelComponents } from '../voxels/components.js';
import type { Components } from '../voxels/components.js';
import { dilate } from '../voxels/morphology.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';
import type { Scan } from './scan.js';

const TRACHEA_HU = -700;
const TRACHEA_AREA_MM2 = { least: 40, most: 700 } as const;
const TRACHEA_LENGTH_MM = 30;
/** How far below the last round section main bronchi are followed. */
const BRONCHI_DEPTH_MM = 60;
const SMALLEST_SECTION_MM2 = 20;
/** Where a section leaks into the lung, these lower thresholds are tried below that of the lungs. */
const STRICTER_HU = [-600, -700, -800, -860, -900, -930] as const;
/** Air lost to a stricter threshold lies within this of the section. */
const RIM_MM = 1.7;

/**
 * Finds trachea and main bronchi in the air inside the body.
 * @returns undefined where no trachea is seen (the scan begins below the carina)
 */
export function findAirway(scan: Scan, inside: Mask, thresholdHu: number): Mask | undefined {
  const trachea = findTrachea(scan, inside);
  if (trachea === undefined) return undefined;
  const mask = new Uint8Array(inside.length);
  const middle = trachea.sections[trachea.sections.length >> 1];
  const lowest = trachea.sections[trachea.sections.length - 1];
  const trace: Trace = {
    scan,
    inside,
    thresholdHu,
    mask,
    // a main bronchus that lies flat in a slice is cut along its length
    mostMm2: Math.max(350, Math.min(900, 2 * trachea.meanAreaMm2)),
    darkHu: (tracheaHu(trachea, scan) + lungHu(scan, inside, thresholdHu)) / 2,
  };
  traceFrom(trace, middle, -1, Math.max(0, lowest.k - Math.round(BRONCHI_DEPTH_MM / scan.spacingMm[2])));
  traceFrom(trace, middle, 1, scan.slices - 1);
  return mask;
}

/** One connected area of air in one slice. */
interface Section {
  readonly k: number;
  readonly voxels: Int32Array;
  readonly areaMm2: number;
}

interface Trachea {
  /** From the head down. */
  readonly sections: readonly Section[];
  readonly meanAreaMm2: number;
}

/** The longest chain of small round sections over each other that does not begin in the lowest third. */
function findTrachea(scan: Scan, inside: Mask): Trachea | undefined {
  const chains: Section[][] = [];
  let open: Section[][] = [];
  for (let k = scan.slices - 1; k >= 0; k--) {
    const sections = sectionsOf(airBelow(scan, inside, k, TRACHEA_HU), scan, k).filter((section) => isRound(section, scan));
    const next: Section[][] = [];
    for (const section of sections) {
      const chain = open.find((candidate) => !next.includes(candidate) && overlaps(candidate[candidate.length - 1], section, scan));
      if (chain !== undefined) {
        chain.push(section);
        next.push(chain);
      } else if (k > scan.slices / 3) {
        const begun = [section];
        chains.push(begun);
        next.push(begun);
      }
    }
    open = next;
  }
  const sections = chains.reduce((a, b) => (b.length > a.length ? b : a), []);
  if (sections.length * scan.spacingMm[2] < TRACHEA_LENGTH_MM) return undefined;
  return { sections, meanAreaMm2: sections.reduce((sum, { areaMm2 }) => sum + areaMm2, 0) / sections.length };
}

/** The lower quartile of a section is its inside: its border is blurred with the wall. */
function lowerQuartileHu(scan: Scan, voxels: Int32Array, offset: number): number {
  const values = Int16Array.from(voxels, (p) => scan.hu[p + offset]).sort();
  return values[values.length >> 2];
}

function tracheaHu({ sections }: Trachea, scan: Scan): number {
  return sections.reduce((sum, { voxels }) => sum + lowerQuartileHu(scan, voxels, 0), 0) / sections.length;
}

/** The median of the air inside the body, of which nearly all is lung. */
function lungHu(scan: Scan, inside: Mask, thresholdHu: number): number {
  const values: number[] = [];
  for (let p = 0; p < inside.length; p += 13) if (inside[p] !== 0 && scan.hu[p] < thresholdHu) values.push(scan.hu[p]);
  return Int16Array.from(values).sort()[values.length >> 1] ?? thresholdHu;
}

/** Whether a section has the size of a trachea and fills a good part of its own bounding box, which is not too long. */
function isRound({ voxels, areaMm2 }: Section, { columns, spacingMm }: Scan): boolean {
  if (areaMm2 < TRACHEA_AREA_MM2.least || areaMm2 > TRACHEA_AREA_MM2.most) return false;
  let [left, right, front, back] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const p of voxels) {
    const i = p % columns;
    const j = Math.floor(p / columns);
    left = Math.min(left, i);
    right = Math.max(right, i);
    front = Math.min(front, j);
    back = Math.max(back, j);
  }
  const width = (right - left + 1) * spacingMm[0];
  const depth = (back - front + 1) * spacingMm[1];
  return areaMm2 > 0.5 * width * depth && Math.max(width, depth) < 2.5 * Math.min(width, depth);
}

function overlaps(a: Section, b: Section, { columns, rows }: Extent): boolean {
  const inA = new Set<number>();
  for (const p of a.voxels) inA.add(p - a.k * columns * rows);
  return b.voxels.some((p) => inA.has(p - b.k * columns * rows));
}

interface Trace {
  readonly scan: Scan;
  readonly inside: Mask;
  readonly thresholdHu: number;
  /** The airway found so far. */
  readonly mask: Mask;
  readonly mostMm2: number;
  /** The inside of an airway is darker than this, halfway from trachea to lung. */
  readonly darkHu: number;
}

/** Follows the airway from one section's slice to `lastK`, adding what is found to the mask. */
function traceFrom(trace: Trace, start: Section, step: 1 | -1, lastK: number): void {
  const { scan, mask } = trace;
  const size = scan.columns * scan.rows;
  const slice = { ...scan, slices: 1 };
  let near = new Uint8Array(size);
  for (const p of start.voxels) near[p - start.k * size] = 1;
  for (let k = start.k; step > 0 ? k <= lastK : k >= lastK; k += step) {
    const found = airwayIn(trace, k, near);
    if (found === undefined) return;
    mask.set(
      found.map((set, p) => set | mask[k * size + p]),
      k * size,
    );
    // main bronchi run at about 45°: the next section lies within one slice distance of this one
    near = dilate(found, slice, scan.spacingMm, Math.min(scan.spacingMm[2], 8)) as Uint8Array<ArrayBuffer>;
  }
}

/** The airway's sections in slice k: those that lie mostly within `near`, at the highest threshold at which each does not leak. */
function airwayIn(trace: Trace, k: number, near: Mask): Mask | undefined {
  const { scan, inside, thresholdHu } = trace;
  const slice = { ...scan, slices: 1 };
  const found = new Uint8Array(near.length);
  const thresholds = [thresholdHu, ...STRICTER_HU.filter((hu) => hu < thresholdHu)];
  const firstAir = airBelow(scan, inside, k, thresholdHu);
  let any = false;
  for (const threshold of thresholds) {
    const accepted = new Uint8Array(near.length);
    let more = false;
    for (const section of sectionsOf(airBelow(scan, inside, k, threshold), scan, 0)) {
      if (!isAirway(section, near, found, trace.mostMm2)) continue;
      if (lowerQuartileHu(scan, section.voxels, k * near.length) > trace.darkHu) continue;
      for (const p of section.voxels) accepted[p] = 1;
      more = true;
    }
    if (!more) continue;
    any = true;
    const grown = threshold === thresholdHu ? accepted : dilate(accepted, slice, scan.spacingMm, RIM_MM);
    for (let p = 0; p < found.length; p++) if (grown[p] !== 0 && firstAir[p] !== 0) found[p] = 1;
  }
  return any ? found : undefined;
}

function isAirway(section: Section, near: Mask, found: Mask, mostMm2: number): boolean {
  if (section.areaMm2 > mostMm2 || section.areaMm2 < SMALLEST_SECTION_MM2) return false;
  let overlap = 0;
  for (const p of section.voxels) {
    if (found[p] !== 0) return false;
    overlap += near[p];
  }
  return overlap > 0.3 * section.voxels.length;
}

/** The air of slice k as a mask of one slice. */
function airBelow(scan: Scan, inside: Mask, k: number, thresholdHu: number): Mask {
  const size = scan.columns * scan.rows;
  const air = new Uint8Array(size);
  for (let p = 0, q = k * size; p < size; p++, q++) if (inside[q] !== 0 && scan.hu[q] < thresholdHu) air[p] = 1;
  return air;
}

/** The connected areas of a one-slice mask; their voxel indices are those of slice k. */
function sectionsOf(air: Mask, scan: Scan, k: number): Section[] {
  const components = labelComponents(air, { ...scan, slices: 1 }, 'in-slice');
  const pixelMm2 = scan.spacingMm[0] * scan.spacingMm[1];
  const voxels = voxelsOf(components, k * scan.columns * scan.rows);
  return voxels.map((own) => ({ k, voxels: own, areaMm2: own.length * pixelMm2 }));
}

function voxelsOf({ count, sizes, starts, ends, labels, runCount }: Components, offset: number): Int32Array[] {
  const voxels = Array.from({ length: count }, (_, label) => new Int32Array(sizes[label]));
  const filled = new Int32Array(count);
  for (let run = 0; run < runCount; run++) {
    const label = labels[run];
    for (let p = starts[run]; p < ends[run]; p++) voxels[label][filled[label]++] = p + offset;
  }
  return voxels;
}
