/** `anteroom rules check` and `rules test` as an administrator sees them: the built command on a folder of rules, without a node. */
import { describeWith } from '../support/data.js';
import { missingForNode, prepareNode, type CommandResult } from '../support/node.js';

const RULES = `rules:
  - name: chest
    when:
      - { tag: Modality, equals: CT }
      - { fact: sliceCount, atLeast: 20 }
    model: lungs
    destinations: [archive]
    then: stop
`;
const LATER = `  - name: thin-chest
    when: [{ tag: Modality, equals: CT }, { fact: sliceCount, atLeast: 40 }]
    model: lungs
    settings: { thin: true }
    destinations: [archive]
`;
const CASES = `cases:
  - name: a long series
    series: [{ name: long, slices: 30, tags: { Modality: CT } }]
    expect: { chest: long }
  - name: a short series
    series: [{ name: short, slices: 5, tags: { Modality: CT } }]
    expect: { chest: short }
`;

/** Runs the commands on one folder of rules; the folder's own path is left out of what they say. */
async function run(rules: Readonly<Record<string, string>>, ...commands: readonly string[][]): Promise<CommandResult[]> {
  const node = await prepareNode({ rules });
  try {
    const results: CommandResult[] = [];
    for (const command of commands) {
      const { exitCode, stdout, stderr } = await node.command('rules', ...command);
      results.push({ exitCode, stdout: stdout.replaceAll(`${node.rulesDir}/`, ''), stderr });
    }
    return results;
  } finally {
    await node.remove();
  }
}

describeWith('rules check and rules test', missingForNode(), () => {
  it('tell of what is wrong with its place, what of it refuses the files, and end with 1', async () => {
    const [plain, asJson] = await run({ 'chest.yaml': RULES + LATER }, ['check'], ['check', '--json']);
    expect(plain?.exitCode).toBe(1);
    expect(plain?.stdout.split('\n').slice(0, 2)).toEqual([
      'chest.yaml:6:12 rules[0].model: warning: no active model is called "lungs"; the rule waits for it',
      'chest.yaml:9:11 rules[1].name: can never apply: rule chest (line 2) has every study that this one would have, and stops; put this one before it, or narrow it',
    ]);
    expect(plain?.stdout).toContain('these files would be refused, and the rules in force would stay');
    expect(asJson?.exitCode).toBe(1);
    expect(JSON.parse(asJson?.stdout ?? '')).toMatchObject({
      ok: false,
      faults: [{ line: 9 }],
      warnings: [{ line: 6 }, { line: 11 }],
      failures: [],
    });
  }, 60_000);

  it('run the cases: which came out otherwise, and by which clause', async () => {
    const files = { 'chest.yaml': RULES, 'chest.cases.yaml': CASES };
    const [check, test, one, unknown] = await run(
      files,
      ['check'],
      ['test'],
      ['test', '--case', 'a long series', '--json'],
      ['test', '--case', 'a shrt series'],
    );
    expect(check?.exitCode).toBe(1);
    expect(check?.stdout).toContain('chest.cases.yaml:5:1: case "a short series", rule chest: expected short, decided not applied');
    expect(test?.exitCode).toBe(1);
    expect(test?.stdout).toContain('✓ chest.cases.yaml:2: a long series\n✗ chest.cases.yaml:5: a short series\n');
    expect(test?.stdout).toMatch(/rule chest: expected short, decided not applied[^]*✗ sliceCount is at least 20 +5\n/);
    expect(test?.stdout).toContain('1 of 2 cases as expected, 1 otherwise');
    expect(one?.exitCode).toBe(0);
    expect(JSON.parse(one?.stdout ?? '')).toEqual({ ok: true, cases: 1, failures: [] });
    expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('did you mean "a short series"?') as string });
  }, 60_000);

  it('let warnings pass, unless they are to be strict', async () => {
    const [check, strict] = await run({ 'chest.yaml': RULES }, ['check'], ['check', '--strict']);
    expect(check).toMatchObject({ exitCode: 0 });
    expect(check?.stdout).toContain('chest.yaml:2:11 rules[0].name: warning: no case in a *.cases.yaml says what this rule must decide');
    expect(strict).toMatchObject({ exitCode: 1, stdout: check?.stdout });
  }, 60_000);
});
