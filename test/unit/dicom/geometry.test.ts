import { anatomicalAxes } from '../../../src/dicom/geometry/orient.js';
import { voxelToPatient, type Grid, type Vec3 } from '../../../src/dicom/geometry/grid.js';
import { assembleVolume, planGrid, sliceFacts, type SliceFacts } from '../../../src/dicom/geometry/volume.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import type { Header } from '../../../src/dicom/header.js';
import { ctSlice, part10, type Attributes } from '../../support/synthetic-image.js';

type Position = readonly [string, string, string];
const AXIAL = ['1', '0', '0', '0', '1', '0'];
const SAGITTAL = ['0', '1', '0', '0', '0', '-1'];
const at = (z: number, attributes: Attributes = {}) => ctSlice(['-10', '-20', String(z)], attributes);
const stack = (...z: number[]) => z.map((mm) => at(mm));
const facts = (instances: readonly ReturnType<typeof ctSlice>[]): SliceFacts[] => instances.flatMap(({ dataset }) => sliceFacts(dataset));
const plan = (instances: readonly ReturnType<typeof ctSlice>[]) => planGrid(facts(instances));
const oriented = (orientation: readonly string[], positions: readonly Position[]) =>
  positions.map((position) => ctSlice(position, { ImageOrientationPatient: orientation }));

describe('planGrid', () => {
  it('orders slices along i × j whatever order they come in', () => {
    const { grid, order } = plan(stack(10, 0, 15, 5));
    expect(order).toEqual([1, 3, 0, 2]);
    expect(grid).toEqual({
      columns: 3,
      rows: 2,
      slices: 4,
      originMm: [-10, -20, 0],
      iDirection: [1, 0, 0],
      jDirection: [0, 1, 0],
      kDirection: [0, 0, 1],
      spacingMm: [0.75, 0.5, 5],
      frameOfReferenceUid: '1.2.3.4',
    });
  });

  it('keeps sagittal and flipped stacks unmirrored: the voxel of each slice lies where the slice says', () => {
    const sagittal = oriented(SAGITTAL, [
      ['30', '0', '5'],
      ['20', '0', '5'],
      ['25', '0', '5'],
    ]);
    const flipped = oriented(
      ['-1', '0', '0', '0', '1', '0'],
      [
        ['0', '0', '0'],
        ['0', '0', '4'],
        ['0', '0', '2'],
      ],
    );
    for (const instances of [sagittal, flipped]) {
      const all = facts(instances);
      const { grid, order } = planGrid(all);
      order.forEach((index, k) => {
        voxelToPatient(grid, 0, 0, k).forEach((mm, axis) => expect(mm).toBeCloseTo(all[index]?.positionMm[axis], 9));
      });
    }
    expect(plan(sagittal).grid.kDirection.map((value) => value + 0)).toEqual([-1, 0, 0]);
    expect(plan(flipped).grid.kDirection.map((value) => value + 0)).toEqual([0, 0, -1]);
  });

  it('takes positions that are rounded', () => {
    expect(plan(stack(0, 0.62, 1.25, 1.88, 2.5)).grid.spacingMm[2]).toBeCloseTo(0.625, 6);
  });

  const tilted = (degrees: number) => [0, 5, 10, 15].map((z) => ctSlice(['0', String(z * Math.tan((degrees * Math.PI) / 180)), String(z)]));

  it.each<[string, ReturnType<typeof ctSlice>[], RegExp]>([
    ['gantry tilt', tilted(12), /sheared \(gantry tilt\): over 15\.0 mm slices shift by 3\.2 mm in their plane, 12\.0 degrees/],
    [
      'a missing slice',
      stack(0, 5, 10, 20, 25),
      /missing slices: between 10\.00 and 20\.00 mm along the normal the gap is 10\.00 mm where slices are 5\.00 mm apart/,
    ],
    ['one of three slices missing', stack(0, 5, 15), /missing slices: between 5\.00 and 15\.00 mm/],
    ['uneven spacing', stack(0, 5, 10, 13, 18), /uneven spacing: gaps from 3\.00 to 5\.00 mm/],
    ['a 4D series', stack(0, 5, 10, 0, 5, 10), /6 slices at 3 positions: 2 volumes in one series/],
    ['a slice that is there twice', stack(0, 5, 10, 5), /4 slices at 3 positions: some positions more than once/],
    [
      'two orientations',
      [
        ...stack(0, 5),
        ...oriented(SAGITTAL, [
          ['0', '0', '0'],
          ['5', '0', '0'],
        ]),
      ],
      /2 orientations in one series: 1\\0\\0\\0\\1\\0 and 0\\1\\0\\0\\0\\-1/,
    ],
    ['mixed matrices', [at(0), at(5, { Rows: [3], PixelData: new Uint8Array(18) })], /different matrices: 3 × 2, 3 × 3/],
    ['mixed pixel spacing', [at(0), at(5, { PixelSpacing: ['0.6', '0.75'] })], /different PixelSpacing: 0\.5\\0\.75 and 0\.6\\0\.75 mm/],
    ['mixed frames of reference', [at(0), at(5, { FrameOfReferenceUID: ['1.2.3.5'] })], /2 frames of reference/],
    ['one slice', stack(0), /1 slice: the spacing of slices is not known/],
    ['localizers only', [0, 5].map((z) => at(z, { ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] })), /all 2 images are localizers/],
    [
      'directions that are no unit vectors',
      oriented(
        ['1', '0', '0', '1', '0', '0'],
        [
          ['0', '0', '0'],
          ['0', '0', '5'],
        ],
      ),
      /not two unit vectors at right angles/,
    ],
    ['no slices', [], /no slices/],
  ])('refuses %s with figures', (_, instances, message) => {
    expect(() => plan(instances)).toThrow(message);
    expect(() => plan(instances)).toThrow(/^The series is not one regular stack of slices/);
  });
});

