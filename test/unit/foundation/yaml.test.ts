import { z } from 'zod';
import { formatFaults } from '../../../src/foundation/faults.js';
import { parseYaml, validate } from '../../../src/foundation/yaml.js';

const shape = z.strictObject({
  name: z.string(),
  size: z.int().min(1).default(1),
  parts: z.array(z.strictObject({ colour: z.enum(['red', 'green']) })).default([]),
});

function faultsOf(text: string, schema: z.ZodType = shape): string[] {
  const checked = validate(parseYaml(text, 'f.yaml'), schema);
  return checked.ok ? [] : formatFaults(checked.faults).split('\n');
}

describe('validate', () => {
  it('gives the value with its defaults where nothing is wrong', () => {
    expect(validate(parseYaml('name: a\nparts: [{colour: red}]', 'f.yaml'), shape)).toEqual({
      ok: true,
      value: { name: 'a', size: 1, parts: [{ colour: 'red' }] },
    });
  });

  it('reports every fault at once, each with its line', () => {
    const text = ['nam: a', 'size: 0', 'parts:', '  - colour: red', '  - colour: rde', '  - colour: 3', '    shade: dark'].join('\n');
    expect(faultsOf(text)).toEqual([
      'f.yaml:1:1 name: is missing',
      'f.yaml:1:1 nam: unknown key "nam" (did you mean name?)',
      'f.yaml:2:7 size: must be at least 1',
      'f.yaml:5:13 parts[1].colour: must be one of red, green (did you mean red?)',
      'f.yaml:6:13 parts[2].colour: must be one of red, green',
      'f.yaml:7:5 parts[2].shade: unknown key "shade"',
    ]);
  });

  it('names a key that is written twice, beside the other faults', () => {
    expect(faultsOf('name: a\nsize: x\nname: b')).toEqual([
      'f.yaml:2:7 size: must be a number, is a text',
      'f.yaml:3:1: this key is written twice',
    ]);
  });

  it('reports broken YAML with its line and does not guess at the rest', () => {
    const faults = faultsOf('name: a\nparts: [{colour: red}\nsize: 2');
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatch(/^f\.yaml:3:\d+: /);
    expect(faults.join()).not.toContain('is missing');
  });

  it('refuses unknown YAML tags and aliases without an anchor', () => {
    expect(faultsOf('name: !secret a')[0]).toMatch(/^f\.yaml:1:7: Unresolved tag: !secret/);
    expect(faultsOf('name: *nobody')[0]).toMatch(/nobody/);
  });

  it('survives aliases that expand without bounds or hold themselves', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`),
    ].join('\n');
    expect(faultsOf(bomb).length).toBeGreaterThan(0);
    expect(faultsOf('name: &n [*n]').length).toBeGreaterThan(0);
  });

  it('takes a key without a value as not written, and an empty file as one without keys', () => {
    expect(validate(parseYaml('name: a\nsize:\n', 'f.yaml'), shape)).toMatchObject({ ok: true, value: { size: 1 } });
    expect(faultsOf('')).toEqual(['f.yaml:1:1 name: is missing']);
  });

  it('reads JSON with tabs, and keeps yes and no as texts', () => {
    expect(parseYaml('{\n\t"a": [1,\n\t\t2]\n}', 'f.json')).toMatchObject({ value: { a: [1, 2] }, faults: [] });
    expect(parseYaml('a: yes\nb: no', 'f.yaml').value).toEqual({ a: 'yes', b: 'no' });
  });

  it('follows aliases to the place where the value stands', () => {
    expect(faultsOf('name: a\nparts:\n  - &p {colour: blue}\n  - *p')).toEqual([
      'f.yaml:3:17 parts[0].colour: must be one of red, green',
      'f.yaml:3:17 parts[1].colour: must be one of red, green',
    ]);
  });
});

describe('unions', () => {
  const either = z.strictObject({
    source: z.union([z.strictObject({ file: z.string() }), z.strictObject({ env: z.string() })], { error: 'must be {file} or {env}' }),
  });

  it('reports the branch that was meant', () => {
    expect(faultsOf('source: {evn: A}', either)).toContain('f.yaml:1:10 source.evn: unknown key "evn" (did you mean env?)');
    expect(faultsOf('source: {env: 3}', either)).toEqual(['f.yaml:1:15 source.env: must be a text, is a number']);
  });

  it('says what it wants where no branch fits at all', () => {
    expect(faultsOf('source: hunter2', either)).toEqual(['f.yaml:1:9 source: must be {file} or {env}']);
  });

  it('says that two branches do not go together', () => {
    expect(faultsOf('source: {file: a, env: b}', either)).toEqual(['f.yaml:1:19 source.env: "env" does not go with the other keys here']);
  });
});
