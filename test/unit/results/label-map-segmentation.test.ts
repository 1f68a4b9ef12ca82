/** Frames of a label map of any tool, whatever the order of its axes. */
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import { plus, scaled } from '../../../src/dicom/geometry/vector.js';
import { segmentationOf } from '../../../src/results/label-map-segmentation.js';
import { madeUpSource } from '../../support/seg.js';
import { turnsDuring } from '../../support/turns.js';

const source = madeUpSource({ columns: 5, rows: 4, slices: 3, spacingMm: [1, 1, 1] });
const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const SIZE: Vec3 = [5, 4, 3];
const isRight = (i: number, j: number, k: number) => i + j * 2 + k > 8;
const isLeft = (i: number, j: number, k: number) => i < 2 && j + k === 2;

/** A map whose file has the axes in this order, those in `reversed` against the direction of the source's. */
function labelMap(order: readonly [number, number, number], reversed: readonly number[]) {
  const size = order.map((axis) => SIZE[axis]) as unknown as Vec3;
  const labels = new Uint8Array(60);
  labels.forEach((_, n) => {
    const place = [0, 0, 0];
    const inFile = [n % size[0], Math.floor(n / size[0]) % size[1], Math.floor(n / size[0] / size[1])];
    order.forEach((axis, at) => (place[axis] = reversed.includes(axis) ? SIZE[axis] - 1 - inFile[at] : inFile[at]));
    const [i, j, k] = place;
    labels[n] = isRight(i, j, k) ? 1 : isLeft(i, j, k) ? 2 : 0;
  });
  const stepsMm = order.map((axis) => scaled(AXES[axis], reversed.includes(axis) ? -1 : 1)) as unknown as readonly [Vec3, Vec3, Vec3];
  const originMm = reversed.reduce((mm, axis) => plus(mm, scaled(AXES[axis], SIZE[axis] - 1)), source.grid.originMm);
  const structures = new Map([
    [1, 'RIGHT_LUNG'],
    [2, 'LEFT_LUNG'],
  ]);
  return segmentationOf({ volume: { size, stepsMm, labels, originMm }, structures }, source);
}

const ORDERS = [
  [0, 1, 2],
  [1, 0, 2],
  [2, 1, 0],
  [0, 2, 1],
  [1, 2, 0],
  [2, 0, 1],
] as const;

describe.each(ORDERS)('a label map whose axes lie in the order %d, %d, %d', (...order) => {
  it.each([[[]], [[0, 1]], [[2]], [[0, 1, 2]]])(
    'those of %j reversed, has a frame for each label on a slice, and tells its runs',
    async (reversed) => {
      const { frames, rows, columns } = await labelMap(order, reversed);
      expect([columns, rows]).toEqual([5, 4]);
      expect(
        frames.map(({ segmentNumber, positionMm }) => `${segmentNumber} at ${(positionMm?.[2] ?? 0) - source.grid.originMm[2]}`),
      ).toEqual(['1 at 0', '2 at 0', '1 at 1', '2 at 1', '1 at 2', '2 at 2']);
      for (const [n, frame] of frames.entries()) {
        const k = Math.floor(n / 2);
        const inside = frame.segmentNumber === 1 ? isRight : isLeft;
        const expected = Uint8Array.from({ length: 20 }, (_, at) => (inside(at % 5, Math.floor(at / 5), k) ? 1 : 0));
        const drawn = new Uint8Array(20);
        frame.runs?.((from, to) => drawn.fill(1, from, to));
        expect([frame.unpack(), drawn]).toEqual([expected, expected]);
      }
    },
  );
});

it('bringing a label map into the order of the source and looking for its labels lets other work go on after each plane', async () => {
  expect(await turnsDuring(() => labelMap([2, 0, 1], []))).toBeGreaterThanOrEqual(2 * SIZE[2]);
});
