/** The shipped rules over every study of the test data: what each decides, against its label, and with the reason that is shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decide, type Decision } from '../../src/routing/evaluate.js';
import { formatExplanation } from '../../src/routing/explain.js';
import { studyFacts } from '../../src/routing/facts.js';
import { parseRules } from '../../src/routing/load.js';
import { describeWithData } from '../support/data.js';
import { RULES } from '../support/labelled-studies.js';
import { inWords, verdictOn } from '../support/labelled-verdict.js';
import { realLabels, realStudies, REAL_FOLDERS } from '../support/real-studies.js';
import { shippedModels, shippedRules } from '../support/shipped-rules.js';

const LONGEST_REASON = 200;

describeWithData('the shipped rules over all of the test data', REAL_FOLDERS, (...folders) => {
  const decisions = new Map<string, Decision>();
  const labels = realLabels();

  beforeAll(() => {
    const rules = shippedRules();
    const models = shippedModels();
    for (const study of realStudies(...folders)) decisions.set(study.studyInstanceUid, decide(studyFacts(study), rules, { models }));
  });

  const decisionOn = (studyInstanceUid: string) => {
    const decision = decisions.get(studyInstanceUid);
    if (decision === undefined) throw new Error(`no study ${studyInstanceUid} in the data`);
    return decision;
  };
  const decided = (studyInstanceUid: string, rule: string) => {
    const found = decisionOn(studyInstanceUid).rules.find((one) => one.rule === rule);
    if (found === undefined) throw new Error(`the rule ${rule} is not in force`);
    return found;
  };
  const studyOf = (folder: string) => labels.find((label) => label.folders === folder)?.studyInstanceUid ?? '';

  it('decides each study as a person who knows DICOM would', () => {
    expect([...decisions.keys()].sort()).toEqual(labels.map((label) => label.studyInstanceUid).sort());
    const differences = labels.flatMap(({ studyInstanceUid, expected, why }) =>
      RULES.map((rule) => ({ rule, found: decided(studyInstanceUid, rule) }))
        .filter(({ rule, found }) => verdictOn(found, expected[rule]) !== 'right')
        .map(
          ({ rule, found }) =>
            `${studyInstanceUid} | ${rule} | ${JSON.stringify(expected[rule])} (${why}) | ${inWords(found)}: ${found.reason}`,
        ),
    );
    expect(differences).toEqual([]);
  });

  it('says of each study and rule what was decided, and why', () => {
    const table = labels.flatMap(({ folders: where, studyInstanceUid }) =>
      RULES.map((rule) => {
        const { outcome, reason } = decided(studyInstanceUid, rule);
        return `${where} …${studyInstanceUid.slice(-12)} | ${rule} | ${outcome} | ${reason.slice(0, LONGEST_REASON)}`;
      }),
    );
    // Not jest's snapshot: one of a suite that is skipped for want of data counts as obsolete and fails the whole run.
    expect(table).toEqual(readFileSync('test/integration/routing-real-data.decisions.txt', 'utf8').trimEnd().split('\n'));
  });

  it('says of the lung kernel B70f of ct-chest-a0002 by what it lost', () => {
    const study = studyOf('ct-chest-a0002');
    const loser = decided(study, 'chest-ct-lungs').inputs[0]?.series.find((series) => series.fate === 'lost');
    expect(loser?.loss?.path).toBe('series.prefer[0]');
    expect(loser?.loss?.text).toBe('kernelFamily is soft: seen sharp; series 3: preferred');
    expect(formatExplanation(decisionOn(study))).toContain('series 2 (CT, 30 inst.): lost');
  });

  it('takes nothing of the head: neither localizer nor bone nor the screen is anybody’s input', () => {
    for (const { outcome, inputs } of decisionOn(studyOf('ct-head-phantom-multiseries')).rules) {
      expect(outcome).toBe('not applied');
      const fates = inputs.flatMap((input) => input.series.map((series) => series.fate));
      expect(fates).not.toContain('chosen');
    }
  });
});

/** A rule that wants one regular stack of anything. */
const STACK_RULE = `
rules:
  - name: any-stack
    when: { tag: Modality, oneOf: [CT, MR] }
    series: { where: [{ fact: stack, equals: regular }] }
    model: lungs
    destinations: [archive]
`;

describeWithData(
  'facts on real data',
  ['quirks-dicom2nifti', 'ct-head-phantom-multiseries', 'mr-brain-t1-forrest'],
  (quirks, head, brain) => {
    const loaded = parseRules(new Map([['stack.yaml', STACK_RULE]]), '', { destinations: ['archive'], models: new Map() });
    if (!loaded.ok) throw new Error('the rule of this test is not valid');
    const decideAll = (folder: string) =>
      realStudies(folder).flatMap(
        (study) => decide(studyFacts(study), loaded.rules, { models: new Map([['lungs', { version: '1.0.0' }]]) }).rules,
      );
    const stacksOf = (folder: string) =>
      decideAll(folder).flatMap((rule) => (rule.inputs[0]?.series ?? []).map((series) => series.where?.parts?.[0]?.seen));

    it.each([
      ['failing/gantrytilting', 'tilted'],
      ['failing/sliceincrement', 'gaps'],
      ['failing/sliceorientation', 'several-orientations'],
      ['ge/fmri', '4d'],
      ['philips/dti', '4d'],
    ])('refuses %s by name: %s', (folder, kind) => {
      const [decision] = decideAll(join(quirks, folder));
      expect(decision?.outcome).toBe('no series');
      expect(decision?.reason).toMatch(new RegExp(`^not analysed: .*stack is regular: seen ${kind}`));
    });

    it.each(['generic/compressed_rle', 'ge/anatomical', 'philips_enhanced'])('takes %s', (folder) => {
      expect(decideAll(join(quirks, folder))).toMatchObject([{ outcome: 'applied' }]);
    });

    it('sees the 384 slices of the brain as one regular stack', () => {
      expect(stacksOf(brain)).toMatchObject([{ values: ['regular'] }]);
    });

    it('sees in the head study two stacks between a localizer and a screen capture', () => {
      expect(stacksOf(head)).toMatchObject([
        { values: ['single-slice'] },
        { values: ['regular'] },
        { values: ['regular'] },
        { values: ['single-slice'] },
      ]);
    });
  },
);
