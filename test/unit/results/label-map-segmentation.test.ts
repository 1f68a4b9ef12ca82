/** Frames of a label map of any tool, whatever the order of its axes. */
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import { segmentationOf } from '../../../src/results/label-map-segmentation.js';
import { madeUpSource } from '../../support/seg.js';

const source = madeUpSource({ columns: 5, rows: 4, slices: 3, spacingMm: [1, 1, 1] });
const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const SIZE: Vec3 = [5, 4, 3];
const isRight = (i: number, j: number, k: number) => i + j * 2 + k > 8;
const isLeft = (i: number, j: number, k: number) => i < 2 && j + k === 2;

/** A map whose file has the axes in this order. */
function labelMap(order: readonly [number, number, number]) {
  const size = order.map((axis) => SIZE[axis]) as unknown as Vec3;
  const labels = new Uint8Array(60);
  labels.forEach((_, n) => {
    const place = [0, 0, 0];
    const inFile = [n % size[0], Math.floor(n / size[0]) % size[1], Math.floor(n / size[0] / size[1])];
    order.forEach((axis, at) => (place[axis] = inFile[at]));
    const [i, j, k] = place;
    labels[n] = isRight(i, j, k) ? 1 : isLeft(i, j, k) ? 2 : 0;
  });
  const stepsMm = order.map((axis) => AXES[axis]) as unknown as readonly [Vec3, Vec3, Vec3];
  const structures = new Map([
    [1, 'RIGHT_LUNG'],
    [2, 'LEFT_LUNG'],
  ]);
  return segmentationOf({ volume: { size, stepsMm, labels, originMm: source.grid.originMm }, structures }, source);
}

describe('a label map whose axes lie in the order', () => {
  it.each([
    [0, 1, 2],
    [1, 0, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 2, 0],
  ] as const)('%d, %d, %d has a frame for each label on a slice, with its voxels, and its runs where it tells them', (...order) => {
    const { frames } = labelMap(order);
    expect(
      frames.map(({ segmentNumber, positionMm }) => `${segmentNumber} at ${(positionMm?.[2] ?? 0) - source.grid.originMm[2]}`),
    ).toEqual(['1 at 0', '2 at 0', '1 at 1', '2 at 1', '1 at 2', '2 at 2']);
    const counts = frames.map((frame) => frame.unpack().reduce((sum, voxel) => sum + voxel, 0));
    expect(counts).toEqual([0, 1, 2].flatMap((k) => [count(isRight, k), count(isLeft, k)]));
    for (const frame of frames.filter((one) => one.runs !== undefined)) {
      const drawn = new Uint8Array(20);
      frame.runs?.((from, to) => drawn.fill(1, from, to));
      expect(drawn).toEqual(frame.unpack());
    }
  });
});

function count(inside: typeof isRight, k: number): number {
  return Array.from({ length: 20 }, (_, n) => inside(n % 5, Math.floor(n / 5), k)).filter(Boolean).length;
}
