import type { Grid } from '../../../src/dicom/geometry/grid.js';
import { indexMap, isAligned, resampleLabels, sampleLinear, sampleNearest } from '../../../src/dicom/geometry/resample.js';

const SOURCE: Grid = {
  columns: 4,
  rows: 3,
  slices: 2,
  originMm: [10, -5, 30],
  iDirection: [1, 0, 0],
  jDirection: [0, 1, 0],
  kDirection: [0, 0, 1],
  spacingMm: [2, 2, 4],
  frameOfReferenceUid: '1.2.3',
};
const VOXELS = Int16Array.from({ length: 24 }, (_, p) => 10 * p);

function collected(sample: typeof sampleLinear, target: Grid, outside = -1): number[] {
  const out: number[] = [];
  sample(VOXELS, SOURCE, target, outside, (at, value) => (out[at] = value));
  return out;
}

describe('resampling', () => {
  it('gives the very voxels of a grid that is flipped and swapped, without interpolation', () => {
    // i runs to the feet, j to the right, k to the back
    const flipped: Grid = {
      ...SOURCE,
      columns: 2,
      rows: 4,
      slices: 3,
      originMm: [16, -5, 34],
      iDirection: [0, 0, -1],
      jDirection: [-1, 0, 0],
      kDirection: [0, 1, 0],
      spacingMm: [4, 2, 2],
    };
    expect(isAligned(SOURCE, flipped)).toBe(true);
    const wanted: number[] = [];
    for (let k = 0; k < 3; k++) for (let j = 0; j < 4; j++) for (let i = 0; i < 2; i++) wanted.push(10 * (((1 - i) * 3 + k) * 4 + (3 - j)));
    expect(collected(sampleLinear, flipped)).toEqual(wanted);
    expect(collected(sampleNearest, flipped)).toEqual(wanted);
  });

  it('interpolates linearly in all three directions, and holds the last value for half a voxel', () => {
    const between: Grid = { ...SOURCE, columns: 1, rows: 1, slices: 1, originMm: [11, -4.5, 31] };
    // a quarter of the way along j and k, half along i: 10·0.5 + 40·0.25 + 120·0.25
    expect(collected(sampleLinear, between)).toEqual([45]);
    expect(isAligned(SOURCE, between)).toBe(false);
    const line: Grid = { ...SOURCE, columns: 7, rows: 1, slices: 1, originMm: [8.9, -5, 30], spacingMm: [0.5, 2, 4] };
    expect(collected(sampleLinear, line).map((value) => Number(value.toFixed(6)))).toEqual([-1, 0, 0, 2, 4.5, 7, 9.5]);
  });

  it('is outside where nothing of the source is', () => {
    const away: Grid = { ...SOURCE, originMm: [10, -5, 130] };
    expect(new Set(collected(sampleLinear, away, -1024))).toEqual(new Set([-1024]));
  });

  it('says where target voxels lie in the source', () => {
    const { steps, offset } = indexMap(SOURCE, { ...SOURCE, originMm: [12, -5, 30], spacingMm: [1, 2, 4] });
    expect(offset).toEqual([1, 0, 0]);
    expect(steps[0]).toEqual([0.5, 0, 0]);
  });
});

describe('labels on another grid', () => {
  const labels = Uint8Array.from([1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 3, 2, 2, 1, 1, 2, 2]);
  const map = { grid: SOURCE, labels };
  // three times as fine along i
  const fine: Grid = { ...SOURCE, columns: 12, originMm: [10 - 2 / 3, -5, 30], spacingMm: [2 / 3, 2, 4] };

  it('change half-way between two voxels, whichever way they are made', () => {
    const row = (how: 'vote' | 'nearest') => [...resampleLabels(map, fine, how).labels.subarray(0, 12)].join('');
    expect(row('nearest')).toBe('111111222222');
    expect(row('vote')).toBe('111111222222');
  });

  it('are voted for: of three labels the heaviest wins, not the first', () => {
    // around (0.6, 0.9, 1): label 3 stands at (1, 1, 1)
    const point: Grid = { ...SOURCE, columns: 1, rows: 1, slices: 1, originMm: [10 + 2 * 0.6, -5 + 2 * 0.9, 34] };
    expect([...resampleLabels(map, point, 'vote').labels]).toEqual([3]);
    const nearerToOnes: Grid = { ...point, originMm: [10 + 2 * 0.45, -5 + 2 * 0.9, 34] };
    expect([...resampleLabels(map, nearerToOnes, 'vote').labels]).toEqual([1]);
  });

  it('are background outside', () => {
    const away: Grid = { ...SOURCE, originMm: [10, 95, 30] };
    expect([...resampleLabels(map, away, 'vote').labels].every((label) => label === 0)).toBe(true);
  });
});
