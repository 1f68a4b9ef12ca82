/** Contours and masks: drawn shapes against their formulas, masks there and back, and what is refused. */
import { headerOf, type Attributes } from '../../../src/dicom/compose.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { encodeImplicitDataSet, fileMeta } from '../../../src/dicom/element/write.js';
import { voxelToPatient, type Grid, type Vec3 } from '../../../src/dicom/geometry/grid.js';
import { uniformRandom } from '../../../src/dicom/phantom/random.js';
import { fillOutlines } from '../../../src/dicom/rtstruct/fill.js';
import { maskOfRoi } from '../../../src/dicom/rtstruct/masks.js';
import { outlinesOf } from '../../../src/dicom/rtstruct/outlines.js';
import { readStructureSet } from '../../../src/dicom/rtstruct/read.js';
import { structureOfRoi } from '../../../src/dicom/rtstruct/roi-structure.js';
import type { Contour, Roi } from '../../../src/dicom/rtstruct/structure-set.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import { maskOfSlices } from '../../../src/dicom/seg/mask.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';

const NO_CODES = { typeModifiers: [], regions: [], regionModifiers: [] };

/** Turned about two axes, so that no coordinate stays as it was; pixels of 0.7 × 1.3 mm. */
const TURN = Math.PI / 5;
const OBLIQUE: { iDirection: Vec3; jDirection: Vec3 } = {
  iDirection: [Math.cos(TURN), Math.sin(TURN), 0],
  jDirection: [-Math.sin(TURN) * Math.cos(0.4), Math.cos(TURN) * Math.cos(0.4), Math.sin(0.4)],
};
const PLANES = { axial: {}, oblique: OBLIQUE };

/** A point in pixels, (i, j). */
type Point = readonly [number, number];

function contour(points: readonly Point[], grid: Grid, k: number, type = 'CLOSED_PLANAR'): Contour {
  const pointsMm = Float64Array.from(points.flatMap(([i, j]) => [...voxelToPatient(grid, i, j, k)].map((mm) => Number(mm.toFixed(3)))));
  return { type, pointsMm, imageSopInstanceUids: [] };
}

function roi(...contours: readonly Contour[]): Roi {
  return { number: 1, name: 'drawn', frameOfReferenceUid: '1.2.3.4.99', codes: NO_CODES, interpretedType: '', contours };
}

function circle([ci, cj]: Point, radius: number, points = 720): Point[] {
  return Array.from({ length: points }, (_, n) => {
    const angle = (2 * Math.PI * n) / points;
    return [ci + radius * Math.cos(angle), cj + radius * Math.sin(angle)];
  });
}

/** How far a pixel's centre is inside a disc, in pixels; negative outside. */
type Depth = (i: number, j: number) => number;
const disc =
  ([ci, cj]: Point, radius: number): Depth =>
  (i, j) =>
    radius - Math.hypot(i - ci, j - cj);
const both =
  (a: Depth, b: Depth): Depth =>
  (i, j) =>
    Math.max(a(i, j), b(i, j));
const without =
  (a: Depth, b: Depth): Depth =>
  (i, j) =>
    Math.min(a(i, j), -b(i, j));

/** The ring as one outline: out to the hole along a line of no width, around it the other way, and back. */
function keyhole(outer: readonly Point[], hole: readonly Point[]): Point[] {
  return [...outer, outer[0], hole[0], ...[...hole].reverse(), outer[0]];
}

const SHAPES: Readonly<Record<string, { readonly contours: readonly (readonly Point[])[]; readonly depth: Depth }>> = {
  'a disc': { contours: [circle([20.3, 15.6], 9.2)], depth: disc([20.3, 15.6], 9.2) },
  'a hole within': {
    contours: [circle([20.3, 15.6], 11.2), circle([18.1, 16.2], 5.3)],
    depth: without(disc([20.3, 15.6], 11.2), disc([18.1, 16.2], 5.3)),
  },
  'a hole as a keyhole': {
    contours: [keyhole(circle([20.3, 15.6], 11.2), circle([20.3, 15.6], 5.3))],
    depth: without(disc([20.3, 15.6], 11.2), disc([20.3, 15.6], 5.3)),
  },
  'two islands': {
    contours: [circle([9.1, 9.4], 6.5), circle([29.7, 20.2], 7.1)],
    depth: both(disc([9.1, 9.4], 6.5), disc([29.7, 20.2], 7.1)),
  },
  'an island in a hole': {
    contours: [circle([20, 16], 13.3), circle([20, 16], 9.1), circle([20, 16], 4.2)],
    depth: both(without(disc([20, 16], 13.3), disc([20, 16], 9.1)), disc([20, 16], 4.2)),
  },
  'one that reaches beyond the border': { contours: [circle([1.2, 30.1], 8.4)], depth: disc([1.2, 30.1], 8.4) },
};

