/** The metrics against truths that follow from geometry, and against every pair of voxels. */
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import type { Extent } from '../../../src/dicom/voxels/extent.js';
import { compareMasks } from '../../../src/evaluation/metrics/compare-masks.js';
import { valueOf } from '../../../src/evaluation/metrics/measured.js';
import { valueAtRank } from '../../../src/evaluation/metrics/select.js';
import { uniformRandom } from '../../../src/dicom/phantom/random.js';
import { ball, box, draw, nothing, speckle, voxel, type Shape } from '../../support/drawn-masks.js';

const extent: Extent = { columns: 24, rows: 20, slices: 16 };
const spacingMm: Vec3 = [0.75, 1, 2.5];

function compare(reference: Shape, output: Shape, on = extent, spacing = spacingMm) {
  return compareMasks(draw(reference, on), draw(output, on), on, spacing);
}

const cube = box([4, 13], [5, 12], [3, 8]);

describe('overlap and volume', () => {
  it('are those of boxes', () => {
    const shifted = box([6, 15], [5, 12], [3, 8]);
    const { dice, volumeMl, relativeVolumeDifference, voxels } = compare(cube, shifted);
    expect(voxels).toEqual({ reference: 480, output: 480, both: 384 });
    expect(dice).toEqual({ value: 0.8 });
    expect(volumeMl.reference).toBeCloseTo((480 * 0.75 * 1 * 2.5) / 1000, 12);
    expect(relativeVolumeDifference).toEqual({ value: 0 });
    expect(valueOf(compare(cube, box([4, 13], [5, 12], [3, 5])).relativeVolumeDifference)).toBe(-0.5);
  });

  it('are those of balls, one inside of the other', () => {
    const on = { columns: 80, rows: 80, slices: 80 };
    const spacing: Vec3 = [0.5, 0.5, 0.5];
    const at: Vec3 = [40, 40, 40];
    const { dice, volumeMl, surfaceDistances } = compare(ball(at, 18, spacing), ball(at, 12, spacing), on, spacing);
    expect(volumeMl.reference / ((4 / 3) * Math.PI * 18 ** 3 * 0.001)).toBeCloseTo(1, 2);
    expect(valueOf(dice)).toBeCloseTo((2 * 12 ** 3) / (18 ** 3 + 12 ** 3), 2);
    const surface = valueOf(surfaceDistances);
    for (const figure of ['hausdorffMm', 'hausdorff95Mm', 'meanMm'] as const)
      expect(Math.abs((surface?.[figure] ?? 0) - 6)).toBeLessThan(0.5);
  });
});

describe('distances', () => {
  it('of equal masks are 0', () => {
    const zero = { value: { hausdorffMm: 0, hausdorff95Mm: 0, meanMm: 0, largerMeanMm: 0 } };
    expect(compare(cube, cube)).toMatchObject({ dice: { value: 1 }, surfaceDistances: zero, voxelDistances: zero });
  });

  it.each<[string, Shape, number]>([
    ['columns', box([7, 16], [5, 12], [3, 8]), 3 * 0.75],
    ['rows', box([4, 13], [3, 10], [3, 8]), 2],
    ['slices', box([4, 13], [5, 12], [7, 12]), 4 * 2.5],
  ])('of a box and itself shifted along the %s are the shift in millimetres', (_, shifted, mm) => {
    expect(valueOf(compare(cube, shifted).surfaceDistances)?.hausdorffMm).toBeCloseTo(mm, 6);
    expect(valueOf(compare(cube, shifted).voxelDistances)?.hausdorffMm).toBeCloseTo(mm, 6);
  });

  it('go both ways: what only one of the masks has counts', () => {
    const withSpur: Shape = (i, j, k) => cube(i, j, k) || (j === 8 && k === 5 && i > 13 && i < 22);
    for (const { surfaceDistances } of [compare(cube, withSpur), compare(withSpur, cube)])
      expect(valueOf(surfaceDistances)?.hausdorffMm).toBeCloseTo(8 * 0.75, 6);
  });

  it.each<[string, Shape, Shape, Extent]>([
    ['speckles', speckle(1, 0.05, cube), speckle(2, 0.05, box([6, 18], [2, 9], [2, 12])), extent],
    ['a solid and speckles', cube, speckle(3, 0.3, box([0, 23], [0, 19], [0, 15])), extent],
    ['flat masks', box([3, 9], [4, 11], [0, 0]), speckle(4, 0.6, box([0, 23], [0, 19], [0, 0])), { ...extent, slices: 1 }],
    ['masks in one row', box([3, 9], [7, 7], [5, 5]), box([6, 15], [7, 7], [5, 5]), extent],
    ['one voxel and a solid', voxel(2, 3, 4), cube, extent],
    ['solids in opposite corners, so that questions look far', box([0, 6], [0, 6], [0, 5]), box([17, 23], [14, 19], [11, 15]), extent],
    ['two voxels', voxel(2, 3, 4), voxel(20, 3, 9), extent],
  ])('are those of every pair of voxels: %s', (_, a, b, on) => {
    const { surfaceDistances, voxelDistances } = compare(a, b, on);
    const [truth, found] = [byEveryPair(a, b, on), { surface: valueOf(surfaceDistances), voxels: valueOf(voxelDistances) }];
    for (const kind of ['surface', 'voxels'] as const) {
      for (const name of Object.keys(truth[kind]) as (keyof (typeof truth)['surface'])[])
        expect(Math.abs((found[kind]?.[name] ?? NaN) - truth[kind][name])).toBeLessThanOrEqual(1e-6 * truth[kind][name]);
    }
  });
});

