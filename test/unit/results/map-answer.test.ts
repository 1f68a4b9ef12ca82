/** Answers in the forms of MHub's models that give no DICOM object, and what a report says of them. */
import { QUALIFIER } from '../../../src/dicom/sr/concepts.js';
import { reportSchema, type ReportYaml } from '../../../src/models/report-yaml.js';
import { mapAnswer, readAnswer, type MappedAnswer } from '../../../src/results/reports/map-answer.js';

const PERCENT = { name: 'Probability of cancer', unit: '%', factor: 100, range: [0, 1] };
const nodule = { code: '27925004', scheme: 'SCT', meaning: 'Nodule' };
const yes = { code: '373066001', scheme: 'SCT', meaning: 'Yes' };
const no = { code: '373067005', scheme: 'SCT', meaning: 'No' };

function mapped(text: string, groups: readonly unknown[], file = 'answer.json'): MappedAnswer {
  const report: ReportYaml = reportSchema.parse({ file, groups });
  const answer = readAnswer(text, report);
  if (answer === undefined) throw new Error('no answer');
  return mapAnswer(answer, report);
}

/** As `label: name = value unit` or `label: name = code or text`. */
function lines({ groups, evaluations }: MappedAnswer): string[] {
  const said = (value: { readonly meaning: string } | number | string) => (typeof value === 'object' ? value.meaning : String(value));
  return [
    ...groups.flatMap(({ label, measurements, evaluations: own }) => [
      ...measurements.map(({ name, value, unit }) => `${label}: ${name.meaning} = ${said(value)} ${unit.value}`),
      ...own.map(({ name, value }) => `${label}: ${name.meaning} = ${said(value)}`),
    ]),
    ...evaluations.map(({ name, value }) => `${name.meaning} = ${said(value)}`),
  ];
}

const one = (value: Readonly<Record<string, unknown>>) => [{ values: [value] }];
const reasons = ({ reasons: found }: MappedAnswer) => found.map(({ seen, expected }) => `${seen}; expected ${expected}`);

describe("a report of an answer of MHub's models", () => {
  it('of the prostate: one likelihood', () => {
    const seen = mapped('{"prostate_cancer_likelihood": 0.29}', one({ path: 'prostate_cancer_likelihood', ...PERCENT }));
    expect(lines(seen)).toEqual(['Answer: Probability of cancer = 29 %']);
  });

  it('of STOIC: two probabilities, keys with hyphens', () => {
    const name = (meaning: string) => ({ code: meaning.slice(0, 16), scheme: '99STOIC', meaning });
    const seen = mapped('{"probability-covid-19": 0.91, "probability-severe-covid-19": 1.5e-05}', [
      {
        label: 'Lungs',
        structure: 'LUNG',
        values: [
          { path: 'probability-covid-19', name: name('Probability of COVID-19'), unit: '1' },
          { path: 'probability-severe-covid-19', name: name('Probability of severe COVID-19'), unit: '1' },
        ],
      },
    ]);
    expect(lines(seen)).toEqual(['Lungs: Probability of COVID-19 = 0.91 1', 'Lungs: Probability of severe COVID-19 = 0.000015 1']);
    expect(seen.groups[0].sites.map(({ code }) => code.meaning)).toEqual(['Lung']);
  });

  it('of TIGER: a score under a key with a blank', () => {
    expect(lines(mapped('{"TIL score": 40}', one({ path: 'TIL score', name: 'Score', unit: '%' })))).toEqual(['Answer: Score = 40 %']);
  });

  it('of grt123: the whole, and a group for each finding', () => {
    const answer = {
      lungcad: { revision: '', name: 'grt123' },
      imageinfo: { dimensions: [512, 512, 300] },
      findings: [
        { id: 0, x: 79.1, y: 100, z: -3, probability: 0.98, cancerprobability: 0.41 },
        { id: 1, x: 1, y: 2, z: 3, probability: 0.2, cancerprobability: 0 },
      ],
      cancerinfo: { casecancerprobability: 0.415 },
    };
    const seen = mapped(JSON.stringify(answer), [
      { label: 'Case', values: [{ path: 'cancerinfo.casecancerprobability', ...PERCENT }] },
      {
        each: 'findings',
        label: 'Nodule {id}',
        structure: 'LUNG+NODULE',
        values: [
          { path: 'cancerprobability', ...PERCENT },
          { path: 'x', name: 'Comment', text: true },
        ],
      },
    ]);
    expect(lines(seen)).toEqual([
      'Case: Probability of cancer = 41.5 %',
      'Nodule 0: Probability of cancer = 41 %',
      'Nodule 0: Comment = 79.1',
      'Nodule 1: Probability of cancer = 0 %',
      'Nodule 1: Comment = 1',
    ]);
    expect(seen.groups[1]).toMatchObject({ finding: { meaning: 'Nodule' }, sites: [{ code: { meaning: 'Lung' } }] });
  });

  it('of NODE21: boxes, and none of them without a word that reads as negative', () => {
    const groups = [
      {
        each: 'boxes',
        finding: nodule,
        values: [
          { path: 'probability', ...PERCENT },
          { path: 'corners', name: 'Comment', text: true },
        ],
      },
    ];
    const boxes = '{"type": "Multiple 2D bounding boxes", "boxes": [{"corners": [[9, 8.5, 0]], "probability": 0.63}]}';
    expect(lines(mapped(boxes, groups))).toEqual(['boxes 1: Probability of cancer = 63 %', 'boxes 1: Comment = [[9,8.5,0]]']);
    const none = mapped('{"boxes": []}', groups);
    expect(none.reasons).toEqual([]);
    expect(lines(none)).toEqual(['Comment = boxes: analysed, none listed']);
    expect(lines(none).join()).not.toMatch(/negative|normal|no nodule|absent/i);
  });

  it('of radiomics: a column of a table, a group for each row, its structure by a column', () => {
    const table = 'roi;original_shape_VoxelVolume;original_firstorder_Skewness;pred_0\nLIVER;1523400.5;-0.12;0.1\nleft lung;;nan;0.2\n';
    const seen = mapped(
      table,
      [
        {
          structure: '{roi}',
          label: '{roi}',
          values: [
            { path: 'original_shape_VoxelVolume', name: 'Volume', unit: 'mm3' },
            { path: 'original_firstorder_Skewness', name: 'Skewness', unit: '1' },
          ],
        },
      ],
      'features.csv',
    );
    expect(lines(seen)).toEqual([
      'LIVER: Volume = 1523400.5 mm3',
      'LIVER: Skewness = -0.12 1',
      'left lung: Volume = Value unknown mm3',
      'left lung: Skewness = Not a number 1',
    ]);
    expect(seen.groups[1].sites).toMatchObject([{ code: { meaning: 'Lung' }, laterality: { meaning: 'Left' } }]);
  });
});

