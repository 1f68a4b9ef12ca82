/** The pages on rules are true: what they show as an example loads, and they name every key there is. */
import { readFileSync } from 'node:fs';
import { parseRules } from '../../../src/routing/load.js';
import { OPERATORS } from '../../../src/routing/schema.js';
import { formatFaults } from '../../../src/foundation/faults.js';

const REFERENCE = 'routing-rules/README.md';
const README = 'README.md';

/** The YAML blocks of a page that are files of rules or of cases. */
function examplesOf(page: string): string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)];
  const texts = blocks.map(([, indent = '', text = '']) => text.replace(new RegExp(`^${indent}`, 'gm'), ''));
  // A cohort has cases too, of another kind.
  return texts.filter((text) => /^(rules|conditions|cases|include):/m.test(text) && !text.startsWith('# cohort.yaml'));
}

/** The faults of an example that stands beside the shipped rules. */
function faultsOf(example: string): string {
  const shipped = ['shared/conditions.yaml', 'chest-ct-lungs.yaml'].map(
    (name) => [name, readFileSync(`routing-rules/${name}`, 'utf8')] as const,
  );
  const name = example.includes('cases:') ? 'example.cases.yaml' : 'example.yaml';
  const loaded = parseRules(new Map([...shipped, [name, example]]), '', { destinations: ['archive', 'pacs'], models: new Map() });
  return loaded.ok ? '' : formatFaults(loaded.faults);
}

describe('the pages on rules', () => {
  it.each([...examplesOf(REFERENCE), ...examplesOf(README)].map((example, index) => [index + 1, example] as const))(
    'example %i loads',
    (_, example) => {
      expect(faultsOf(example)).toBe('');
    },
  );

  it('finds the examples, and would find a fault in one', () => {
    expect(examplesOf(REFERENCE).length).toBeGreaterThanOrEqual(5);
    expect(examplesOf(README).length).toBeGreaterThanOrEqual(1);
    expect(faultsOf('rules:\n  - { name: x, when: { tag: Modalty, equals: CT }, model: m, destinations: [archive] }\n')).toMatch(/Modalty/);
  });

  it('names every key of a rule and every operator', () => {
    const schema = JSON.parse(readFileSync('routing-rules/rules.schema.json', 'utf8')) as {
      properties: { rules: { items: { properties: Record<string, unknown> } } };
    };
    const page = readFileSync(REFERENCE, 'utf8');
    const words = [...Object.keys(schema.properties.rules.items.properties), ...OPERATORS];
    expect(words.filter((word) => !new RegExp(`\`[^\`]*\\b${word}\\b`).test(page))).toEqual([]);
  });
});
