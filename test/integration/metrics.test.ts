/** plastimatch as the judge of the metrics, on drawn masks and on lungs of a real CT. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import type { Extent, Mask } from '../../src/dicom/voxels/extent.js';
import { boxAround, cut, type Box } from '../../src/dicom/voxels/region.js';
import { compareMasks } from '../../src/evaluation/metrics/compare-masks.js';
import { valueOf } from '../../src/evaluation/metrics/measured.js';
import { describeWith, describeWithData } from '../support/data.js';
import { ball, box, draw, nothing, speckle, voxel, type Shape } from '../support/drawn-masks.js';
import { boundaryBy, diceAll, distanceMapBy, writeMask, type PlastimatchDistances } from '../support/plastimatch.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const extent: Extent = { columns: 40, rows: 36, slices: 24 };
const FIGURES = ['hausdorffMm', 'meanMm', 'largerMeanMm', 'hausdorff95Mm'] as const;
/** plastimatch prints six digits after the point, and computes in single precision. */
const PRINTED = 1e-6;

const missing = missingTools('plastimatch');
const folder = tempFolder('metrics');
const [fileA, fileB, rimA, rimB, map] = ['a.nrrd', 'b.nrrd', 'rim-a.nrrd', 'rim-b.nrrd', 'map.nrrd'].map((name) => join(folder, name));

function write(a: Mask, b: Mask, on: Extent, spacingMm: Vec3): void {
  writeMask(fileA, a, on, spacingMm);
  writeMask(fileB, b, on, spacingMm);
}

/** The surface figures from plastimatch's boundaries and exact distance maps. */
function byDistanceMaps(): PlastimatchDistances {
  const [boundaryA, boundaryB] = [boundaryBy(fileA, rimA), boundaryBy(fileB, rimB)];
  const there = sampled(boundaryA, boundaryB, distanceMapBy(rimB, map));
  const back = sampled(boundaryB, boundaryA, distanceMapBy(rimA, map));
  return {
    hausdorffMm: Math.max(there.largest, back.largest),
    meanMm: (there.mean + back.mean) / 2,
    largerMeanMm: Math.max(there.mean, back.mean),
    hausdorff95Mm: (there.percentile + back.percentile) / 2,
  };
}

function sampled(boundary: Uint8Array, other: Uint8Array, distanceMm: Float32Array) {
  const all = distanceMm
    .map((mm, p) => (other[p] === 0 ? mm : 0))
    .filter((_, p) => boundary[p] !== 0)
    .sort();
  const mean = all.reduce((sum, mm) => sum + mm, 0) / all.length;
  return { largest: all[all.length - 1], mean, percentile: all[Math.max(1, Math.floor(0.95 * all.length)) - 1] };
}

function expectClose(found: number | undefined, judged: number): void {
  expect(Math.abs((found ?? NaN) - judged)).toBeLessThanOrEqual(PRINTED * Math.max(1, judged));
}

/** `dice` propagates distances from voxel to voxel (Danielsson), so that single ones come out too long, by less than a voxel. */
function expectWithinAVoxel(found: PlastimatchDistances | undefined, judged: PlastimatchDistances, spacingMm: Vec3): void {
  for (const figure of FIGURES) {
    expect(found?.[figure]).toBeLessThanOrEqual(judged[figure] + PRINTED * Math.max(1, judged[figure]));
    expect(found?.[figure]).toBeGreaterThan(judged[figure] - Math.min(...spacingMm));
  }
}

function judge(a: Mask, b: Mask, on: Extent, spacingMm: Vec3): void {
  write(a, b, on, spacingMm);
  const found = compareMasks(a, b, on, spacingMm);
  const judged = diceAll(fileA, fileB);
  expectClose(valueOf(found.dice), judged.dice);
  expect(found.voxels.both).toBe(judged.both);
  expectWithinAVoxel(valueOf(found.surfaceDistances), judged.surface, spacingMm);
  expectWithinAVoxel(valueOf(found.voxelDistances), judged.voxels, spacingMm);
  const exact = byDistanceMaps();
  for (const figure of FIGURES) expectClose(valueOf(found.surfaceDistances)?.[figure], exact[figure]);
}

