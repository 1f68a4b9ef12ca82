/** What is wrong with a mapping to a report is said with its line, before a model with it can be registered. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidFileError } from '../../../src/foundation/faults.js';
import { lintPackage } from '../../../src/models/lint.js';
import { readModelPackage } from '../../../src/models/package.js';
import { parsePath, valueAt } from '../../../src/models/report-path.js';
import { tempFolder } from '../../support/temp.js';

const CARD = {
  name: 'nodules',
  summary: { description: 'x', inputs: [{ modality: 'CT' }], outputs: [{ type: 'Prediction', valueType: 'Likelihood', label: 'x' }] },
  details: { version: '1.0.0', license: { code: 'MIT', weights: 'MIT' }, cite: 'x' },
  info: { use: { text: 'x' }, limitations: { text: 'x' } },
};

const HEAD = 'image: x\noutputs:\n  reports:\n';
/** A report with one value, which begins in line 7. */
const withValue = (value: string) => `${HEAD}    - file: a.json\n      groups:\n        - values:\n            - ${value}\n`;

function packageOf(yaml: string): string {
  const folder = tempFolder('mapping');
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(CARD));
  writeFileSync(join(folder, 'model.yaml'), yaml);
  return folder;
}

function faultsOf(yaml: string): string[] {
  try {
    readModelPackage(packageOf(yaml));
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvalidFileError)) throw thrown;
    return thrown.faults.map(
      ({ line, message, suggestion }) => `${line}: ${message}${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}`,
    );
  }
}

const NODULE = '{ code: "27925004", scheme: SCT, meaning: Nodule }';

describe('a mapping to a report', () => {
  it('may have everything that there is', () => {
    const groups = `      groups:
        - each: findings
          label: 'Nodule {id}'
          structure: LUNG+NODULE
          values:
            - { path: cancerprobability, name: Probability of cancer, unit: '%', factor: 100, range: [0, 1] }
            - { path: '["a.b"][0].c', name: ${NODULE}, codes: { solid: ${NODULE}, '>= 0.5': ${NODULE} }, optional: true }
            - { path: remark, name: comment, text: true }
        - finding: ${NODULE}
          structure: '{roi}'
          values: [{ path: n, name: Score, unit: '{lesions}' }]
`;
    expect(faultsOf(`${HEAD}    - file: '*.json'\n${groups}`)).toEqual([]);
  });

  it.each<[string, string, string | RegExp]>([
    [
      'a name without a code',
      '{ path: x, name: Volum, unit: ml }',
      /^7: the node has no code for "Volum"; it has .*\(did you mean Volume\?\)$/,
    ],
    ['a unit as people write it', '{ path: x, name: Volume, unit: mL }', /^7: "mL" is no unit of UCUM .*\(did you mean ml\?\)$/],
    ['Hounsfield units by their letters', '{ path: x, name: Mean, unit: HU }', /\(did you mean \[hnsf'U\]\?\)$/],
    [
      'a misspelt code of SNOMED CT',
      '{ path: x, name: { code: "27925005", scheme: SCT, meaning: Nodule }, unit: "1" }',
      /^7: 27925005 is no code of SNOMED CT: its check digit is wrong$/,
    ],
    ['a code of SNOMED-RT', '{ path: x, name: { code: M-03010, scheme: SRT, meaning: Nodule }, unit: "1" }', /^7: SRT is retired/],
    [
      'a code that is too long for DICOM',
      '{ path: x, name: { code: "12345678901234567", scheme: "99X", meaning: y }, unit: "1" }',
      /^7: must be 1 to 16 characters/,
    ],
    ['no form', '{ path: x, name: Volume }', /^7: needs exactly one of `unit`/],
    ['two forms', '{ path: x, name: Volume, unit: ml, text: true }', /^7: needs exactly one of `unit`/],
    ['a path that is none', '{ path: "a[", name: Volume, unit: ml }', /^7: "a\[" is no path/],
    ['a range the wrong way round', '{ path: x, name: Volume, unit: ml, range: [1, 0] }', /^7: must have the lower number first$/],
    ['a factor of a text', '{ path: x, name: Comment, text: true, factor: 2 }', /^7: `factor` and `range` are for a number/],
    ['a limit that is none', `{ path: x, name: Finding, codes: { "< much": ${NODULE} } }`, /^7: "< much" is no range/],
    ...['≥ 0.5', '=> 0.5', '0.2-0.5'].map((key): [string, string, RegExp] => [
      `the range ${key}`,
      `{ path: x, name: Finding, codes: { "${key}": ${NODULE} } }`,
      /^7: ".*" is no range/,
    ]),
    ['a misspelt key', '{ path: x, name: Volume, units: ml }', /^7: .*units.*\(did you mean unit\?\)$/],
  ])('with %s', (_name, value, expected) => {
    const [first] = faultsOf(withValue(value));
    expect(first).toMatch(expected);
  });

  it('about an unknown structure, or with a list in a table', () => {
    expect(faultsOf(withValue('{ path: x, name: Volume, unit: ml }').replace('- values', '- structure: LUNGS\n          values'))).toEqual([
      expect.stringMatching(/^6: "LUNGS" is no structure/),
    ]);
    const table = withValue('{ path: "any column [mm]", name: Length, unit: mm }').replace('a.json', 'a.csv');
    expect(faultsOf(table)).toEqual([]);
    expect(faultsOf(table.replace('- values', '- each: rows\n          values'))).toEqual([
      expect.stringMatching(/^6: is for lists in JSON/),
    ]);
  });

  it('under a title with a misspelt code', () => {
    const titled = withValue('{ path: x, name: Volume, unit: ml }').replace(
      'outputs:',
      'outputs:\n  reportTitle: { code: "126", scheme: DCM, meaning: x }',
    );
    expect(faultsOf(titled)).toEqual([expect.stringMatching(/^3: 126 is no code of DICOM/)]);
  });

  it('is looked at by lint as well', () => {
    expect(lintPackage(packageOf(withValue('{ path: x, name: Volume, unit: mL }'))).faults).toEqual([
      expect.objectContaining({ path: 'outputs.reports[0].groups[0].values[0].unit', line: 7 }),
    ]);
  });
});

describe('a path into an answer', () => {
  const answer = { a: [{ b: 1 }, { b: null }], 'TIL score': 2, 'x-1': { 'c.d': 3 } };

  it.each<[string, unknown]>([
    ['a[0].b', 1],
    ['a[1].b', null],
    ['TIL score', 2],
    ['x-1["c.d"]', 3],
    ['a[2].b', undefined],
    ['a.b', undefined],
    ['constructor', undefined],
  ])('%s', (text, expected) => {
    expect(valueAt(answer, parsePath(text) ?? [])).toBe(expected);
  });

  it.each(['', '.a', 'a..b', 'a[', 'a[x]', 'a]', 'a.'])('"%s" is none', (text) => {
    expect(parsePath(text)).toBeUndefined();
  });
});