describe('contours of drawn shapes', () => {
  for (const [plane, directions] of Object.entries(PLANES)) {
    const { grid } = madeUpSource({ columns: 40, rows: 32, slices: 3, spacingMm: [0.7, 1.3, 2.5], ...directions });
    it.each(Object.entries(SHAPES))(
      `as %s on ${plane} planes fill the pixels whose centres are inside, to a hundredth of a pixel`,
      (_, shape) => {
        const { mask, refusals, notes } = maskOfRoi(roi(...shape.contours.map((points) => contour(points, grid, 1))), grid);
        expect({ refusals, notes, slices: mask.slices }).toEqual({ refusals: [], notes: [], slices: [1] });
        const filled = mask.slice(1);
        const wrong = [...filled.keys()].filter((p) => {
          const depth = shape.depth(p % 40, Math.floor(p / 40));
          return filled[p] === 1 ? depth < -0.01 : depth > 0.01;
        });
        expect(wrong).toEqual([]);
      },
    );
  }

  it('are refused where they cross the rows more often than any outline does, before memory is taken for it', () => {
    const { grid: tall } = madeUpSource({ columns: 4, rows: 512, slices: 2 });
    const zigzag = Array.from({ length: 40_000 }, (_, n): Point => [n % 3, n % 2 === 0 ? 0 : 511]);
    const drawn = maskOfRoi(roi(contour(zigzag, tall, 1)), tall);
    expect(drawn.refusals).toEqual([expect.stringMatching(/^contours on slice 2 cross its rows 204\d{5} times, expected at most 250000$/)]);
    expect(drawn.mask.slices).toEqual([]);
  });

  it('give a centre that lies on an edge to the region towards greater columns and rows, and to one of two that share the edge', () => {
    const box = (i0: number, i1: number, j0: number, j1: number) => Float64Array.of(i0, j0, i1, j0, i1, j1, i0, j1);
    const drawn = (...outlines: Float64Array[]) => [...fillOutlines(outlines, 5, 6)];
    const row = (mask: number[], j: number) => mask.slice(j * 6, j * 6 + 6).join('');
    const left = drawn(box(1, 3, 1, 3));
    expect([0, 1, 2, 3].map((j) => row(left, j))).toEqual(['000000', '011000', '011000', '000000']);
    const right = drawn(box(3, 5, 1, 3));
    expect(left.map((voxel, p) => voxel + right[p])).toEqual(drawn(box(1, 5, 1, 3)));
  });
});