describe('what a value may be', () => {
  const number = { path: 'x', name: 'Score', unit: '1' };
  const valueOf = (text: string, value: Readonly<Record<string, unknown>> = number) =>
    mapped(text, one(value)).groups[0]?.measurements[0]?.value;

  it.each<[string, unknown]>([
    ['{"x": 0}', 0],
    ['{"x": -0.5}', -0.5],
    ['{"x": "0.83"}', 0.83],
    ['{"x": " 1e-3 "}', 0.001],
    ['{"x": NaN}', QUALIFIER.notANumber],
    ['{"x": "nan"}', QUALIFIER.notANumber],
    ['{"x": Infinity}', QUALIFIER.positiveInfinity],
    ['{"x": -Infinity}', QUALIFIER.negativeInfinity],
    ['{"x": null}', QUALIFIER.unknown],
  ])('%s as a number', (text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['{"y": 1}', number, 'nothing at x; expected a value: model.yaml does not say that it is optional'],
    ['{"x": "high"}', number, '"high" at x; expected a number'],
    ['{"x": true}', number, 'true at x; expected a number'],
    ['{"x": [1]}', number, 'a list at x; expected a number'],
    ['{"x": 41}', { ...number, range: [0, 1] }, '41 at x; expected a number from 0 to 1'],
    ['{"x": "maybe"}', { path: 'x', name: 'Finding', codes: { yes, no } }, '"maybe" at x; expected one of yes, no'],
    [
      '{"x": null}',
      { path: 'x', name: 'Comment', text: true },
      'nothing at x; expected a value: model.yaml does not say that it is optional',
    ],
  ])('%s is refused, which says why', (text, value, reason) => {
    expect(reasons(mapped(text, one(value)))).toEqual([reason]);
  });

  it('may be left out where it is optional', () => {
    expect(mapped('{"y": 1}', one({ ...number, optional: true }))).toEqual({ groups: [], evaluations: [], reasons: [] });
  });

  it.each([
    ['{"x": "yes"}', ['Answer: Finding = Yes']],
    ['{"x": false}', ['Answer: Finding = No']],
    ['{"x": 0.5}', ['Answer: Finding = Yes', 'Answer: Comment = Finding: Yes, because x is 0.5 (>= 0.5)']],
    ['{"x": "0.1"}', ['Answer: Finding = No', 'Answer: Comment = Finding: No, because x is 0.1 (0..0.5)']],
  ])('%s as a code, by a table or by limits', (text, expected) => {
    expect(lines(mapped(text, one({ path: 'x', name: 'Finding', codes: { yes, false: no, '>= 0.5': yes, '0..0.5': no } })))).toEqual(
      expected,
    );
  });

  it('of an element of a list is named with its place', () => {
    const groups = [{ each: 'all', values: [number] }];
    expect(reasons(mapped('{"all": [{"x": 1}, {}]}', groups))).toEqual([expect.stringContaining('nothing at all[1].x')]);
    expect(reasons(mapped('{"all": {}}', groups))).toEqual(['no list at all; expected a list, also where it is empty']);
  });
});