describe('sliceFacts', () => {
  it.each<[string, Attributes, RegExp]>([
    [
      'an object without pixels',
      { Rows: null, Columns: null, SOPClassUID: ['1.2.840.10008.5.1.4.1.1.88.33'] },
      /is no image \(SOP class 1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.33/,
    ],
    ['a segmentation', { SOPClassUID: [SOP_CLASS.SegmentationStorage] }, /is a segmentation/],
    ['an image without position', { ImagePositionPatient: null }, /has no ImagePositionPatient/],
    ['a position of two values', { ImagePositionPatient: ['1', '2'] }, /2 values in ImagePositionPatient where 3 belong/],
    ['a position that is no number', { ImagePositionPatient: ['1', '2', 'x'] }, /ImagePositionPatient that is no number/],
    ['pixel spacing 0', { PixelSpacing: ['0', '1'] }, /PixelSpacing 0\\1/],
    ['a multi-frame image without functional groups', { NumberOfFrames: [10] }, /10 frames and no functional groups/],
  ])('refuses %s', (_, attributes, message) => {
    expect(() => facts([at(0, attributes)])).toThrow(message);
  });
});

describe('assembleVolume', () => {
  it('stacks Hounsfield units in the order of k and keeps positions as written', async () => {
    const volume = await assembleVolume([ctSlice(['0', '0', '5.0'], {}, 100), ctSlice(['0', '0', '0.00'], {}, 0)]);
    expect(volume.voxels).toEqual(Int16Array.from([0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105].map((value) => value - 1024)));
    expect(volume.slices.map((slice) => slice.imagePosition)).toEqual([
      ['0', '0', '0.00'],
      ['0', '0', '5.0'],
    ]);
    expect(volume.slices[0]).toEqual({
      sopClassUid: SOP_CLASS.CTImageStorage,
      sopInstanceUid: '1.2.3.0.0',
      imagePosition: ['0', '0', '0.00'],
    });
  });

  it('rescales each slice by its own slope', async () => {
    const slice = (z: string, slope: string) => ctSlice(['0', '0', z], { RescaleSlope: [slope], RescaleIntercept: ['0'] }, 2);
    const { voxels } = await assembleVolume([slice('0', '1'), slice('5', '0.5')]);
    expect(voxels).toEqual(Float32Array.from([2, 3, 4, 5, 6, 7, 1, 1.5, 2, 2.5, 3, 3.5]));
  });

  it('becomes floating point where a value does not fit 16 bits', async () => {
    const { voxels } = await assembleVolume([ctSlice(['0', '0', '0'], {}, 0), ctSlice(['0', '0', '5'], {}, 65000)]);
    expect(voxels).toBeInstanceOf(Float32Array);
    expect([voxels[0], voxels[11]]).toEqual([-1024, 65005 - 1024]);
  });

  it('reads an enhanced multi-frame image by its functional groups', async () => {
    const frame = (z: string): Header => ({ '00209113': { vr: 'SQ', Value: [{ '00200032': { vr: 'DS', Value: ['0', '0', z] } }] } });
    const shared: Header = {
      '00209116': { vr: 'SQ', Value: [{ '00200037': { vr: 'DS', Value: AXIAL } }] },
      '00289110': { vr: 'SQ', Value: [{ '00280030': { vr: 'DS', Value: ['1', '2'] } }] },
      '00289145': { vr: 'SQ', Value: [{ '00281052': { vr: 'DS', Value: ['-10'] }, '00281053': { vr: 'DS', Value: ['2'] } }] },
    };
    const enhanced = parseInstance(
      part10({
        SOPClassUID: [SOP_CLASS.EnhancedCTImageStorage],
        SOPInstanceUID: ['1.2.9'],
        FrameOfReferenceUID: ['1.2.3.4'],
        NumberOfFrames: [2],
        Rows: [1],
        Columns: [2],
        BitsAllocated: [8],
        BitsStored: [8],
        HighBit: [7],
        PixelRepresentation: [0],
        SamplesPerPixel: [1],
        SharedFunctionalGroupsSequence: [shared],
        PerFrameFunctionalGroupsSequence: [frame('3'), frame('0')],
        PixelData: Uint8Array.of(1, 2, 3, 4),
      }),
    );
    const { grid, slices, voxels } = await assembleVolume([enhanced]);
    expect(grid.spacingMm).toEqual([2, 1, 3]);
    expect(slices.map((slice) => slice.frameNumber)).toEqual([2, 1]);
    expect(voxels).toEqual(Int16Array.of(-4, -2, -8, -6));
  });

  it('refuses colour', async () => {
    const colour = (z: string) =>
      ctSlice(['0', '0', z], {
        SamplesPerPixel: [3],
        BitsAllocated: [8],
        BitsStored: [8],
        HighBit: [7],
        PlanarConfiguration: [0],
        PixelData: new Uint8Array(18),
      });
    await expect(assembleVolume([colour('0'), colour('5')])).rejects.toThrow(/colour image is no volume/);
  });
});

describe('anatomicalAxes', () => {
  const grid = (iDirection: Vec3, jDirection: Vec3, kDirection: Vec3): Grid => ({
    columns: 1,
    rows: 1,
    slices: 1,
    originMm: [0, 0, 0],
    iDirection,
    jDirection,
    kDirection,
    spacingMm: [1, 1, 1],
    frameOfReferenceUid: '',
  });

  it('axial: columns run left, rows back, slices up', () => {
    expect(anatomicalAxes(grid([1, 0, 0], [0, 1, 0], [0, 0, 1]))).toEqual({
      left: { axis: 0, sign: 1 },
      posterior: { axis: 1, sign: 1 },
      superior: { axis: 2, sign: 1 },
    });
  });

  it('sagittal: columns run back, rows down, slices right', () => {
    expect(anatomicalAxes(grid([0, 1, 0], [0, 0, -1], [-1, 0, 0]))).toEqual({
      left: { axis: 2, sign: -1 },
      posterior: { axis: 0, sign: 1 },
      superior: { axis: 1, sign: -1 },
    });
  });

  it('oblique: each axis is used once', () => {
    const half = Math.SQRT1_2;
    const axes = anatomicalAxes(grid([1, 0, 0], [0, half, -half], [0, half, half]));
    expect(new Set([axes.left.axis, axes.posterior.axis, axes.superior.axis]).size).toBe(3);
  });
});
