/** The published JSON Schema: what the code says, judged by a validator that is not ours, over the files that are shipped. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { isCaseFile } from '../../../src/routing/rule-files.js';
import { languageSchemas } from '../../../src/routing/json-schema.js';

const FOLDER = 'routing-rules';
const published = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const validatorOf = (name: string) => new Ajv({ allErrors: true }).compile(JSON.parse(published(name)) as object);
const shipped = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

const rules = validatorOf('rules.schema.json');
const cases = validatorOf('cases.schema.json');

/** What the validator says of a rule that is right but for what is given. */
function valid(more: Record<string, unknown>): boolean {
  const rule = { name: 'a', when: { tag: 'Modality', equals: 'CT' }, model: 'm', destinations: ['archive'], ...more };
  return rules({ rules: [JSON.parse(JSON.stringify(rule))] }) as boolean;
}

describe('the published JSON Schema', () => {
  it.each(Object.entries(languageSchemas()))(
    '%s is what the code says (if not: node dist/main.js rules schema routing-rules)',
    (name, text) => {
      expect(published(name)).toBe(text);
    },
  );

  it.each(shipped)('takes %s, which names it in its first lines', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const schema = isCaseFile(name) ? 'cases.schema.json' : 'rules.schema.json';
    expect(text.split('\n').slice(0, 3).join('\n')).toContain(
      `# yaml-language-server: $schema=${'../'.repeat(name.split('/').length - 1)}${schema}`,
    );
    const validate = isCaseFile(name) ? cases : rules;
    validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each<[string, boolean, Record<string, unknown>]>([
    ['a rule', true, {}],
    ['an unknown key', false, { whenn: 1 }],
    ['an unknown key deep inside', false, { when: [{ any: [{ not: { tag: 'Modality', equls: 'CT' } }] }] }],
    ['an unknown fact', false, { when: { fact: 'isLocaliser', equals: true } }],
    ['two operators', false, { when: { tag: 'Modality', equals: 'CT', exists: true } }],
    ['no operator', false, { when: { tag: 'Modality' } }],
    ['a tag and a fact', false, { when: { tag: 'Modality', fact: 'plane', equals: 'axial' } }],
    [
      'every kind of tag',
      true,
      {
        when: [
          { tag: '0029,"SIEMENS CSA HEADER",08', exists: true },
          { tag: 'RequestAttributesSequence[0].RequestedProcedureID', absent: true },
        ],
      },
    ],
    [
      'units',
      true,
      {
        when: [
          { tag: 'SliceThickness', between: ['1 mm', '2 cm'] },
          { tag: 'PatientAge', atLeast: '18 years' },
        ],
      },
    ],
    ['a quantifier over instances', true, { when: { countInstances: { where: { tag: 'ImageType', equals: 'X' }, atLeast: 2 } } }],
    ['a quantifier without its count', false, { when: { countInstances: { where: { tag: 'ImageType', equals: 'X' } } } }],
    ['a fact of an instance', false, { when: { anyInstance: { fact: 'plane', equals: 'axial' } } }],
    ['a quantifier over series within when', false, { when: { anySeries: { tag: 'Modality', equals: 'PT' } } }],
    ['the same in study', true, { study: { anySeries: { fact: 'plane', equals: 'axial' } } }],
    ['a fact of a series in study', false, { study: { fact: 'plane', equals: 'axial' } }],
    ['a fact of the study in study', true, { study: { fact: 'callingAe', equals: 'CT1' } }],
    ['when and inputs', false, { inputs: { ct: { when: { tag: 'Modality', equals: 'CT' } } } }],
    ['inputs', true, { when: undefined, inputs: { ct: { when: { use: 'ct' } }, pt: { when: { use: 'pt' } } }, tiedBy: 'frameOfReference' }],
    [
      'a window, limits, shadow',
      true,
      { window: { from: '20:00', to: '06:00', days: ['mon'] }, limits: { perSource: { perDay: 3 } }, shadow: true },
    ],
    ['a day that is none', false, { window: { from: '20:00', to: '06:00', days: ['montag'] } }],
  ])('judges %s (%s)', (_, expected, more) => {
    expect(valid(more)).toBe(expected);
  });

  it('explains every key', () => {
    const without: string[] = [];
    const look = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, inner] of Object.entries(node)) {
        if (key === 'properties')
          for (const [name, property] of Object.entries(inner as Record<string, { description?: string }>))
            if (property.description === undefined) without.push(`${path}.${name}`);
        look(inner, `${path}.${key}`);
      }
    };
    for (const text of Object.values(languageSchemas())) look(JSON.parse(text), '');
    expect(without).toEqual([]);
  });
});