describe('a table', () => {
  const volumes = [{ label: '{roi}', structure: '{roi}', values: [{ path: 'Volume', name: 'Volume', unit: 'ml', optional: true }] }];
  const table = (text: string) => mapped(text, volumes, 'a.csv');

  it('with a header only is an empty list: a model that found nothing', () => {
    expect(table('roi,Volume\n')).toMatchObject({ groups: [], reasons: [] });
    expect(lines(table('roi,Volume\n'))).toEqual(['Comment = Rows: analysed, none listed']);
  });

  it('keeps each row beside blank lines and quotes within a text, and takes columns that it does not name as they are', () => {
    const text = '\ufeffroi,Volume,note,note\n\n"LIVER",1,5" tube,\n  \nSPLEEN,2,"a ""b"", c",\n\n';
    expect(lines(table(text))).toEqual(['LIVER: Volume = 1 ml', 'SPLEEN: Volume = 2 ml']);
  });

  it.each([
    ['without a header', '\n', 'a table without a header'],
    ['with a quote that does not end', 'roi,Volume\n"LIVER,1\nSPLEEN,2\n', 'a quote without its end'],
    ['with a row that is cut', 'roi,Volume\nLIVER,1\nSPLEEN', '1 cells in row 2, 2 in the header'],
    ['with a column that it takes twice', 'roi,Volume,Volume\nLIVER,1,2\n', 'two columns Volume'],
  ])('%s is refused', (_, text, seen) => {
    expect(() => table(text)).toThrow(expect.objectContaining({ code: 'GATE_REJECTED', seen }) as Error);
  });

  it('of millions of line ends or rows is read only as far as it takes to refuse it', () => {
    expect(() => table('\n'.repeat(8_000_000))).toThrow(/a table without a header/);
    expect(table(`roi,Volume\n${'LIVER,1\n'.repeat(1001)}LIVER\n`).reasons).toEqual([
      { check: 'format', seen: '1001 groups', expected: 'at most 1000' },
    ]);
  });
});

describe('groups', () => {
  const optional = { path: 'size', name: 'Diameter', unit: 'mm', optional: true };

  it('of a list are kept where only a finding or a place is known of them', () => {
    const { groups } = mapped('{"all": [{"size": 3}, {}]}', [{ each: 'all', finding: nodule, values: [optional] }]);
    expect(groups.map(({ finding, measurements }) => [finding?.meaning, measurements.length])).toEqual([
      ['Nodule', 1],
      ['Nodule', 0],
    ]);
    expect(mapped('{"all": [{}]}', [{ each: 'all', structure: 'LIVER', values: [optional] }]).groups).toHaveLength(1);
    expect(mapped('{"size": null}', [{ finding: nodule, values: [{ ...optional, path: 'no' }] }]).groups).toEqual([]);
  });

  it('have labels of their own, whatever the answer calls them', () => {
    const { groups } = mapped('[{"n": "a"}, {"n": "a"}, {"n": " a (2)"}, {"n": "a"}]', [
      { each: '.', label: '{n}', finding: nodule, values: [optional] },
    ]);
    expect(groups.map(({ label }) => label)).toEqual(['a', 'a (2)', 'a (2) (2)', 'a (3)']);
    expect(reasons(mapped('{"n": " "}', [{ label: '{n}', values: [optional] }]))).toEqual(['nothing at n; expected a text']);
  });
});

describe('what an object cannot hold', () => {
  const comment = { path: 'x', name: 'Comment', text: true };

  it('is left away or refused before it is written', () => {
    expect(lines(mapped('{"x": "ab "}', one(comment)))).toEqual(['Answer: Comment = ab']);
    expect(reasons(mapped('{"x": " "}', one(comment)))).toEqual([expect.stringMatching(/^nothing at x/)]);
    expect(mapped('{"x": ""}', one({ ...comment, optional: true }))).toEqual({ groups: [], evaluations: [], reasons: [] });
    expect(reasons(mapped('{"x": 1e308}', one({ path: 'x', name: 'Score', unit: '%', factor: 100 })))).toEqual([
      '1e+308 at x; expected a number that 100 can be multiplied with',
    ]);
  });

  it('is no text of many megabytes', () => {
    const long = 'a'.repeat(20_000_000);
    expect(mapped(`{"x": "${long}"}`, one(comment)).groups[0].evaluations[0].value).toHaveLength(long.length);
    expect(readAnswer(`{"x": "${long}", "y": NaN}`, reportSchema.parse({ file: 'a.json', groups: one(comment) }))).toBeUndefined();
  });
});
