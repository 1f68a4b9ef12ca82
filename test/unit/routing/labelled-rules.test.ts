/** The shipped rules over the labelled set: nothing is taken wrongly, fired wrongly or missed. */
import { decide } from '../../../src/routing/evaluate.js';
import { studyFacts } from '../../../src/routing/facts.js';
import { labelledStudies, RULES, type RuleName } from '../../support/labelled-studies.js';
import { shippedModels, shippedRules } from '../../support/shipped-rules.js';
import { inWords, verdictOn, type Verdict } from '../../support/labelled-verdict.js';

describe('the shipped rules on the labelled set', () => {
  const rules = shippedRules();
  const models = shippedModels();
  const counts: Record<RuleName, Partial<Record<Verdict, number>>> = Object.fromEntries(RULES.map((rule) => [rule, {}])) as never;
  const differences: string[] = [];

  for (const study of labelledStudies()) {
    const decision = decide(studyFacts(study.input()), rules, { models });
    for (const rule of RULES) {
      const decided = decision.rules.find((one) => one.rule === rule);
      if (decided === undefined) throw new Error(`the rule ${rule} is not in force`);
      const verdict = verdictOn(decided, study.expected[rule]);
      counts[rule][verdict] = (counts[rule][verdict] ?? 0) + 1;
      if (verdict !== 'right') {
        const expected = JSON.stringify(study.expected[rule]);
        differences.push(
          `${study.name} | ${rule} | ${verdict}: expected ${expected} (${study.why}), decided ${inWords(decided)}: ${decided.reason}`,
        );
      }
    }
  }

  it('chooses no wrong series, fires nowhere wrongly, misses nothing and says of the rest why', () => {
    expect(differences).toEqual([]);
  });

  it.each(RULES)('%s was asked of every study', (rule) => {
    expect(counts[rule].right).toBe(labelledStudies().length);
  });
});
