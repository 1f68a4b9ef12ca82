import type { CardInput } from '../../../src/models/card.js';
import { inputsByName, layoutSchema, placesOf } from '../../../src/models/input-layout.js';

const input = (name: string) => ({ name, seriesInstanceUid: `1.2.${name.length}` });
const cardInput = (label: string, modality: string): CardInput => ({
  label,
  description: '',
  format: 'DICOM',
  modalities: [modality],
  contrast: 'unknown',
});

describe('the layout of inputs', () => {
  it.each<[string, unknown]>([
    ['the whole folder for each', { ct: '.', seg: '.' }],
    ['folders by UID', { a: '{study}/{series}', b: 'fixed/b-{study}' }],
    ['a name', 't2w-adc-hbv'],
  ])('may be %s', (_what, layout) => {
    expect(layoutSchema.safeParse(layout).success).toBe(true);
  });

  it.each<[string, unknown]>([
    ['out of the folder', { ct: '../ct' }],
    ['out of the folder by a way round', { ct: 'a/../../ct' }],
    ['absolute', { ct: '/ct' }],
    ['with a placeholder that there is not', { ct: '{patient}/ct' }],
    ['with an empty part', { ct: 'a//ct' }],
    ['for no input', {}],
    ['of another name', 'ct-mr'],
  ])('may not be %s', (_what, layout) => {
    expect(layoutSchema.safeParse(layout).success).toBe(false);
  });

  it('puts each input where its name says', () => {
    expect(placesOf('ct-pt', [input('pt'), input('ct')], '1.9')).toEqual(['1.9/pt', '1.9/ct']);
    expect(placesOf({ a: 'x/{series}', b: '.' }, [input('a'), input('b')], '1.9')).toEqual(['x/1.2.1', '.']);
    expect(placesOf('flat', [input('whatever'), input('else')], '1.9')).toEqual(['.', '.']);
  });

  it('takes the only input under any name', () => {
    expect(placesOf({ t2: '{study}/T2' }, [input('series')], '1.9')).toEqual(['1.9/T2']);
  });

  it.each([[[input('ct')]], [[input('ct'), input('pet')]], [[input('ct'), input('pt'), input('seg')]]])(
    'refuses other names: %j',
    (inputs) => {
      expect(placesOf('ct-pt', inputs, '1.9')).toMatch(/the model takes ct, pt$/);
    },
  );

  it('gives the inputs of a card its names: by label, by modality, and the rest in order', () => {
    const labels = (inputs: readonly CardInput[]) => inputs.map(({ label }) => label);
    expect(labels(inputsByName([cardInput('PET scan', 'PT'), cardInput('Input', 'CT')], 'ct-pet'))).toEqual(['pet', 'ct']);
    expect(labels(inputsByName([cardInput('a', 'MR'), cardInput('ADC', 'MR'), cardInput('c', 'MR')], 't2w-adc-hbv'))).toEqual([
      't2w',
      'adc',
      'hbv',
    ]);
    expect(labels(inputsByName([cardInput('Input', 'CT')], 'ct-pt'))).toEqual(['Input']);
    expect(labels(inputsByName([cardInput('Input', 'CT')], 'flat'))).toEqual(['Input']);
  });
});
