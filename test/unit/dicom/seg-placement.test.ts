import fc from 'fast-check';
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import { voxelToPatient } from '../../../src/dicom/geometry/grid.js';
import { placeFrame, placementGrid } from '../../../src/dicom/seg/placement.js';
import { madeUpSource } from '../../support/seg.js';

const oblique = madeUpSource({ rows: 5, columns: 7, iDirection: [0.8, 0.6, 0], jDirection: [0, 0, -1] });
const negative = ([x, y, z]: Vec3): Vec3 => [-x, -y, -z];

/** The eight ways in which the rows and columns of a plane can run, each as the frame of the plane's voxel (0,0), its two directions and spacings. */
function framesOfPlane(k: number) {
  const { grid } = oblique;
  const [di, dj] = [grid.iDirection, grid.jDirection];
  const [si, sj] = [grid.spacingMm[0], grid.spacingMm[1]];
  return [false, true].flatMap((exchanged) =>
    [false, true].flatMap((flipI) =>
      [false, true].map((flipJ) => {
        const positionMm = voxelToPatient(grid, flipI ? grid.columns - 1 : 0, flipJ ? grid.rows - 1 : 0, k);
        const pixelSpacingMm: [number, number] = exchanged ? [si, sj] : [sj, si];
        const alongI = flipI ? negative(di) : di;
        const alongJ = flipJ ? negative(dj) : dj;
        return {
          exchanged,
          flipI,
          flipJ,
          rows: exchanged ? grid.columns : grid.rows,
          columns: exchanged ? grid.rows : grid.columns,
          plane: {
            positionMm,
            rowDirection: exchanged ? alongJ : alongI,
            columnDirection: exchanged ? alongI : alongJ,
            pixelSpacingMm,
            sourceSopInstanceUids: [],
          },
        };
      }),
    ),
  );
}

const onto = placementGrid(oblique.grid, oblique.slices);
const [straight] = framesOfPlane(4);

describe('placing frames on the source', () => {
  it('puts every voxel where it lies in the patient, however rows and columns run', () => {
    const { grid } = oblique;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 0, max: grid.slices - 1 }),
        fc.integer({ min: 0, max: 34 }),
        (way, k, voxel) => {
          const { plane, rows, columns } = framesOfPlane(k)[way];
          const placement = placeFrame(plane, rows, columns, onto);
          if (!('k' in placement)) throw new Error(placement.seen);
          const mask = new Uint8Array(rows * columns);
          mask[voxel] = 1;
          const n = placement.toSlice(mask).indexOf(1);
          const [row, column] = [Math.floor(voxel / columns), voxel % columns];
          const inFrame = plane.positionMm.map(
            (mm, axis) =>
              mm +
              column * plane.pixelSpacingMm[1] * plane.rowDirection[axis] +
              row * plane.pixelSpacingMm[0] * plane.columnDirection[axis],
          );
          const inSource = voxelToPatient(grid, n % grid.columns, Math.floor(n / grid.columns), placement.k);
          inFrame.forEach((mm, axis) => expect(mm).toBeCloseTo(inSource[axis], 6));
          expect(placement.realigned).toBe(way !== 0);
        },
      ),
    );
  });

  it('takes a frame that covers a part of the plane', () => {
    const plane = { ...straight.plane, positionMm: voxelToPatient(oblique.grid, 2, 1, 4) };
    const placement = placeFrame(plane, 2, 3, onto);
    if (!('k' in placement)) throw new Error(placement.seen);
    const slice = placement.toSlice(Uint8Array.of(1, 0, 1, 0, 1, 0));
    expect([...slice].flatMap((voxel, n) => (voxel ? [n] : []))).toEqual([9, 11, 17]);
  });

  const shifted = (i: number, j: number, k: number) => ({ ...straight.plane, positionMm: voxelToPatient(oblique.grid, i, j, k) });

  it('takes what lies within a tenth of a voxel', () => {
    expect(placeFrame(shifted(0.09, -0.09, 4.09), 5, 7, onto)).toMatchObject({ k: 4 });
  });

  it.each([
    ['between two slices', shifted(0, 0, 4.5), 5, 7, /1\.25 mm off the nearest slice/],
    ['above the last slice', shifted(0, 0, 11), 5, 7, /5\.00 mm off the nearest slice \(10\)/],
    ['between voxels', shifted(0.5, 0, 4), 5, 7, /0\.50 columns and 0\.00 rows/],
    ['over the edge', shifted(1, 0, 4), 5, 7, /columns 1 to 7/],
    ['over the edge on the other side', shifted(0, -2, 4), 5, 7, /rows -2 to 2/],
    ['with half the resolution', { ...straight.plane, pixelSpacingMm: [3, 1.5] as const }, 5, 7, /rows that run \(14\.00/],
    [
      'with a spacing that drifts off by the last column',
      { ...straight.plane, pixelSpacingMm: [1.5, 0.765] as const },
      5,
      7,
      /rows that run \(7\.14/,
    ],
    ['tilted', { ...straight.plane, rowDirection: [0.6, 0.8, 0] as const }, 5, 7, /rows that run/],
    ['perpendicular', { ...straight.plane, columnDirection: [0.6, -0.8, 0] as const }, 5, 7, /columns that run/],
    ['with rows and columns in one direction', { ...straight.plane, columnDirection: [0.8, 0.6, 0] as const }, 7, 7, /columns that run/],
    ['without a place', { sourceSopInstanceUids: [] }, 5, 7, /without ImagePositionPatient/],
  ])('refuses a frame %s', (_, plane, rows, columns, seen) => {
    const placement = placeFrame(plane, rows, columns, onto);
    expect('k' in placement ? 'placed' : placement.seen).toMatch(seen);
  });
});
