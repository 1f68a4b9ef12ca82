import { labFromRgb, rgbFromLab } from '../../../src/dicom/structures/cielab.js';
import type { Rgb } from '../../../src/dicom/structures/cielab.js';
import { LATERALITY } from '../../../src/dicom/structures/code.js';
import {
  STRUCTURES,
  isPartOf,
  meaningOf,
  normalised,
  structureByCodes,
  structureById,
  structureByName,
  structureOf,
  wholesOf,
} from '../../../src/dicom/structures/table.js';
import type { Code } from '../../../src/dicom/structures/code.js';
import type { SegmentCodes } from '../../../src/dicom/structures/table.js';
import { MHUB_CLASSES } from '../../support/mhub-models.js';
import fc from 'fast-check';

const none: SegmentCodes = { typeModifiers: [], regions: [], regionModifiers: [] };
const lung = { value: '39607008', scheme: 'SCT', meaning: 'Lung' };

const otherSide = (id: string) => (id.startsWith('LEFT') ? id.replace('LEFT', 'RIGHT') : id.replace('RIGHT', 'LEFT'));

describe('the table of structures', () => {
  it('finds every structure again by the codes with which it is written', () => {
    expect(STRUCTURES.map((structure) => structureByCodes(meaningOf(structure))?.id)).toEqual(STRUCTURES.map((structure) => structure.id));
  });

  it('has each id and each colour once, and parents that exist', () => {
    expect(new Set(STRUCTURES.map((structure) => structure.id)).size).toBe(STRUCTURES.length);
    expect(new Set(STRUCTURES.map((structure) => structure.colour.join())).size).toBe(STRUCTURES.length);
    expect(STRUCTURES.filter((structure) => structure.parent !== undefined && structureById(structure.parent) === undefined)).toEqual([]);
  });

  it('has each name once, in English and in Chinese', () => {
    const names = STRUCTURES.flatMap(({ id, name, synonyms, chinese }) =>
      [...new Set([id, name, ...synonyms, ...chinese].map(normalised))].map((one) => `${one} = ${id}`),
    );
    const twice = names.filter((one, n) => names.findIndex((other) => other.split(' = ')[0] === one.split(' = ')[0]) !== n);
    expect(twice).toEqual([]);
    expect(STRUCTURES.filter(({ chinese }) => chinese.length === 0).map(({ id }) => id)).toEqual([]);
  });

  it('has each code with its side once', () => {
    const codes = STRUCTURES.map(({ type, laterality }) => `${type.scheme} ${type.value} ${laterality?.value ?? ''}`);
    expect(codes.filter((code, n) => codes.indexOf(code) !== n)).toEqual([]);
  });

  it('has both sides of what has a left or a right in its id, and says the side', () => {
    const sided = STRUCTURES.filter(({ id }) => /^(LEFT|RIGHT)_/.test(id) && id !== 'RIGHT_MIDDLE_LUNG_LOBE');
    expect(sided.filter(({ id }) => structureById(otherSide(id)) === undefined)).toEqual([]);
    expect(sided.filter(({ id, laterality }) => laterality !== LATERALITY[id.startsWith('LEFT') ? 'left' : 'right'])).toEqual([]);
    expect(sided.length).toBeGreaterThan(50);
  });

  it('has no part on the other side of its whole', () => {
    const crossed = STRUCTURES.filter(({ laterality, parent }) => {
      const whole = parent === undefined ? undefined : structureById(parent)?.laterality;
      return whole !== undefined && whole !== LATERALITY.both && whole !== laterality;
    });
    expect(crossed.map(({ id }) => id)).toEqual([]);
    expect(wholesOf('LEFT_UPPER_LUNG_LOBE')).toEqual(['LEFT_UPPER_LUNG_LOBE', 'LEFT_LUNG', 'LUNG']);
  });

  it('has no circle of parents', () => {
    const depth = (id: string | undefined, steps = 0): number =>
      id === undefined || steps > 9 ? steps : depth(structureById(id)?.parent, steps + 1);
    expect(Math.max(...STRUCTURES.map(({ id }) => depth(id)))).toBeLessThan(6);
  });

  it('has every structure that MHub cards name', () => {
    expect(MHUB_CLASSES).toHaveLength(160);
    expect(MHUB_CLASSES.filter((id) => id !== 'BACKGROUND' && structureById(id) === undefined)).toEqual([]);
  });

  it.each([
    ['a hip without a side, labelled left', { value: '29836001', label: 'Left hip' }, 'LEFT_HIP'],
    ['a vein labelled as portal', { value: '29092000', label: 'Portal and splenic vein' }, 'PORTAL_AND_SPLENIC_VEIN'],
    ['the circumflex under the code of the descending branch', { value: '59438005', label: 'Circumflex' }, 'CORONARY_ARTERY_CFLX'],
    ['an atrium with a side', { value: '59652004', label: 'Left atrium', side: LATERALITY.left }, 'LEFT_ATRIUM'],
    ['a label that contradicts the code', { value: '10200004', label: 'Spleen' }, 'LIVER'],
    ['a label that contradicts the side', { value: '29836001', label: 'Left hip', side: LATERALITY.right }, 'RIGHT_HIP'],
  ])('reads %s as others write it', (_, { value, label, side }: { value: string; label: string; side?: Code }, id) => {
    const codes = { ...none, type: { value, scheme: 'SCT', meaning: '' }, typeModifiers: side === undefined ? [] : [side] };
    expect(structureOf(codes, label)?.id).toBe(id);
  });

  it('never writes codes of the retired SNOMED-RT', () => {
    const codes = STRUCTURES.flatMap((structure) => [structure.category, structure.type, structure.region, structure.laterality]);
    expect(new Set(codes.flatMap((code) => code?.scheme ?? []))).toEqual(new Set(['SCT', 'DCM', 'NCIt']));
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
    expect(structureByName('左肺上叶')?.id).toBe('LEFT_UPPER_LUNG_LOBE');
    expect(structureByName('femur')).toBeUndefined();
  });

  it('knows parts of a whole', () => {
    expect(isPartOf('LEFT_UPPER_LUNG_LOBE', 'LUNG')).toBe(true);
    expect(isPartOf('LUNG', 'LUNG')).toBe(true);
    expect(isPartOf('LUNG', 'LEFT_LUNG')).toBe(false);
    expect(['LUNG+NODULE', 'NODULE', 'LUNG'].map((id) => isPartOf('LEFT_LUNG+NODULE', id))).toEqual([true, true, false]);
    expect(isPartOf('UNKNOWN', 'LUNG')).toBe(false);
    expect(
      ['LIVER+NEOPLASM', 'NEOPLASM', 'NEOPLASM_MALIGNANT_PRIMARY', 'LIVER'].map((id) => isPartOf('LIVER+NEOPLASM_MALIGNANT_PRIMARY', id)),
    ).toEqual([true, true, true, false]);
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
