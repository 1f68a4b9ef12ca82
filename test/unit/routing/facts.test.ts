import type { FactName } from '../../../src/routing/fact-names.js';
import { studyFacts, type SeriesInput } from '../../../src/routing/facts.js';
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
    ['a volume and a half', at(0, 0, 5, 5, 5, 10, 10), 'repeated-positions', 5],
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

describe('the numbers of a stack', () => {
  it('measure tilt, evenness and coverage', () => {
    const tilted = placed([
      [0, 0, 0],
      [0, 1, 5],
      [0, 2, 10],
    ]);
    expect(study(tilted).series[0]?.facts).toMatchObject({ gantryTiltDegrees: { values: [11.3] }, coverageMm: { values: [15] } });
    expect(study(at(0, 5, 15, 20)).series[0]?.facts).toMatchObject({
      spacingDeviationMm: { values: [5] },
      coverageMm: { values: [25] },
      stack: { source: 'ImagePositionPatient, ImageOrientationPatient: distances up to 10 mm where 5 mm is usual' },
    });
  });

  it.each<[string, Tags, Tags]>([
    ['TemporalPositionIdentifier', { TemporalPositionIdentifier: 1 }, { TemporalPositionIdentifier: 2 }],
    ['AcquisitionTime', { AcquisitionTime: '100000' }, { AcquisitionTime: '100010' }],
    ['TriggerTime', { TriggerTime: 0 }, { TriggerTime: 40 }],
    ['DiffusionBValue', { DiffusionBValue: 0 }, { DiffusionBValue: 800 }],
    ['EchoTime', { EchoTime: 5 }, { EchoTime: 10 }],
  ])('tell volumes apart by %s', (name, first, second) => {
    const positions = [0, 5, 10].map((z) => [0, 0, z]);
    const volumes = [first, second].map((tags) => placed(positions, undefined, tags).instances);
    const instances = volumes.flatMap((volume, index) =>
      volume.map((one) => ({ ...one, sopInstanceUid: `${one.sopInstanceUid}.${index}` })),
    );
    expect(factOf({ seriesInstanceUid: '1', instances }, 'stack')).toEqual({
      values: ['4d'],
      source: `ImagePositionPatient, ImageOrientationPatient: 2 volumes of 3 positions, told apart by ${name}`,
    });
  });

  it('are no volumes where the same slices came twice', () => {
    const { instances } = at(0, 5, 10);
    const twice = [...instances, ...instances.map((one) => ({ ...one, sopInstanceUid: `${one.sopInstanceUid}.2` }))];
    expect(factOf({ seriesInstanceUid: '1', instances: twice }, 'stack')?.values).toEqual(['repeated-positions']);
  });
});

describe('facts of the study', () => {
  it('say how and when it came, in the local time of the node', () => {
    const received = new Date(2026, 0, 5, 21, 7);
    const { facts } = studyFacts({
      studyInstanceUid: '1',
      remoteAddress: '10.0.0.7',
      receivedAtMs: received.getTime(),
      series: [at(0), { ...at(1), seriesInstanceUid: '2' }],
    });
    expect(facts).toMatchObject({
      remoteAddress: { values: ['10.0.0.7'] },
      timeOfDay: { values: ['21:07'] },
      seriesCount: { values: [2] },
      callingAe: { values: [], source: 'not received over an association' },
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
    ['a scout by its name', 'isLocalizer', { ImageType: ['ORIGINAL', 'PRIMARY', 'M'], SeriesDescription: 'AAHead_Scout' }, true],
    ['a screen shot', 'isSecondaryCapture', { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7' }, true],
    ['a saved screen in an image class', 'isSecondaryCapture', { ImageType: ['DERIVED', 'SECONDARY', 'SCREEN SAVE'] }, true],
    [
      'a derived image that is no capture',
      'isSecondaryCapture',
      { ImageType: ['DERIVED', 'SECONDARY'], SOPClassUID: '1.2.840.10008.5.1.4.1.1.4' },
      false,
    ],
    [
      'a result of another node',
      'isOwnResult',
      { Manufacturer: 'Anteroom', ContributingEquipmentSequence: header({ Manufacturer: 'x' }) },
      true,
    ],
    ['the images of the demonstration', 'isOwnResult', { Manufacturer: 'Anteroom' }, false],
    ['a report', 'hasPixels', {}, false],
    ['an image', 'hasPixels', { Rows: 512, Columns: 512 }, true],
    ['frames', 'isMultiFrame', { NumberOfFrames: 3 }, true],
    ['the larger side of a pixel', 'pixelSpacingMm', { PixelSpacing: [0.7, 0.8] }, 0.8],
    ['a pixel at the detector', 'pixelSpacingMm', { ImagerPixelSpacing: [0.2, 0.2] }, 0.2],
    ['the tilt in the header, of one slice', 'gantryTiltDegrees', { GantryDetectorTilt: -12.5 }, 12.5],
    ['what one slice covers', 'coverageMm', { SliceThickness: 5 }, 5],
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
