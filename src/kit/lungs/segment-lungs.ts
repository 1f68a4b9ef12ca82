/**
 * Lungs on chest CT without weights: an example of a model, not for clinical use.
 *
 * body → air inside it → trachea and main bronchi out → right and left apart → vessels and hilum closed.
 * It expects two aerated lungs. It does not include consolidated lung, effusion, or tumour at the pleura beyond the closing's radius.
 */
import type { LabelMap, Volume } from '../../dicom/geometry/grid.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import { findAirway } from './airway.js';
import { findInside } from './body.js';
import { largestComponent } from '../voxels/components.js';
import { close, dilate, fillCavities, holesInSlices } from '../voxels/morphology.js';
import { boxAround, cut, paintBox } from '../../dicom/voxels/region.js';
import { LEFT, RIGHT, separateLungs } from './separate.js';
import { orientScan } from './scan.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import type { Scan } from './scan.js';

export interface LungSettings {
  /** Gaps and notches narrower than twice this are closed (vessels at the hilum). */
  readonly closingMm: number;
  /** Holes in a slice up to this area (vessels, nodules) are filled; larger ones may be the dome of the liver. */
  readonly largestHoleMm2: number;
  /** A lung smaller than this is not taken for one. */
  readonly smallestLungMl: number;
}

export const DEFAULT_LUNG_SETTINGS: LungSettings = { closingMm: 6, largestHoleMm2: 400, smallestLungMl: 100 };

export interface LungResult {
  /** 1 = right lung, 2 = left lung (the patient's), on the volume's grid. */
  readonly labelMap: LabelMap;
  readonly volumesMl: { readonly right: number; readonly left: number };
  /** What a reader of the result should know. */
  readonly warnings: readonly string[];
}

/**
 * Segments both lungs.
 * @param volume CT in Hounsfield units, any orientation
 * @param onProgress called with fractions 0 … 1 between the steps
 * @throws AnteroomError MODEL_FOUND_NOTHING where the volume does not show two aerated lungs
 */
export function segmentLungs(
  volume: Volume,
  settings: LungSettings = DEFAULT_LUNG_SETTINGS,
  onProgress: (fraction: number) => void = () => {},
): LungResult {
  const { scan, toLabelMap } = orientScan(volume);
  const warnings: string[] = [];
  onProgress(0.05);
  const { inside, thresholdHu } = findInside(scan);
  onProgress(0.35);
  const airway = findAirway(scan, inside, thresholdHu);
  if (airway === undefined) warnings.push('No trachea was seen: bronchi may be part of the lungs.');
  onProgress(0.5);
  const air = inside;
  for (let p = 0; p < air.length; p++) if (scan.hu[p] >= thresholdHu || airway?.[p] === 1) air[p] = 0;
  const labels = lungsOfAir(scan, air, airway, settings, warnings, (fraction) => onProgress(0.5 + fraction / 2));
  const volumesMl = volumesOf(labels, voxelVolumeMl(volume.grid), settings);
  warnings.push(...cutOffWarnings(labels, scan));
  return { labelMap: toLabelMap(labels), volumesMl, warnings };
}

function lungsOfAir(
  scan: Scan,
  air: Mask,
  airway: Mask | undefined,
  settings: LungSettings,
  warnings: string[],
  onProgress: (fraction: number) => void,
): Uint8Array {
  const margin = scan.spacingMm.map((mm) => Math.ceil((settings.closingMm + 2) / mm)) as [number, number, number];
  const box = boxAround(air, scan, margin);
  const labels = new Uint8Array(air.length);
  if (box === undefined) return labels;
  const part: Scan = { columns: box.columns, rows: box.rows, slices: box.slices, spacingMm: scan.spacingMm, hu: cut(scan.hu, scan, box) };
  const separation = separateLungs(part, cut(air, scan, box));
  if (separation === undefined) return labels;
  if (separation.touching) warnings.push('The lungs touch: where they meet, the border between them is estimated.');
  onProgress(0.4);
  const keepOut = airway === undefined ? new Uint8Array(part.hu.length) : dilate(cut(airway, scan, box), part, part.spacingMm, 1.5);
  const [right, left] = [RIGHT, LEFT].map((side, n) => {
    const other = separation.labels.map((label) => (label !== 0 && label !== side ? 1 : 0));
    const lung = finishLung(
      part,
      separation.labels.map((label) => (label === side ? 1 : 0)),
      [keepOut, other],
      settings,
    );
    onProgress(0.7 + 0.3 * n);
    return lung;
  }) as [Mask, Mask];
  paintBox(labels, scan, box, right, RIGHT);
  paintBox(
    labels,
    scan,
    box,
    left.map((set, p) => set & (1 - right[p])),
    LEFT,
  );
  return labels;
}

/** One lung as one piece without holes; what the closing adds stays out of the airway and the other lung. */
function finishLung(scan: Scan, lung: Mask, keepOut: readonly Mask[], settings: LungSettings): Mask {
  const main = largestComponent(lung, scan);
  const margin = scan.spacingMm.map((mm) => Math.ceil((settings.closingMm + 2) / mm)) as [number, number, number];
  const finished = new Uint8Array(lung.length);
  const box = boxAround(main, scan, margin);
  if (box === undefined) return finished;
  const part = cut(main, scan, box);
  const forbidden = keepOut.map((mask) => cut(mask, scan, box));
  const closed = close(part, box, scan.spacingMm, settings.closingMm);
  for (let p = 0; p < closed.length; p++) if (part[p] === 0 && forbidden.some((mask) => mask[p] !== 0)) closed[p] = 0;
  const holes = holesInSlices(closed, box, scan.spacingMm, settings.largestHoleMm2);
  for (let p = 0; p < closed.length; p++) if (holes[p] !== 0) closed[p] = 1;
  paintBox(finished, scan, box, largestComponent(fillCavities(closed, box), box), 1);
  return finished;
}

function volumesOf(labels: Uint8Array, voxelMl: number, { smallestLungMl }: LungSettings): { right: number; left: number } {
  const voxels = [0, 0, 0];
  for (const label of labels) voxels[label]++;
  const [right, left] = [voxels[RIGHT] * voxelMl, voxels[LEFT] * voxelMl];
  if (right < smallestLungMl || left < smallestLungMl) {
    const seen = `right ${right.toFixed(0)} ml, left ${left.toFixed(0)} ml; expected at least ${smallestLungMl} ml of each`;
    throw new AnteroomError('MODEL_FOUND_NOTHING', `two aerated lungs were expected: ${seen}`);
  }
  return { right, left };
}

/** A lung that reaches the first or last slice is not whole in this series. */
function cutOffWarnings(labels: Uint8Array, scan: Scan): string[] {
  const areaMm2 = (k: number) => {
    const size = scan.columns * scan.rows;
    return (
      labels.subarray(k * size, (k + 1) * size).reduce((count, label) => count + (label > 0 ? 1 : 0), 0) *
      scan.spacingMm[0] *
      scan.spacingMm[1]
    );
  };
  const warnings = [];
  if (areaMm2(0) > 500) warnings.push('The lungs reach the lowest slice: their bases may be cut off.');
  if (areaMm2(scan.slices - 1) > 500) warnings.push('The lungs reach the highest slice: their apices may be cut off.');
  return warnings;
}
