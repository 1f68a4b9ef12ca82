import fc from 'fast-check';
import { STRUCTURES, wholesOf } from '../../../src/dicom/structures/table.js';
import { lackOf, partsOf, planWhole } from '../../../src/dicom/structures/wholes.js';

const LEFT = ['LEFT_UPPER_LUNG_LOBE', 'LEFT_LOWER_LUNG_LOBE'];
const RIGHT = ['RIGHT_UPPER_LUNG_LOBE', 'RIGHT_MIDDLE_LUNG_LOBE', 'RIGHT_LOWER_LUNG_LOBE'];

const plan = (id: string, ...given: string[]) => planWhole(id, new Set(given));
const nothing = { missing: [], moreThanParts: [] };

describe('a whole out of its parts', () => {
  it('is taken as it is where it is given beside its parts', () => {
    expect(plan('LEFT_LUNG', ...LEFT, 'LEFT_LUNG')).toEqual({ id: 'LEFT_LUNG', state: 'given', from: ['LEFT_LUNG'], ...nothing });
    expect(plan('LUNG', ...LEFT, 'LEFT_LUNG', ...RIGHT)).toEqual({
      id: 'LUNG',
      state: 'complete',
      from: ['LEFT_LUNG', ...RIGHT],
      ...nothing,
    });
  });

  it('is the union of two lobes on the left, of three on the right, and of both lungs', () => {
    expect(plan('LEFT_LUNG', ...RIGHT, ...LEFT)).toEqual({ id: 'LEFT_LUNG', state: 'complete', from: LEFT, ...nothing });
    expect(plan('RIGHT_LUNG', ...RIGHT, ...LEFT)).toEqual({ id: 'RIGHT_LUNG', state: 'complete', from: RIGHT, ...nothing });
    expect(plan('LUNG', ...RIGHT, ...LEFT)).toEqual({ id: 'LUNG', state: 'complete', from: [...LEFT, ...RIGHT], ...nothing });
    expect(plan('LUNG', 'RIGHT_LUNG', 'LEFT_LUNG')).toMatchObject({ state: 'complete', from: ['LEFT_LUNG', 'RIGHT_LUNG'] });
  });

  it('is incomplete without a part, and says which: the largest that is missing', () => {
    const noMiddle = plan('LUNG', ...LEFT, RIGHT[0], RIGHT[2]);
    expect(noMiddle).toMatchObject({ state: 'incomplete', from: [...LEFT, RIGHT[0], RIGHT[2]], missing: ['RIGHT_MIDDLE_LUNG_LOBE'] });
    expect(lackOf(noMiddle)).toBe('without Right middle lung lobe');
    expect(plan('LUNG', ...LEFT)).toMatchObject({ state: 'incomplete', missing: ['RIGHT_LUNG'] });
    expect(plan('KIDNEY', 'LEFT_KIDNEY')).toMatchObject({ state: 'incomplete', missing: ['RIGHT_KIDNEY'] });
  });

  it('is never complete where the table knows only some of its parts', () => {
    expect(plan('SMALL_INTESTINE', 'DUODENUM')).toMatchObject({ state: 'incomplete', missing: [], moreThanParts: ['SMALL_INTESTINE'] });
    const brain = plan('BRAIN', 'WHITE_MATTER', 'CEREBRAL_CORTEX');
    expect(brain).toMatchObject({
      state: 'incomplete',
      from: ['WHITE_MATTER', 'CEREBRAL_CORTEX'],
      moreThanParts: ['BRAIN', 'GREY_MATTER'],
    });
    expect(brain.missing).toContain('CEREBELLAR_CORTEX');
    expect(lackOf(plan('PANCREAS', 'PANCREATIC_DUCT'))).toBe('without what of Pancreas belongs to none of its parts');
  });

  it('is absent where nothing of it is given, and where only its own whole is', () => {
    expect(plan('LUNG', 'LIVER')).toEqual({ id: 'LUNG', state: 'absent', from: [], missing: ['LUNG'], moreThanParts: [] });
    expect(plan('LEFT_LUNG', 'LUNG').state).toBe('absent');
    expect(plan('UNKNOWN', 'LUNG').state).toBe('absent');
  });

  it('holds for findings by their place; kinds of a finding are no parts of it', () => {
    expect(partsOf('LUNG+NODULE')).toEqual(['LEFT_LUNG+NODULE', 'RIGHT_LUNG+NODULE']);
    expect(plan('LUNG+NODULE', 'LEFT_LUNG+NODULE', 'RIGHT_LUNG+NODULE').state).toBe('complete');
    expect(plan('LUNG', 'LUNG+NODULE').state).toBe('absent');
    expect(plan('NEOPLASM', 'NEOPLASM_MALIGNANT_PRIMARY').state).toBe('absent');
  });

  it('is made of given parts of its own only, each once, and is complete exactly where nothing is lacking', () => {
    const ids = STRUCTURES.map(({ id }) => id);
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.subarray(ids), (id, given) => {
        const { state, from, missing, moreThanParts } = planWhole(id, new Set(given));
        expect(new Set(from).size).toBe(from.length);
        expect(from.every((part) => given.includes(part) && wholesOf(part).includes(id))).toBe(true);
        expect(missing.some((part) => given.includes(part))).toBe(false);
        expect(state === 'given' || state === 'complete').toBe(missing.length + moreThanParts.length === 0);
        expect(state === 'absent').toBe(from.length === 0);
      }),
    );
  });
});