describe('contours along the slices', () => {
  const { grid } = madeUpSource({ columns: 40, rows: 32, slices: 5, spacingMm: [0.7, 1.3, 2.5] });
  const at = (k: number) => contour(circle([20, 16], 8), grid, k);

  it('count for the nearest slice within half a spacing, which is said', () => {
    const { mask, notes, refusals } = maskOfRoi(roi(at(1.4), at(3.6)), grid);
    expect(mask.slices).toEqual([1, 4]);
    expect(notes).toEqual(['2 of 2 contours lie between slices and count for the nearest']);
    expect(refusals).toEqual([]);
  });

  it('drawn more finely than the images are not counted even-odd on one slice: the nearest is taken', () => {
    const { mask, notes } = maskOfRoi(roi(at(2), at(2.3), at(1.7)), grid);
    expect(mask.slices).toEqual([2]);
    expect(mask.slice(2)).toEqual(maskOfRoi(roi(at(2)), grid).mask.slice(2));
    expect(notes[0]).toBe('2 contours beside slice 3, which has nearer ones, left out');
  });

  it('twice the same count once', () => {
    expect(maskOfRoi(roi(at(2), at(2)), grid).voxelCount).toBe(maskOfRoi(roi(at(2)), grid).voxelCount);
  });

  it('beyond the images, or across them, are refused by name', () => {
    const points = circle([20, 16], 8, 4).map(([i, j], n) => voxelToPatient(grid, i, j, n / 3));
    const tilted = { type: 'CLOSED_PLANAR', pointsMm: Float64Array.from(points.flat()), imageSopInstanceUids: [] };
    expect(maskOfRoi(roi(at(5.2), tilted), grid).refusals).toEqual([
      'contour 1 lies 3.00 mm beyond the last slice, expected at most half a spacing (1.25 mm)',
      'contour 2 rises by 2.50 mm across the slices, expected one that lies on a plane of the images',
    ]);
  });

  it('that bound no area are left out and said, and a region without any contour has no voxel', () => {
    const point = contour([[3, 3]], grid, 1, 'POINT');
    const { voxelCount, notes, refusals } = maskOfRoi(roi(point, contour([[3, 3], [9, 9]], grid, 1)), grid); // prettier-ignore
    expect({ voxelCount, refusals }).toEqual({ voxelCount: 0, refusals: [] });
    expect(notes).toEqual(['1 × POINT left out: bounds no area', '1 × a contour of fewer than three points left out: bounds no area']);
    expect(maskOfRoi(roi(), grid)).toMatchObject({ voxelCount: 0, notes: [], refusals: [] });
  });
});

describe('masks as contours', () => {
  const random = uniformRandom(7);
  const masks = Array.from({ length: 200 }, () => {
    const [rows, columns, share] = [1 + Math.floor(random() * 20), 1 + Math.floor(random() * 20), random()];
    return { rows, columns, mask: Uint8Array.from({ length: rows * columns }, () => (random() < share ? 1 : 0)) };
  });

  it.each([0, 0.2, 0.34])('come back to the pixel, holes, corners and borders included, with a tolerance of %p', (tolerance) => {
    const back = masks.map(({ mask, rows, columns }) => fillOutlines(outlinesOf(mask, rows, columns, tolerance), rows, columns));
    expect(back).toEqual(masks.map(({ mask }) => mask));
  });

  it('have no contour within another: who unites the contours of a region gets the same mask', () => {
    for (const { mask, rows, columns } of masks) {
      const united = new Uint8Array(mask.length);
      for (const outline of outlinesOf(mask, rows, columns, 0.34))
        fillOutlines([outline], rows, columns).forEach((voxel, p) => (united[p] |= voxel));
      expect(united).toEqual(mask);
    }
  });

  it('come back through a file, on oblique planes of uneven pixels too, with names, codes and colours', () => {
    const source = madeUpSource({ columns: 40, rows: 32, slices: 6, spacingMm: [0.7, 1.3, 2.5], ...OBLIQUE });
    const speckled = new Map([[2, Uint8Array.from({ length: 40 * 32 }, () => (random() < 0.6 ? 1 : 0))]]);
    const input = segInput(source, [
      segmentOf('LEFT_LUNG', ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.3)),
      segmentOf('LIVER', maskOfSlices(speckled)),
      segmentOf('HEART', maskOfSlices(new Map())),
    ]);
    const set = readStructureSet(parseInstance(writeStructureSet(input)).dataset);
    expect(set).toMatchObject({
      patientId: 'PAT-1',
      studyInstanceUid: '1.2.3.4.10',
      referencedStudyUids: ['1.2.3.4.10'],
      frameOfReferenceUids: ['1.2.3.4.99'],
      referencedSeries: [{ seriesInstanceUid: '1.2.3.4.20', sopInstanceUids: source.slices.map(({ sopInstanceUid }) => sopInstanceUid) }],
    });
    expect(set.rois.map((one) => [one.name, structureOfRoi({ ...one, name: 'anything' })?.id, one.interpretedType])).toEqual([
      ['Left lung', 'LEFT_LUNG', 'ORGAN'],
      ['Liver', 'LIVER', 'ORGAN'],
      ['Heart', 'HEART', 'ORGAN'],
    ]);
    expect(set.rois.map(({ colour }) => colour)).toEqual(input.segments.map(({ colour }) => [...colour]));
    set.rois.forEach((one, n) => {
      const { mask, refusals, notes } = maskOfRoi(one, source.grid);
      const expected = input.segments[n].mask;
      expect({ refusals, notes, slices: mask.slices }).toEqual({ refusals: [], notes: [], slices: expected.slices });
      for (const k of mask.slices) expect(mask.slice(k)).toEqual(expected.slice(k));
      for (const { imageSopInstanceUids } of one.contours) expect(imageSopInstanceUids).toHaveLength(1);
    });
  });

  it('are the same bytes when they are written again', () => {
    const source = madeUpSource();
    const input = segInput(source, [segmentOf('LIVER', ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.3))]);
    expect(Buffer.compare(writeStructureSet(input), writeStructureSet(input))).toBe(0);
  });
});

