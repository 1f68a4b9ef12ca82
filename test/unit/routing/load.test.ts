import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCases } from '../../../src/routing/cases.js';
import { loadRules, parseRules } from '../../../src/routing/load.js';
import { CONTEXT, faultsOf, rulesOf } from './support.js';

const RULE = `
rules:
  - name: chest
    when: { tag: Modality, equals: CT }
    model: lungs
    destinations: [archive]
`;

describe('rule files', () => {
  it('report every fault with its line', () => {
    const text = [
      'rules:',
      '  - name: Chest CT',
      '    when:',
      '      - { tag: Modalty, equals: CT }',
      '      - { tag: Modality, equls: CT }',
      '      - { fact: isLocalizr, equals: false }',
      '      - { fact: stack, equals: even }',
      '      - { fact: isLocalizer, atLeast: 3 }',
      '      - { tag: SeriesDescription, matches: "(chest" }',
      '      - { tag: SeriesDescription, matches: "(?=chest)" }',
      '      - { tag: SliceThickness, between: [5, 1] }',
      '      - { tag: Modality, equals: CT, exists: true }',
      '      - { tag: Modality }',
      '      - CT',
      '    model: lungs',
      '    destination: [archive]',
      '    priority: urgent',
    ].join('\n');
    expect(faultsOf(text)).toEqual([
      'test.yaml:2:5 rules[0].destinations: is missing',
      'test.yaml:2:11 rules[0].name: must be a name of lower-case letters, digits and "-"',
      'test.yaml:4:16 rules[0].when[0].tag: no tag is called "Modalty"; did you mean Modality?',
      'test.yaml:5:26 rules[0].when[1].equls: unknown key "equls" (did you mean equals?)',
      expect.stringMatching(/^test\.yaml:6:17 rules\[0\]\.when\[2\]\.fact: must be one of .* \(did you mean isLocalizer\?\)$/),
      expect.stringMatching(/^test\.yaml:7:32 rules\[0\]\.when\[3\]\.equals: can never be true: stack is one of regular, .*, never even$/),
      'test.yaml:8:39 rules[0].when[4].atLeast: can never be true: isLocalizer is not a number',
      "test.yaml:9:44 rules[0].when[5].matches: is not a regular expression in RE2's syntax (missing closing ): `(chest`)",
      expect.stringMatching(/^test\.yaml:10:44 rules\[0\]\.when\[6\]\.matches: is not a regular expression/),
      'test.yaml:11:41 rules[0].when[7].between: can never be true: the least is above the most',
      expect.stringMatching(/^test\.yaml:12:9 rules\[0\]\.when\[8\]: needs exactly one of .*, has equals and exists$/),
      expect.stringMatching(/^test\.yaml:13:9 rules\[0\]\.when\[9\]: needs exactly one of /),
      expect.stringMatching(/^test\.yaml:14:9 rules\[0\]\.when\[10\]: must be a condition/),
      'test.yaml:16:5 rules[0].destination: unknown key "destination" (did you mean destinations?)',
      'test.yaml:17:15 rules[0].priority: must be one of stat, routine, bulk',
    ]);
  });

  it('report destinations that are not in the settings, and names used twice, over all files', () => {
    const files = new Map([
      ['a.yaml', RULE],
      ['b.yaml', RULE.replace('[archive]', '[archiv]')],
    ]);
    const loaded = parseRules(files, 'rules', CONTEXT);
    expect(loaded.ok ? [] : loaded.faults).toEqual([
      expect.objectContaining({
        file: join('rules', 'b.yaml'),
        line: 3,
        message: `another rule is called "chest" (${join('rules', 'a.yaml')}:3)`,
      }),
      expect.objectContaining({
        file: join('rules', 'b.yaml'),
        line: 6,
        message: 'no destination is called "archiv"',
        suggestion: 'archive',
      }),
    ]);
  });

  it('with a model that is not there load, with a warning', () => {
    expect(rulesOf(RULE.replace('lungs', 'lung')).warnings).toEqual([
      expect.objectContaining({ line: 5, message: 'no active model is called "lung"; the rule waits for it', suggestion: 'lungs' }),
    ]);
    expect(rulesOf(RULE.replace('lungs', '{ name: lungs, version: 2.0.0 }')).warnings).toHaveLength(1);
    expect(rulesOf(RULE).warnings).toEqual([]);
  });
});