describeWith('metrics as plastimatch measures them', missing, () => {
  const away = box([2, 37], [2, 33], [2, 21]);
  const spacings: Vec3[] = [
    [1, 1, 1],
    [0.7, 0.7, 2.5],
  ];

  it.each(spacings)('on drawn masks, with voxels of %p × %p × %p mm', (...spacingMm) => {
    const big = ball([18, 17, 11], 8.3, spacingMm);
    const pairs: [Shape, Shape][] = [
      [big, ball([20, 19, 12], 7.1, spacingMm)],
      [big, (i, j, k) => big(i, j, k) && !ball([18, 17, 11], 4, spacingMm)(i, j, k)],
      [box([5, 20], [5, 15], [4, 12]), box([9, 24], [7, 17], [3, 9])],
      [speckle(1, 0.02, away), speckle(2, 0.02, away)],
    ];
    for (const [a, b] of pairs) judge(draw(a, extent), draw(b, extent), extent, spacingMm);
  });

  it('on masks of one voxel, except that it has no 95 % of one distance', () => {
    const spacingMm: Vec3 = [0.7, 0.8, 2.5];
    const [one, other, ballMask] = [voxel(4, 5, 6), voxel(9, 7, 8), ball([20, 19, 12], 7.1, spacingMm)].map((shape) => draw(shape, extent));
    for (const [a, b] of [
      [one, other],
      [one, ballMask],
      [ballMask, one],
    ]) {
      write(a, b, extent, spacingMm);
      const { dice, surfaceDistances, voxelDistances } = compareMasks(a, b, extent, spacingMm);
      const judged = diceAll(fileA, fileB);
      expectClose(valueOf(dice), judged.dice);
      for (const figure of ['hausdorffMm', 'meanMm', 'largerMeanMm'] as const) {
        expectClose(valueOf(surfaceDistances)?.[figure], judged.surface[figure]);
        expectClose(valueOf(voxelDistances)?.[figure], judged.voxels[figure]);
      }
      expectClose(valueOf(surfaceDistances)?.hausdorff95Mm, byDistanceMaps().hausdorff95Mm);
    }
  });

  it('where a mask is empty it has a Dice of 0 too, and for distances numbers that are none', () => {
    const [empty, full] = [draw(nothing, extent), draw(away, extent)];
    write(full, empty, extent, [1, 1, 1]);
    const judged = diceAll(fileA, fileB);
    expect(judged.dice).toBe(0);
    expect(judged.surface.hausdorffMm).toBeGreaterThan(1e38);
    expect(compareMasks(full, empty, extent, [1, 1, 1])).toMatchObject({
      dice: { value: 0 },
      surfaceDistances: { undefinedBecause: 'the output is empty' },
    });
  });
});

if (missing.length > 0) describeWith('metrics of real lungs as plastimatch measures them', missing, () => undefined);
else
  describeWithData('metrics of real lungs as plastimatch measures them', ['expected'], (expected) => {
    it('agree, for what a network found and what another might have', () => {
      const on: Extent = { columns: 512, rows: 512, slices: 30 };
      const lungs = gunzipSync(readFileSync(join(expected, 'a0002b.unet_small_lung.post.u8.gz')));
      const other = lungs.map((inside, p) => (inside === 1 && lungs[p - 1] === 1 && lungs[p + 512 * 2] === 1 && p % 512 < 330 ? 1 : 0));
      const [a, b, part] = withRim(lungs, other, on);
      judge(a, b, part, [0.703125, 0.703125, 2.5]);
    });
  });

/** What the first mask holds, in an array with empty voxels around it: of masks that fill the whole image plastimatch loses the last voxels. */
function withRim(a: Uint8Array, b: Uint8Array, on: Extent): [Mask, Mask, Extent] {
  const around = boxAround(Uint8Array.from(a), on, [0, 0, 0]) as Box;
  const rim: Extent = { columns: around.columns + 2, rows: around.rows + 2, slices: around.slices + 2 };
  const [cutA, cutB] = [a, b].map((mask) => cut(Uint8Array.from(mask), on, around));
  const inside = box([1, around.columns], [1, around.rows], [1, around.slices]);
  const padded = (part: Mask): Mask =>
    draw((i, j, k) => inside(i, j, k) && part[((k - 1) * around.rows + j - 1) * around.columns + i - 1] === 1, rim);
  return [padded(cutA), padded(cutB), rim];
}