describe('masks with next to nothing in them', () => {
  it('give figures where there are any, and reasons where not', () => {
    expect(compare(nothing, nothing)).toEqual({
      voxels: { reference: 0, output: 0, both: 0 },
      volumeMl: { reference: 0, output: 0, difference: 0 },
      relativeVolumeDifference: { undefinedBecause: 'the reference is empty' },
      dice: { undefinedBecause: 'both masks are empty' },
      surfaceDistances: { undefinedBecause: 'both masks are empty' },
      voxelDistances: { undefinedBecause: 'both masks are empty' },
    });
    expect(compare(nothing, cube)).toMatchObject({
      dice: { value: 0 },
      relativeVolumeDifference: { undefinedBecause: 'the reference is empty' },
      surfaceDistances: { undefinedBecause: 'the reference is empty' },
    });
    expect(compare(cube, nothing)).toMatchObject({
      dice: { value: 0 },
      relativeVolumeDifference: { value: -1 },
      surfaceDistances: { undefinedBecause: 'the output is empty' },
    });
  });

  it('have distances if they have one voxel, at the rim of the array, too', () => {
    const { dice, surfaceDistances } = compare(voxel(0, 0, 0), voxel(4, 0, 0));
    expect(dice).toEqual({ value: 0 });
    expect(surfaceDistances).toEqual({ value: { hausdorffMm: 3, hausdorff95Mm: 3, meanMm: 3, largerMeanMm: 3 } });
  });

  it('are refused where they are not of one size', () => {
    expect(() => compareMasks(new Uint8Array(8), new Uint8Array(9), { columns: 2, rows: 2, slices: 2 }, [1, 1, 1])).toThrow(
      'masks of 8 and 9 voxels, expected 8 in each',
    );
  });
});

describe('a value by its rank', () => {
  it('is what sorting gives', () => {
    const random = uniformRandom(7);
    for (const kinds of [2, 10, 1000]) {
      const values = Float32Array.from({ length: 101 }, () => Math.floor(random() * kinds));
      const sorted = Float32Array.from(values).sort();
      for (const rank of [1, 2, 50, 95, 100, 101]) expect(valueAtRank(Float32Array.from(values), rank)).toBe(sorted[rank - 1]);
    }
  });
});

type Place = readonly [number, number, number];

/** The definitions, word by word. */
function byEveryPair(a: Shape, b: Shape, on: Extent) {
  const [inA, inB] = [placesOf(draw(a, on), on), placesOf(draw(b, on), on)];
  const both = [...inA, ...inB];
  const flat = [0, 1, 2].map((axis) => new Set(both.map((place) => place[axis])).size === 1);
  const [rimA, rimB] = [rimOf(inA, flat), rimOf(inB, flat)];
  return {
    surface: together(
      rimA.map((place) => nearestMm(place, rimB)),
      rimB.map((place) => nearestMm(place, rimA)),
    ),
    voxels: together(
      inA.map((place) => nearestMm(place, inB)),
      inB.map((place) => nearestMm(place, inA)),
    ),
  };
}

function together(there: number[], back: number[]) {
  const means = [there, back].map((all) => all.reduce((sum, mm) => sum + mm, 0) / all.length);
  const percentiles = [there, back].map((all) => all.toSorted((x, y) => x - y)[Math.max(0, Math.floor(0.95 * all.length) - 1)]);
  return {
    hausdorffMm: Math.max(...there, ...back),
    hausdorff95Mm: (percentiles[0] + percentiles[1]) / 2,
    meanMm: (means[0] + means[1]) / 2,
    largerMeanMm: Math.max(...means),
  };
}

function placesOf(mask: Uint8Array, { columns, rows }: Extent): Place[] {
  return Array.from(mask).flatMap((set, p): Place[] =>
    set === 0 ? [] : [[p % columns, Math.floor(p / columns) % rows, Math.floor(p / (columns * rows))]],
  );
}

function rimOf(places: Place[], flat: readonly boolean[]): Place[] {
  const known = new Set(places.map(String));
  const steps = [0, 1, 2].filter((axis) => !flat[axis]).flatMap((axis) => [-1, 1].map((by) => [0, 1, 2].map((n) => (n === axis ? by : 0))));
  return places.filter((place) => steps.some((step) => !known.has(String(place.map((at, axis) => at + step[axis])))));
}

function nearestMm(from: Place, places: Place[]): number {
  return Math.min(...places.map((to) => Math.hypot(...from.map((at, axis) => (at - to[axis]) * spacingMm[axis]))));
}
