/** The model on synthetic chests whose lungs are known. */
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import type { ChestPhantomOptions } from '../../../src/dicom/phantom/chest.js';
import { voxelToPatient } from '../../../src/dicom/geometry/grid.js';
import type { LabelMap, Volume } from '../../../src/dicom/geometry/grid.js';
import { segmentLungs } from '../../../src/kit/lungs/segment-lungs.js';
import { labelComponents } from '../../../src/kit/voxels/components.js';

function dice(a: LabelMap, b: LabelMap, label: number): number {
  let both = 0;
  let all = 0;
  a.labels.forEach((value, p) => {
    both += value === label && b.labels[p] === label ? 2 : 0;
    all += (value === label ? 1 : 0) + (b.labels[p] === label ? 1 : 0);
  });
  return both / all;
}

/** Mean patient x of a label; negative is the patient's right. */
function meanX({ grid, labels }: LabelMap, label: number): number {
  let sum = 0;
  let count = 0;
  for (let p = 0; p < labels.length; p += 17) {
    if (labels[p] !== label) continue;
    const slice = grid.columns * grid.rows;
    sum += voxelToPatient(grid, p % grid.columns, Math.floor((p % slice) / grid.columns), Math.floor(p / slice))[0];
    count++;
  }
  return sum / count;
}

/** The same chest as above the carina only, or with everything replaced. */
function withVoxels(volume: Volume, change: (hu: number, p: number) => number): Volume {
  return { ...volume, voxels: Int16Array.from(volume.voxels, change) };
}

const small = [4, 4, 5] as const;
const cases: [string, ChestPhantomOptions][] = [
  ['lungs apart', { spacingMm: small }],
  ['lungs that touch', { spacingMm: small, touchingLungs: true }],
  ['slices of 8 mm', { spacingMm: [4, 4, 8], touchingLungs: true }],
  ['slices of 2 mm with much noise', { spacingMm: [4, 4, 2], touchingLungs: true, noiseHu: 60 }],
  ['a mirrored ImageOrientation', { spacingMm: small, orientation: 'axial-flipped', touchingLungs: true }],
  ['sagittal slices', { spacingMm: small, orientation: 'sagittal', touchingLungs: true }],
];

describe('segmentLungs', () => {
  it.each(cases)('finds each lung on its own side: %s', (_, options) => {
    const { volume, truth } = chestPhantom(options);
    const { labelMap, volumesMl, warnings } = segmentLungs(volume);
    expect(dice(labelMap, truth, 1)).toBeGreaterThan(0.97);
    expect(dice(labelMap, truth, 2)).toBeGreaterThan(0.97);
    expect(meanX(labelMap, 1)).toBeLessThan(-40);
    expect(meanX(labelMap, 2)).toBeGreaterThan(40);
    expect(volumesMl.right).toBeGreaterThan(2000);
    expect(warnings.some((warning) => warning.includes('touch'))).toBe(options.touchingLungs === true);
  });

  it('gives each lung as one piece without trachea or main bronchi', () => {
    const { volume, truth } = chestPhantom({ spacingMm: [3, 3, 5], touchingLungs: true });
    const { labelMap } = segmentLungs(volume);
    for (const side of [1, 2])
      expect(
        labelComponents(
          Uint8Array.from(labelMap.labels, (l) => (l === side ? 1 : 0)),
          labelMap.grid,
          'volume',
        ).count,
      ).toBe(1);
    const airway = { all: 0, inLungs: 0, aboveCarinaInLungs: 0 };
    const { columns, rows, slices } = volume.grid;
    volume.voxels.forEach((hu, p) => {
      const j = Math.floor(p / columns) % rows;
      const inside =
        truth.labels[p] === 0 && hu < -960 && Math.abs((p % columns) - columns / 2) < 50 / 3 && j > rows * 0.45 && j < rows * 0.65;
      if (!inside) return;
      airway.all++;
      if (labelMap.labels[p] === 0) return;
      airway.inLungs++;
      if (p > columns * rows * slices * 0.6) airway.aboveCarinaInLungs++;
    });
    expect(airway.all).toBeGreaterThan(500);
    expect(airway.aboveCarinaInLungs).toBe(0);
    expect(airway.inLungs).toBeLessThan(0.02 * airway.all);
  });

  it('tells of lungs that the series cuts off, and of a missing trachea', () => {
    const { volume } = chestPhantom({ spacingMm: small });
    const first = Math.round(volume.grid.slices * 0.3);
    const size = volume.grid.columns * volume.grid.rows;
    const slices = Math.round(volume.grid.slices * 0.55) - first;
    const middle = { ...volume, grid: { ...volume.grid, slices }, voxels: volume.voxels.slice(first * size, (first + slices) * size) };
    const { warnings } = segmentLungs(middle);
    expect(warnings.join(' ')).toMatch(/bases may be cut off.*apices may be cut off/);
    expect(warnings.join(' ')).toMatch(/No trachea/);
  });

  it('fails with what it saw where there are no lungs, or only one', () => {
    const { volume, truth } = chestPhantom({ spacingMm: small });
    expect(() => segmentLungs(withVoxels(volume, (hu) => (hu < -500 ? 40 : hu)))).toThrow(/expected.*right 0 ml, left 0 ml/);
    const oneLung = withVoxels(volume, (hu, p) => (truth.labels[p] === 2 ? 40 : hu));
    expect(() => segmentLungs(oneLung)).toThrow(/must exist/);
  });

  it('reports progress that only goes forward, to 1', () => {
    const seen: number[] = [];
    segmentLungs(chestPhantom({ spacingMm: [4, 4, 8] }).volume, undefined, (fraction) => seen.push(fraction));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    expect(seen.length).toBeGreaterThan(4);
  });
});