describe('a folder of rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-rules-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has the same revision for the same rules and cases, and another for others; other files do not count', () => {
    writeFileSync(join(folder, 'a.yaml'), RULE);
    const revision = () => {
      const loaded = loadRules(folder, CONTEXT);
      if (!loaded.ok) throw new Error('not valid');
      return loaded.rules.revision;
    };
    const first = revision();
    writeFileSync(join(folder, 'notes.txt'), 'x');
    mkdirSync(join(folder, 'unused'));
    writeFileSync(join(folder, 'unused', 'b.yaml'), 'x');
    expect(revision()).toBe(first);
    writeFileSync(join(folder, 'a.cases.yaml'), 'cases: []');
    const withCases = revision();
    expect(withCases).not.toBe(first);
    writeFileSync(join(folder, 'a.yaml'), `${RULE}# changed\n`);
    expect([first, withCases]).not.toContain(revision());
  });

  it('that is not there is a fault, and an empty one has no rules', () => {
    expect(loadRules(join(folder, 'nowhere'), CONTEXT)).toMatchObject({ ok: false, faults: [{ message: 'cannot be read (ENOENT)' }] });
    mkdirSync(join(folder, 'empty'));
    expect(loadRules(join(folder, 'empty'), CONTEXT)).toMatchObject({ ok: true, rules: { rules: [] } });
  });

  it('does not take an empty file for one without rules', () => {
    expect(faultsOf('\n')).toEqual([expect.stringContaining('test.yaml:1:1: the file is empty; delete it, or write `rules: []`')]);
    expect(faultsOf('rules: []\n')).toEqual([]);
  });
});

describe('cases', () => {
  const cases = (expect: string) => `
cases:
  - name: one
    series: [{ name: only, slices: 3, tags: { Modality: MR } }]
    expect: { ${expect} }
`;

  it('that come out otherwise are told with the reason', () => {
    const loaded = parseRules(
      new Map([
        ['a.yaml', RULE],
        ['a.cases.yaml', cases('chest: only')],
      ]),
      '',
      CONTEXT,
    );
    if (!loaded.ok) throw new Error('not valid');
    expect(checkCases(loaded.rules, loaded.rules.cases)).toMatchObject([
      {
        file: 'a.cases.yaml',
        line: 3,
        case: 'one',
        rule: 'chest',
        expected: 'only',
        seen: 'not applied',
        reason: 'series 1: Modality is CT: seen MR',
      },
    ]);
  });

  it('must name rules and series that are there', () => {
    expect(faultsOf(RULE, cases('chst: only'))).toEqual([
      'test.cases.yaml:5:15 cases[0].expect.chst: no rule is called "chst" (did you mean chest?)',
    ]);
    expect(faultsOf(RULE, cases('chest: onyl'))).toEqual([
      'test.cases.yaml:5:22 cases[0].expect.chest: no series of this case is called "onyl" (did you mean only?)',
    ]);
  });

  it('names what is wrong deep in a condition, not the key that holds it', () => {
    const text = RULE.replace(
      /when: .*/,
      'when: { any: [{ fact: sliceThickness, atMost: 5 mm }, { not: { tag: SliceThicknes, exists: true } }] }',
    );
    const [fact = '', tag = ''] = faultsOf(text);
    expect(fact).toMatch(/when\.any\[0\]\.fact: must be one of .*did you mean sliceThicknessMm/);
    expect(tag).toMatch(/when\.any\[1\]\.not\.tag: no tag is called "SliceThicknes"/);
  });

  it('of the shipped rules all come out as they say', () => {
    const loaded = loadRules('routing-rules', CONTEXT);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults, null, 2));
    expect(loaded.rules.cases.length).toBeGreaterThanOrEqual(8);
    expect(checkCases(loaded.rules, loaded.rules.cases)).toEqual([]);
  });
});