describe('a structure set', () => {
  const item = (attributes: Attributes) => headerOf(attributes);
  const read = (attributes: Attributes) => {
    const header = headerOf({ SOPClassUID: SOP_CLASS.RTStructureSetStorage, ...attributes });
    const meta = fileMeta({ sopClassUid: SOP_CLASS.RTStructureSetStorage, sopInstanceUid: '1.2', transferSyntaxUid: '1.2.840.10008.1.2' });
    return readStructureSet(parseInstance(Buffer.concat([meta, encodeImplicitDataSet(header)])).dataset);
  };
  const rois = [item({ ROINumber: 7, ROIName: 'Lung_L' }), item({ ROINumber: 3, ROIName: 'Lung_R' })];

  it('joins its sequences by number, whatever their order, and drops a point that closes a contour', () => {
    const square = ['0', '0', '5', '9', '0', '5', '9', '9', '5', '0', '0', '5'];
    const contours = item({
      ReferencedROINumber: 3,
      ContourSequence: [item({ ContourGeometricType: 'CLOSED_PLANAR', ContourData: square })],
    });
    const [left, right] = read({ StructureSetROISequence: rois, ROIContourSequence: [contours] }).rois;
    expect([left.contours.length, right.contours[0].pointsMm.length]).toEqual([0, 9]);
  });

  it('without any region is read', () => {
    expect(read({}).rois).toEqual([]);
  });

  it.each<readonly [string, Attributes, RegExp]>([
    ['a number that comes twice', { StructureSetROISequence: [rois[0], rois[0]] }, /ROINumber comes twice/],
    ['a region without number', { StructureSetROISequence: [item({ ROIName: 'x' })] }, /no ROINumber/],
    [
      'contours of a region that it has not',
      { StructureSetROISequence: rois, ROIContourSequence: [item({ ReferencedROINumber: 9 })] },
      /item of ROIContourSequence is of ROI 9/,
    ],
    [
      'half a point',
      {
        StructureSetROISequence: rois,
        ROIContourSequence: [item({ ReferencedROINumber: 3, ContourSequence: [item({ ContourData: ['1', '2', '3', '4'] })] })],
      },
      /contour 1 of ROI 3 has 4 coordinates, expected three numbers for each point/,
    ],
    ['another SOP class', { SOPClassUID: SOP_CLASS.CTImageStorage }, /expected that of an RT Structure Set/],
  ])('with %s is refused', (_, attributes, reason) => {
    expect(() => read(attributes)).toThrow(reason);
  });
});

describe('the structure of a region', () => {
  const named = (name: string, names?: Record<string, string>) => structureOfRoi({ name, codes: NO_CODES }, names)?.id;

  it.each([
    ['left lung', 'LEFT_LUNG'],
    ['Lung_L', 'LEFT_LUNG'],
    ['Lungs', 'LUNG'],
    ['Lung_RML', 'RIGHT_MIDDLE_LUNG_LOBE'],
    ['UrinaryBladder', 'URINARY_BLADDER'],
    ['A_Aorta', 'AORTA'],
    ['Kidney_R', 'RIGHT_KIDNEY'],
    ['Bladder', 'URINARY_BLADDER'],
    ['BrainStem', 'BRAIN_STEM'],
    ['肝脏', 'LIVER'],
    ['~Lung_L', undefined],
    ['PTV_60', undefined],
    ['', undefined],
  ])('named %p is %p', (name, id) => {
    expect(named(name)).toBe(id);
  });

  it('is the one that the package says of its name, before anything else', () => {
    expect(named('OAR 3', { 'oar 3': 'HEART' })).toBe('HEART');
  });
});
