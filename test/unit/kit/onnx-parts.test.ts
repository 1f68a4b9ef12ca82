/** The parts of OnnxRunner that need no runtime: grids, values, windows and tensors. The whole with real networks is in test/integration/kit-onnx.test.ts. */
import type { Grid, Volume } from '../../../src/dicom/geometry/grid.js';
import { isAligned } from '../../../src/dicom/geometry/resample.js';
import { onnxContract } from '../../../src/kit/onnx/contract.js';
import type { OnnxContract } from '../../../src/kit/onnx/contract.js';
import { applyIntensity, otsuThreshold } from '../../../src/kit/onnx/intensity.js';
import type { IntensityStep } from '../../../src/kit/onnx/intensity.js';
import { modelGrid } from '../../../src/kit/onnx/model-grid.js';
import type { Network } from '../../../src/kit/onnx/network.js';
import { segmentWithNetwork } from '../../../src/kit/onnx/segment.js';
import { dimsOf, elementsOf } from '../../../src/kit/onnx/tensor.js';
import { windowsOf } from '../../../src/kit/onnx/windows.js';

const GRID: Grid = {
  columns: 10,
  rows: 6,
  slices: 5,
  originMm: [-50, -40, 100],
  iDirection: [1, 0, 0],
  jDirection: [0, 1, 0],
  kDirection: [0, 0, 1],
  spacingMm: [1, 1, 3],
  frameOfReferenceUid: '1.2',
};

const SLICES = { input: { name: 'x', layout: ['n', 1, 'j', 'i'] }, output: { name: 'y', layout: ['n', 1, 'j', 'i'], kind: 'labels' } };
const VOLUME = { input: { name: 'x', layout: [1, 1, 'i', 'j', 'k'] }, output: { name: 'y', layout: [1, 'i', 'j', 'k'], kind: 'labels' } };

function contract(more: Record<string, unknown>): OnnxContract {
  return onnxContract.parse({ file: 'net.onnx', sha256: 'a'.repeat(64), labels: { 1: 'LUNG', 2: 'LIVER', 3: 'HEART' }, ...more });
}

describe('the grid of the network', () => {
  it('is that of the series, padded by whole voxels, where nothing else is said', () => {
    const { grid } = contract({ ...SLICES, grid: { multiple_of: [8, 8, 1] } });
    const planned = modelGrid(GRID, grid);
    expect([planned.columns, planned.rows, planned.slices]).toEqual([16, 8, 5]);
    expect(planned.originMm).toEqual([-53, -41, 100]);
    expect(isAligned(GRID, planned)).toBe(true);
  });

  it('pads at the end where both begin at index 0', () => {
    expect(modelGrid(GRID, contract({ ...SLICES, grid: { multiple_of: [8, 8, 1], place: 'start' } }).grid).originMm).toEqual([
      -50, -40, 100,
    ]);
  });

  it('has axes that run to where the letters say, flipped but not turned', () => {
    const oblique: Grid = { ...GRID, iDirection: [0, 1, 0], jDirection: [0, 0.6, -0.8], kDirection: [1, 0, 0] };
    const turned: Grid = { ...GRID, iDirection: [0, 0.8, 0.6], jDirection: [0, 0.6, -0.8], kDirection: [-1, 0, 0] };
    const { grid } = contract({ ...VOLUME, grid: { orientation: 'LIA' } });
    const planned = modelGrid(turned, grid);
    expect(planned.iDirection.map(Math.abs)).toEqual([1, 0, 0]);
    expect(planned.iDirection[0]).toBe(1);
    expect(planned.jDirection).toEqual([0, 0.6, -0.8]);
    expect(planned.kDirection).toEqual([-0, -0.8, -0.6]);
    expect([planned.columns, planned.rows, planned.slices]).toEqual([5, 6, 10]);
    expect(isAligned(turned, planned)).toBe(true);
    expect(oblique.iDirection).not.toEqual(turned.iDirection);
  });

  it('along the patient has its middle in the middle of the series, whatever the size', () => {
    const { grid } = contract({ ...VOLUME, grid: { orientation: 'LIA', axes: 'patient', spacing_mm: [1, 1, 1], size: [20, 20, 8] } });
    const planned = modelGrid(GRID, grid);
    expect(planned.originMm).toEqual([-45.5 - 9.5, -37.5 + 3.5, 106 + 9.5]);
  });

  it('is at least as large as a tile', () => {
    expect(modelGrid(GRID, contract(VOLUME).grid, [16, 4, 8])).toMatchObject({ columns: 16, rows: 6, slices: 8 });
  });
});

