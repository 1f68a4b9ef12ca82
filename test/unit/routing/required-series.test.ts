/** When a rule has the series that it needs, for the signal required-series. */
import { ruleWithItsSeries } from '../../../src/routing/required-series.js';
import { faultsOf, rulesOf, series, study } from './support.js';

const { rules } = rulesOf(`
rules:
  - name: never-early
    when: [{ tag: Modality, equals: CT }]
    model: lungs
    destinations: [archive]
  - name: chest
    when: [{ tag: Modality, equals: CT }]
    series: { where: [{ fact: instanceCount, atLeast: 25 }] }
    completeWith:
      - [{ tag: SeriesDescription, contains: thin }, { fact: instanceCount, atLeast: 20 }]
      - { tag: SeriesDescription, contains: contrast }
    model: lungs
    destinations: [archive]
`);

const thin = (count: number) => series('1', { Modality: 'CT', SeriesDescription: 'Thin lung' }, count);
const contrast = series('2', { Modality: 'CT', SeriesDescription: 'Contrast' }, 3);

describe('a rule with completeWith', () => {
  it('has its series when each condition is true of one, and its model has an input', () => {
    expect(ruleWithItsSeries(study(thin(25), contrast), rules)).toBe('chest');
  });

  it.each([
    ['a series is not there', study(thin(25))],
    ['no series is fit for the model', study(thin(20), contrast)],
    ['a series is not yet large enough', study(thin(19), contrast)],
    ['a value is missing', study(thin(25), series('2', { Modality: 'CT' }, 3))],
    ['nothing is there', study()],
  ])('has not where %s', (_why, facts) => {
    expect(ruleWithItsSeries(facts, rules)).toBeUndefined();
  });

  it('is never one that does not say what it needs', () => {
    expect(ruleWithItsSeries(study(thin(25), contrast), rules.slice(0, 1))).toBeUndefined();
  });

  it('is checked as the rest of the rule is', () => {
    const text = `
rules:
  - name: chest
    when: [{ tag: Modality, equals: CT }]
    completeWith: [{ tag: SeriesDescripton, contains: thin }]
    model: lungs
    destinations: [archive]
`;
    expect(faultsOf(text)).toEqual([expect.stringContaining('did you mean SeriesDescription?')]);
  });
});
