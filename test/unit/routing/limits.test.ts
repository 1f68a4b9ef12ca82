import { limitOf, unknownInLimits, whyNotAsked } from '../../../src/routing/limits.js';
import { rulesOf } from './support.js';

const RULES = rulesOf('rules: [{ name: chest, when: [{ tag: Modality, equals: CT }], model: lungs, destinations: [archive] }]');
const CHEST = { name: 'chest', file: 'test.yaml' };

describe('AE titles that do not ask all rules', () => {
  it('ask those that they name, by rule or by file, and none where they name none', () => {
    const limits = new Map([
      ['BY-NAME', ['chest']],
      ['BY-FILE', ['test.yaml']],
      ['NONE', []],
    ]);
    const why = (calledAe: string) => whyNotAsked(CHEST, limitOf(limits, calledAe));
    for (const calledAe of ['ANTEROOM', 'BY-NAME', 'BY-FILE']) expect(why(calledAe)).toBeUndefined();
    expect(why('NONE')).toBe('not asked: the study was sent to AE title NONE, for which no rule is asked (`aeTitles` in the settings)');
  });

  it('are told of where they name what nobody wrote', () => {
    expect(
      unknownInLimits(
        new Map([
          ['LAB', ['chest', 'test.yaml', 'chets']],
          ['NONE', []],
        ]),
        RULES,
      ),
    ).toEqual([{ calledAe: 'LAB', only: ['chets'] }]);
  });
});
