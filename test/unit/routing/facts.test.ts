import type { FactName } from '../../../src/routing/fact-names.js';
import type { SeriesInput } from '../../../src/routing/facts.js';
import { factsOf, header, series, study, type Tags } from './support.js';

const factOf = (input: SeriesInput, name: FactName) => study(input).series[0]?.facts[name];

/** Slices at these positions along the patient's z. */
const at = (...zMm: number[]): SeriesInput => placed(zMm.map((z) => [0, 0, z]));

function placed(
  positions: readonly (readonly number[])[],
  orientation: readonly number[] = [1, 0, 0, 0, 1, 0],
  more: Tags = {},
): SeriesInput {
  const instances = positions.map((position, k) => ({
    sopInstanceUid: `1.${k}`,
    header: header({
      InstanceNumber: k + 1,
      ImagePositionPatient: position,
      ImageOrientationPatient: orientation,
      ...more,
    }),
  }));
  return { seriesInstanceUid: '1', instances };
}

describe('the stack of a series', () => {
  it.each<[string, SeriesInput, unknown, unknown]>([
    ['an even stack, in whatever order it came', at(10, 0, 5, 15), 'regular', 5],
    ['positions rounded to a tenth of a millimetre', at(0, 0.6, 1.3, 1.9, 2.5), 'regular', 0.625],
    ['a missing slice', at(0, 5, 15, 20), 'gaps', 5],
    ['several volumes at the same places', at(0, 5, 0, 5), '4d', 5],
    ['a position that is there twice', at(0, 5, 5, 10), 'repeated-positions', 5],
    ['one slice', at(0), 'single-slice', undefined],
    [
      'a tilted gantry',
      placed([
        [0, 0, 0],
        [0, 1, 5],
        [0, 2, 10],
      ]),
      'tilted',
      5,
    ],
    [
      'an oblique stack along its own normal',
      placed(
        [
          [0, 0, 0],
          [0, -3, 4],
          [0, -6, 8],
        ],
        [1, 0, 0, 0, 0.8, 0.6],
      ),
      'regular',
      5,
    ],
  ])('knows %s', (_, input, kind, spacing) => {
    expect(factOf(input, 'stack')?.values[0]).toBe(kind);
    expect(factOf(input, 'spacingBetweenSlicesMm')?.values[0]).toBe(spacing);
  });

  it('knows two orientations', () => {
    const [axial] = placed([[0, 0, 0]]).instances;
    const [sagittal] = placed([[5, 0, 0]], [0, 1, 0, 0, 0, -1]).instances;
    expect(factOf({ seriesInstanceUid: '1', instances: [axial, { ...sagittal, sopInstanceUid: '2' }] }, 'stack')?.values[0]).toBe(
      'several-orientations',
    );
  });

  it('says why it knows nothing', () => {
    expect(factOf(series('1', { ImagePositionPatient: null }), 'stack')).toEqual({
      values: [],
      source: 'ImagePositionPatient or ImageOrientationPatient is absent or unreadable',
    });
    expect(factOf(series('1', { ImageOrientationPatient: [1, 0, 0, 2, 0, 0] }), 'stack')?.values[0]).toBeUndefined();
  });

  it.each([
    ['axial', [1, 0, 0, 0, 1, 0]],
    ['coronal', [1, 0, 0, 0, 0, -1]],
    ['sagittal', [0, 1, 0, 0, 0, -1]],
    ['oblique', [1, 0, 0, 0, Math.SQRT1_2, Math.SQRT1_2]],
  ])('knows the %s plane', (plane, orientation) => {
    expect(factOf(placed([[0, 0, 0]], orientation), 'plane')?.values[0]).toBe(plane);
  });

  it('places the frames of an enhanced object', () => {
    const frame = (z: number) => header({ PlanePositionSequence: header({ ImagePositionPatient: [0, 0, z] }) });
    const enhanced = header({
      NumberOfFrames: 3,
      SharedFunctionalGroupsSequence: header({
        PlaneOrientationSequence: header({ ImageOrientationPatient: [1, 0, 0, 0, 1, 0] }),
        PixelMeasuresSequence: header({ SliceThickness: 2.5 }),
      }),
      PerFrameFunctionalGroupsSequence: [frame(4), frame(0), frame(2)],
    });
    const input: SeriesInput = { seriesInstanceUid: '1', instances: [{ sopInstanceUid: '1.1', header: enhanced }] };
    expect(study(input).series[0]?.facts).toMatchObject({
      stack: { values: ['regular'] },
      spacingBetweenSlicesMm: { values: [2] },
      sliceThicknessMm: { values: [2.5] },
      sliceCount: { values: [3] },
      instanceCount: { values: [1] },
    });
  });
});

describe('facts of the header', () => {
  it.each<[string, FactName, Tags, unknown]>([
    ['a localizer', 'isLocalizer', { ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] }, true],
    ['no localizer', 'isLocalizer', { ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'] }, false],
    ['an unknown image type', 'isLocalizer', { ImageType: null }, undefined],
    ['a derived image', 'isDerived', { ImageType: ['DERIVED', 'SECONDARY'] }, true],
    ['a first value left empty', 'isDerived', { ImageType: [null, 'DERIVED'] }, false],
    ['a named agent', 'contrast', { ContrastBolusAgent: 'Iomeron 400' }, 'yes'],
    ['an agent that is none', 'contrast', { ContrastBolusAgent: 'NONE' }, 'no'],
    ['an empty agent', 'contrast', { ContrastBolusAgent: null }, undefined],
    ['no word of an agent', 'contrast', {}, undefined],
    ['a thickness as text', 'sliceThicknessMm', { SliceThickness: '2.50 ' }, 2.5],
    ['a thickness of nothing', 'sliceThicknessMm', { SliceThickness: 0 }, undefined],
    ['the sender', 'callingAe', {}, 'CT1'],
  ])('knows %s', (_, name, tags, value) => {
    expect(factsOf(tags).facts[name].values[0]).toBe(value);
  });

  it('has the instances in the order of InstanceNumber, then of SOPInstanceUID, not of arrival', () => {
    const instance = (number: number | null, uid: string) => ({
      sopInstanceUid: uid,
      header: header({ InstanceNumber: number, SeriesDescription: `${number} ${uid}` }),
    });
    const instances = [instance(null, '1.0'), instance(10, '1.1'), instance(9, '1.3'), instance(9, '1.2'), instance(2, '1.4')];
    const [only] = study({ seriesInstanceUid: '1', instances }).series;
    const described = only?.instances().map((one) => one['0008103E']?.Value?.[0]);
    expect(described).toEqual(['2 1.4', '9 1.2', '9 1.3', '10 1.1', 'null 1.0']);
    expect(only?.first).toBe(only?.instances()[0]);
  });
});
