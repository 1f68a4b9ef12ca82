/** Conditions that are said once: names, includes, and what can go wrong with them. */
import { formatFaults } from '../../../src/foundation/faults.js';
import { decide } from '../../../src/routing/evaluate.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import { parseRules } from '../../../src/routing/load.js';
import { CONTEXT, series, study } from './support.js';

const RULE = (when: string, more = '') => `
rules:
  - { name: chest, when: ${when}, model: lungs, destinations: [archive]${more} }
`;

const SHARED = `conditions:
  ct: { tag: Modality, equals: CT }
  chest-ct: [{ use: ct }, { tag: BodyPartExamined, equals: CHEST }]
`;

function load(files: Record<string, string>) {
  return parseRules(new Map(Object.entries(files)), '', CONTEXT);
}

function faultsOf(files: Record<string, string>): string[] {
  const loaded = load(files);
  return loaded.ok ? [] : formatFaults(loaded.faults).split('\n');
}

function rulesOf(files: Record<string, string>) {
  const loaded = load(files);
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return loaded.rules;
}

describe('a named condition', () => {
  const files = { 'a.yaml': `include: [shared/conditions.yaml]\n${RULE('{ use: chest-ct }')}`, 'shared/conditions.yaml': SHARED };

  it('of an included file answers as what it stands for, and the explanation shows what that is', () => {
    const decision = decide(study(series('s', { Modality: 'CT', BodyPartExamined: 'HEAD', SeriesNumber: 2 })), rulesOf(files), CONTEXT);
    expect(decision.rules[0]).toMatchObject({ outcome: 'not applied', reason: 'series 2: BodyPartExamined is CHEST: seen HEAD' });
    expect(formatExplanation(decision).split('\n').slice(6)).toEqual([
      '    ✗ when: chest-ct',
      '      ✓ ct',
      '        ✓ Modality is CT            CT',
      '      ✗ BodyPartExamined is CHEST   HEAD',
      '',
    ]);
  });

  it('is part of the revision, also where it is in a file that is included', () => {
    const other = { ...files, 'shared/conditions.yaml': SHARED.replace('CHEST', 'THORAX') };
    expect(Object.keys(rulesOf(files).files)).toEqual(['a.yaml', 'shared/conditions.yaml']);
    expect(rulesOf(other).revision).not.toBe(rulesOf(files).revision);
  });

  it('can be asked of what its clauses fit: of series, of instances, of the study', () => {
    const condition = 'conditions:\n  thin: { tag: SliceThickness, atMost: 2 mm }\n';
    const used = `${condition}${RULE('[{ use: thin }, { allInstances: { use: thin } }]', ', study: { anySeries: { use: thin } }')}`;
    const [rule] = decide(study(series('s', { SliceThickness: 1 })), rulesOf({ 'a.yaml': used }), CONTEXT).rules;
    expect(rule?.outcome).toBe('applied');
  });

  it('gives a warning where the file that has it is never included', () => {
    expect(rulesOf({ 'a.yaml': RULE('{ tag: Modality, equals: CT }'), 'shared/conditions.yaml': SHARED }).warnings).toMatchObject([
      { file: 'shared/conditions.yaml', message: 'no file includes this one: nothing in it counts' },
    ]);
    const faulty = load({
      'a.yaml': `include: [shared/conditions.yaml]\n${RULE('{ tag: Modalty, exists: true }')}`,
      'shared/conditions.yaml': SHARED,
    });
    expect(faulty).toMatchObject({ ok: false, warnings: [] });
  });
});

describe('faults of named conditions', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'a name that nobody defines',
      { 'a.yaml': `conditions:\n  chest-ct: { tag: Modality, equals: CT }\n${RULE('[{ use: chest-c }]')}` },
      ['a.yaml:5:34 rules[0].when[0].use: no condition is called "chest-c" (did you mean chest-ct?)'],
    ],
    [
      'a name of a file that is not included',
      { 'a.yaml': RULE('{ use: ct }'), 'b.yaml': SHARED },
      ['a.yaml:3:33 rules[0].when.use: no condition is called "ct" here; b.yaml has one: include it'],
    ],
    [
      'a fault within an included file, once and in that file, with the rules that use it left alone',
      { 'a.yaml': `include: [s.yaml]\n${RULE('{ use: ct }')}`, 's.yaml': 'conditions:\n  ct:\n    - { tag: Modalty, equals: CT }\n' },
      ['s.yaml:3:14 conditions.ct[0].tag: no tag is called "Modalty"; did you mean Modality?'],
    ],
    [
      'a file that is not there',
      { 'a.yaml': `include: [shared/condition.yaml]\n${RULE('{ use: ct }')}`, 'shared/conditions.yaml': SHARED },
      ['a.yaml:1:11 include[0]: there is no file "shared/condition.yaml" in the folder of rules (did you mean shared/conditions.yaml?)'],
    ],
    [
      'a file outside the folder',
      { 'a.yaml': 'include: [../x.yaml]\n' },
      ['a.yaml:1:11 include[0]: "../x.yaml" must be written from the folder of rules, without . and ..'],
    ],
    [
      'files that include each other',
      { 'a.yaml': 'include: [b.yaml]\n', 'b.yaml': 'include: [c.yaml]\n', 'c.yaml': 'include: [b.yaml]\n' },
      ['c.yaml:1:11 include[0]: goes in a circle: b.yaml → c.yaml → b.yaml'],
    ],
    [
      'conditions that stand for each other',
      { 'a.yaml': 'conditions:\n  a: { not: { use: b } }\n  b: [{ use: a }]\n' },
      ['a.yaml:3:14 conditions.b[0].use: goes in a circle: a → b → a'],
    ],
    [
      'one name for two conditions',
      { 'a.yaml': `include: [s.yaml]\nconditions:\n  ct: { tag: Modality, equals: CT }\n`, 's.yaml': SHARED },
      ['a.yaml:1:11 include[0]: brings a condition "ct" (s.yaml:2), but one of that name is there already (a.yaml:3)'],
    ],
    [
      'a fact asked of an instance',
      { 'a.yaml': `conditions:\n  thin: { fact: sliceThicknessMm, atMost: 2 }\n${RULE('{ anyInstance: { use: thin } }')}` },
      [
        'a.yaml:5:48 rules[0].when.anyInstance.use: "thin" (a.yaml:2) cannot be asked here: sliceThicknessMm is a fact of a series; of an instance only tags can be asked',
      ],
    ],
    [
      'a question to the study asked of a series',
      { 'a.yaml': `conditions:\n  pair: { anySeries: { tag: Modality, equals: PT } }\n${RULE('{ use: pair }')}` },
      ['a.yaml:5:33 rules[0].when.use: "pair" (a.yaml:2) cannot be asked here: anySeries is asked of a study, not of a series'],
    ],
    [
      'rules in a sub-folder',
      { 'a.yaml': 'include: [x/b.yaml]\n', 'x/b.yaml': RULE('{ tag: Modality, equals: CT }') },
      ['x/b.yaml:2:1 rules: rules in a sub-folder are never asked; put them into a file of the folder itself'],
    ],
  ])('%s', (_, files, faults) => {
    expect(faultsOf(files)).toEqual(faults);
  });

  it('a condition that is brought by two ways is one', () => {
    const files = {
      'a.yaml': `include: [b.yaml, c.yaml]\n${RULE('{ use: ct }')}`,
      'b.yaml': 'include: [s.yaml]\n',
      'c.yaml': 'include: [s.yaml]\n',
      's.yaml': SHARED,
    };
    expect(faultsOf(files)).toEqual([]);
  });
});
