/** Lobes of synthetic chests: each a plausible piece of its lung, and nothing of the lung lost. */
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import type { ChestPhantomOptions } from '../../../src/dicom/phantom/chest.js';
import { voxelToPatient } from '../../../src/dicom/geometry/grid.js';
import type { LabelMap, Vec3 } from '../../../src/dicom/geometry/grid.js';
import { LOBE, splitLobes } from '../../../src/kit/lungs/split-lobes.js';
import { labelComponents, largestComponent } from '../../../src/kit/voxels/components.js';

const { rightUpper, rightMiddle, rightLower, leftUpper, leftLower } = LOBE;

const maskOf = ({ labels }: LabelMap, label: number) => Uint8Array.from(labels, (value) => (value === label ? 1 : 0));

/** Mean patient position (LPS mm) of a label. */
function centre({ grid, labels }: LabelMap, label: number): Vec3 {
  const sum = [0, 0, 0];
  let count = 0;
  labels.forEach((value, p) => {
    if (value !== label) return;
    const slice = grid.columns * grid.rows;
    voxelToPatient(grid, p % grid.columns, Math.floor((p % slice) / grid.columns), Math.floor(p / slice)).forEach(
      (mm, axis) => (sum[axis] += mm),
    );
    count++;
  });
  return sum.map((mm) => mm / count) as unknown as Vec3;
}

const cases: [string, ChestPhantomOptions][] = [
  ['axial', {}],
  ['mirrored, head last', { orientation: 'axial-flipped' }],
  ['sagittal', { orientation: 'sagittal' }],
  ['8 mm slices', { spacingMm: [4, 4, 8], touchingLungs: true }],
];

describe.each(cases)('lobes of a chest, %s', (_, options) => {
  const { truth } = chestPhantom({ spacingMm: [5, 5, 6], ...options });
  // a stray voxel of the drawing is no lung
  const [right, left] = [1, 2].map((side) => largestComponent(maskOf(truth, side), truth.grid));
  const lungs = right.map((set, p) => set + 2 * left[p]);
  const lobes = splitLobes({ grid: truth.grid, labels: lungs }, { right: 1, left: 2 });

  it('are together exactly the lungs, each lobe in its own lung', () => {
    const lungOf = [0, 1, 1, 1, 2, 2];
    const together = Uint8Array.from(lobes.labels, (lobe) => lungOf[lobe]);
    expect(Buffer.compare(together, lungs)).toBe(0);
  });

  it('are one piece each', () => {
    for (const lobe of Object.values(LOBE)) {
      expect([lobe, labelComponents(maskOf(lobes, lobe), lobes.grid, 'volume').count]).toEqual([lobe, 1]);
    }
  });

  it('lie where lobes lie: lower ones behind and below, the middle one in front and below the upper', () => {
    const [x, y, z] = [0, 1, 2] as const;
    const at = (lobe: number) => centre(lobes, lobe);
    for (const lobe of [rightUpper, rightMiddle, rightLower]) expect(at(lobe)[x]).toBeLessThan(-20);
    for (const lobe of [leftUpper, leftLower]) expect(at(lobe)[x]).toBeGreaterThan(20);
    for (const [upper, lower] of [
      [rightUpper, rightLower],
      [leftUpper, leftLower],
    ]) {
      expect(at(lower)[z]).toBeLessThan(at(upper)[z] - 30);
      expect(at(lower)[y]).toBeGreaterThan(at(upper)[y] + 20);
    }
    expect(at(rightMiddle)[z]).toBeLessThan(at(rightUpper)[z] - 30);
    expect(at(rightMiddle)[y]).toBeLessThan(at(rightLower)[y] - 40);
  });
});

it('a lung that is not there has no lobes', () => {
  const { truth } = chestPhantom({ spacingMm: [8, 8, 10] });
  const onlyLeft = { grid: truth.grid, labels: truth.labels.map((label) => (label === 2 ? 2 : 0)) };
  expect([...new Set(splitLobes(onlyLeft, { right: 1, left: 2 }).labels)].sort()).toEqual([0, leftUpper, leftLower]);
});

it('what a plane cuts off from the rest of its lobe goes to the lobe that it touches', () => {
  const grid = { ...chestPhantom({ spacingMm: [8, 8, 10] }).truth.grid, columns: 12, rows: 12, slices: 12, spacingMm: [1, 1, 1] as const };
  // it hangs down in two legs, the right one thin, before a wall: the level plane cuts off the ends of both
  const inLeg = (i: number, j: number) => j >= 10 || i < 2 || i >= 5;
  const labels = Uint8Array.from({ length: 12 ** 3 }, (_, p) => (p >= 9 * 144 || inLeg(p % 12, Math.floor((p % 144) / 12)) ? 1 : 0));
  const lobes = splitLobes({ grid, labels }, { right: 1, left: 2 });
  for (const lobe of [rightUpper, rightMiddle, rightLower])
    expect([lobe, labelComponents(maskOf(lobes, lobe), grid, 'volume').count]).toEqual([lobe, 1]);
  expect(labels.every((set, p) => set === (lobes.labels[p] > 0 ? 1 : 0))).toBe(true);
});