describe('values', () => {
  it.each<[string, IntensityStep[], number[]]>([
    ['offset and clamp, in this order', [{ offset: 1024 }, { clamp: { from: 0 } }], [0, 24, 24, 1024, 1124, 2024]],
    ['clamp and offset, in this order', [{ clamp: { from: 0 } }, { offset: 1024 }], [1024, 1024, 1024, 1024, 1124, 2024]],
    ['a given range', [{ scale: { from: [-1000, 1000], to: [0, 1] } }], [-0.5, 0, 0, 0.5, 0.55, 1]],
    ['their own range', [{ scale: { to: [0, 300] } }, { quantise: 'uint8' }], [0, 100, 100, 200, 210, 255]],
    ['mean and deviation', [{ standardise: { mean: 0, deviation: 100, of: 'all' } }], [-20, -10, -10, 0, 1, 10]],
    ['a percentile of what is brighter', [{ clamp_percentiles: { to: 50, of: 'above_minimum' } }], [-2000, -1000, -1000, 0, 0, 0]],
  ])('%s', (_, steps, wanted) => {
    const values = Float32Array.of(-2000, -1000, -1000, 0, 100, 1000);
    applyIntensity(values, steps);
    [...values].forEach((value, p) => expect(Math.abs(value - wanted[p])).toBeLessThan(0.05));
  });

  it('are parted by Otsu between two heaps', () => {
    const values = Float32Array.from({ length: 1000 }, (_, p) => (p < 700 ? p % 10 : 200 + (p % 10)));
    expect(otsuThreshold(values)).toBeGreaterThan(8.9);
    expect(otsuThreshold(values)).toBeLessThan(200);
  });
});

describe('windows', () => {
  const taken = (windows: ReturnType<typeof windowsOf>) => {
    const times = new Uint8Array(10 * 6 * 5);
    for (const [i, j, k] of windows)
      for (let z = k.from; z < k.to; z++)
        for (let y = j.from; y < j.to; y++) for (let x = i.from; x < i.to; x++) times[(z * 6 + y) * 10 + x]++;
    return new Set(times);
  };

  it.each([
    ['slices one by one', contract(SLICES), 5, [1, 1, 6, 10]],
    ['batches of slices, the last moved back', contract({ ...SLICES, batch_slices: 2 }), 3, [2, 1, 6, 10]],
    ['the whole volume', contract(VOLUME), 1, [1, 1, 10, 6, 5]],
    ['overlapping tiles', contract({ ...VOLUME, tile: { size: [4, 4, 4], overlap: [2, 1, 0] } }), 16, [1, 1, 4, 4, 4]],
  ] as const)('as %s cover every voxel once', (_, one, count, dims) => {
    const windows = windowsOf(GRID, one);
    expect(windows).toHaveLength(count);
    expect(taken(windows)).toEqual(new Set([1]));
    for (const window of windows) {
      expect(dimsOf(one.input.layout, window)).toEqual(dims);
      for (const { start, size, from, to } of window) expect([start <= from, to <= start + size]).toEqual([true, true]);
    }
  });

  it('have sagittal slices where the layout says so', () => {
    const sagittal = { ...SLICES.input, layout: ['n', 1, 'k', 'j'] };
    const one = contract({ input: sagittal, output: { ...SLICES.output, layout: ['n', 1, 'k', 'j'] } });
    expect(windowsOf(GRID, one)).toHaveLength(10);
  });
});

