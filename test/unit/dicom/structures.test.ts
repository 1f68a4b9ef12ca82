import { labFromRgb, rgbFromLab } from '../../../src/dicom/structures/cielab.js';
import type { Rgb } from '../../../src/dicom/structures/cielab.js';
import { LATERALITY } from '../../../src/dicom/structures/code.js';
import { STRUCTURES, isPartOf, meaningOf, structureByCodes, structureById, structureByName } from '../../../src/dicom/structures/table.js';
import type { SegmentCodes } from '../../../src/dicom/structures/table.js';
import fc from 'fast-check';

const none: SegmentCodes = { typeModifiers: [], regions: [], regionModifiers: [] };
const lung = { value: '39607008', scheme: 'SCT', meaning: 'Lung' };

describe('the table of structures', () => {
  it('finds every structure again by the codes with which it is written', () => {
    expect(STRUCTURES.map((structure) => structureByCodes(meaningOf(structure))?.id)).toEqual(STRUCTURES.map((structure) => structure.id));
  });

  it('has each id and each colour once, and parents that exist', () => {
    expect(new Set(STRUCTURES.map((structure) => structure.id)).size).toBe(STRUCTURES.length);
    expect(new Set(STRUCTURES.map((structure) => structure.colour.join())).size).toBe(STRUCTURES.length);
    expect(STRUCTURES.filter((structure) => structure.parent !== undefined && structureById(structure.parent) === undefined)).toEqual([]);
  });

  it('never writes codes of the retired SNOMED-RT', () => {
    const codes = STRUCTURES.flatMap((structure) => [structure.category, structure.type, structure.region, structure.laterality]);
    expect(new Set(codes.flatMap((code) => code?.scheme ?? []))).toEqual(new Set(['SCT', 'DCM']));
  });

  it('tells the sides apart by the modifier', () => {
    expect(structureByCodes({ ...none, type: lung, typeModifiers: [LATERALITY.left] })?.id).toBe('LEFT_LUNG');
    expect(structureByCodes({ ...none, type: lung, typeModifiers: [LATERALITY.right] })?.id).toBe('RIGHT_LUNG');
    expect(structureByCodes({ ...none, type: lung })?.id).toBe('LUNG');
  });

  it('does not guess a side that the codes do not name', () => {
    expect(structureByCodes({ ...none, type: { value: '23451007', scheme: 'SCT', meaning: 'Adrenal gland' } })).toBeUndefined();
  });

  it('knows the middle lobe without a modifier, as SegDB codes it', () => {
    expect(structureByCodes({ ...none, type: { value: '72481006', scheme: 'SCT', meaning: '' } })?.id).toBe('RIGHT_MIDDLE_LUNG_LOBE');
  });

  it('reads the former SNOMED-RT codes', () => {
    const former = { value: 'T-28000', scheme: 'SRT', meaning: 'Lung' };
    expect(structureByCodes({ ...none, type: former, typeModifiers: [{ value: 'G-A101', scheme: 'SRT', meaning: 'Left' }] })?.id).toBe(
      'LEFT_LUNG',
    );
    expect(structureByCodes({ ...none, type: { ...former, scheme: 'SCT' } })).toBeUndefined();
  });

  it('puts an abnormality in its place and finds it again', () => {
    const nodule = structureById('LEFT_LUNG+NODULE')!;
    expect(nodule).toMatchObject({ name: 'Nodule in left lung', parent: 'LUNG+NODULE' });
    expect(meaningOf(nodule)).toMatchObject({
      type: { value: '27925004' },
      regions: [{ value: '39607008' }],
      regionModifiers: [LATERALITY.left],
    });
    expect(structureByCodes(meaningOf(nodule))?.id).toBe('LEFT_LUNG+NODULE');
    expect(structureById('NODULE+LEFT_LUNG')).toBeUndefined();
    expect(structureById('LUNG+NODULE+MASS')).toBeUndefined();
  });

  it('knows names however they are written', () => {
    expect(structureByName('left lung')?.id).toBe('LEFT_LUNG');
    expect(structureByName('Left-Lung')?.id).toBe('LEFT_LUNG');
    expect(structureByName('Oesophagus')?.id).toBe('ESOPHAGUS');
    expect(structureByName('femur')).toBeUndefined();
  });

  it('knows parts of a whole', () => {
    expect(isPartOf('LEFT_UPPER_LUNG_LOBE', 'LUNG')).toBe(true);
    expect(isPartOf('LUNG', 'LUNG')).toBe(true);
    expect(isPartOf('LUNG', 'LEFT_LUNG')).toBe(false);
    expect(['LUNG+NODULE', 'NODULE', 'LUNG'].map((id) => isPartOf('LEFT_LUNG+NODULE', id))).toEqual([true, true, false]);
    expect(isPartOf('UNKNOWN', 'LUNG')).toBe(false);
  });
});

describe('CIELab', () => {
  // L*, a*, b* under D50 as colour calculators give them, to one decimal.
  it.each([
    [
      [255, 255, 255],
      [100, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [255, 0, 0],
      [54.3, 80.8, 69.9],
    ],
    [
      [0, 255, 0],
      [87.8, -79.3, 81.0],
    ],
    [
      [0, 0, 255],
      [29.6, 68.3, -112.0],
    ],
    [
      [119, 119, 119],
      [50.0, 0, 0],
    ],
  ] as [Rgb, Rgb][])('of sRGB %j is %j', (rgb, [l, a, b]) => {
    const [l16, a16, b16] = labFromRgb(rgb);
    expect((l16 * 100) / 65535).toBeCloseTo(l, 0);
    expect((a16 * 255) / 65535 - 128).toBeCloseTo(a, 0);
    expect((b16 * 255) / 65535 - 128).toBeCloseTo(b, 0);
  });

  it('comes back to the same sRGB colour', () => {
    const channel = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(channel, channel, channel), (rgb) => {
        expect(rgbFromLab(labFromRgb(rgb))).toEqual(rgb);
      }),
    );
  });
});