describe('tensors', () => {
  const values = Float32Array.from({ length: 10 * 6 * 5 }, (_, p) => p);

  it('have the layout of the contract', () => {
    const { input } = contract(VOLUME);
    const [window] = windowsOf(GRID, contract(VOLUME));
    const data = elementsOf(values, GRID, input.layout, 'float32', window);
    // [i][j][k] at (7, 2, 3)
    expect(data[(7 * 6 + 2) * 5 + 3]).toBe((3 * 6 + 2) * 10 + 7);
  });

  it('of whole numbers are rounded and kept in range', () => {
    const [window] = windowsOf(GRID, contract(SLICES));
    const data = elementsOf(
      Float32Array.from(values, (value) => value * 10.26 - 5),
      GRID,
      ['n', 1, 'j', 'i'],
      'uint8',
      window,
    );
    expect([data[0], data[1], data[2], data[59]]).toEqual([0, 5, 16, 255]);
  });
});

/** A network that answers with what `answer` makes of each element. */
function fake(answer: (value: number) => number, onRun: () => void = () => undefined): Network {
  return {
    runtimeVersion: 'none',
    run: (data, window) => {
      onRun();
      const dims = window.map(({ size }) => size);
      return Promise.resolve({ data: Float32Array.from(data as Float32Array, answer), dims: [1, dims[0], dims[1], dims[2]] });
    },
  };
}

describe('a series through a network', () => {
  const voxels = Int16Array.from({ length: 300 }, (_, p) => p % 4);
  const volume: Volume = { grid: GRID, voxels, slices: [] };

  it('comes back on its own grid, voxel by voxel, through flips, padding and tiles', async () => {
    const one = contract({
      ...VOLUME,
      grid: { orientation: 'RAI', multiple_of: [4, 4, 4] },
      tile: { size: [4, 4, 4], overlap: [2, 0, 1] },
    });
    const fractions: number[] = [];
    const result = await segmentWithNetwork(
      volume,
      one,
      fake((value) => value),
      (fraction) => fractions.push(fraction),
    );
    expect([...result.labelMap.labels]).toEqual([...voxels]);
    expect(result.interpolated).toBe(false);
    expect(fractions.length).toBe(result.windows + 1);
    expect(fractions.at(-1)).toBeCloseTo(0.9);
  });

  it('drops the labels that are to be ignored, and refuses one that nobody named', async () => {
    const two = contract({ ...VOLUME, labels: { 1: 'LUNG', 2: 'LIVER' }, ignore_labels: [3] });
    const { labelMap } = await segmentWithNetwork(
      volume,
      two,
      fake((value) => value),
      () => undefined,
    );
    expect(new Set(labelMap.labels)).toEqual(new Set([0, 1, 2]));
    const unnamed = contract({ ...VOLUME, labels: { 1: 'LUNG', 2: 'LIVER' } });
    await expect(
      segmentWithNetwork(
        volume,
        unnamed,
        fake((value) => value),
        () => undefined,
      ),
    ).rejects.toThrow(/the network gave label 3, which neither labels nor ignore_labels names/);
  });

  it('has label 1 where a probability reaches the threshold, and none outside of what the network saw', async () => {
    const output = { name: 'y', layout: [1, 'i', 'j', 'k'], kind: 'probability', threshold: 3 };
    const cropped = { ...VOLUME, output, labels: { 1: 'LUNG' }, grid: { size: [8, 6, 5] } };
    const { labelMap } = await segmentWithNetwork(
      volume,
      contract(cropped),
      fake((value) => value),
      () => undefined,
    );
    const wanted = Array.from(voxels, (value, p) => (value === 3 && p % 10 > 0 && p % 10 < 9 ? 1 : 0));
    expect([...labelMap.labels]).toEqual(wanted);
  });
});
