/** What `rules check` finds: the rule file, and for each finding its line and its words. `warning` ones do not refuse the file. */
import type { CardInput } from '../../../src/models/card.js';
import { parseRules, type RulesContext } from '../../../src/routing/load.js';
import { CONTEXT } from './support.js';

const input = (over: Partial<CardInput>): CardInput => ({
  label: 'Input Image',
  description: '',
  format: 'DICOM',
  modalities: ['CT'],
  contrast: 'unknown',
  ...over,
});

const MODELS: RulesContext['models'] = new Map([
  ['lungs', { version: '1.0.0', card: { inputs: [input({ bodyPart: 'CHEST', sliceThicknessMm: 5 })] } }],
  ['any', { version: '1.0.0' }],
  ['contrasted', { version: '2.0.0', card: { inputs: [input({ contrast: 'required' })] } }],
  ['plain', { version: '2.0.0', card: { inputs: [input({ contrast: 'without' })] } }],
  ['petct', { version: '1.0.0', card: { inputs: [input({ label: 'CT' }), input({ label: 'PT', modalities: ['PT'] })] } }],
]);

/** `line: message`, one for each finding; the file is test.yaml unless it says so. */
function findings(text: string, over: Partial<RulesContext> = {}, others: Readonly<Record<string, string>> = {}): string[] {
  const files = new Map(Object.entries({ 'test.yaml': text, ...others }));
  const loaded = parseRules(files, '', { ...CONTEXT, models: MODELS, ...over });
  const told = loaded.ok ? loaded.rules.warnings.map((one) => ({ ...one, message: `warning: ${one.message}` })) : loaded.faults;
  return told.map(({ file, line, message, suggestion }) => {
    const place = file === 'test.yaml' ? String(line) : `${file}:${line}`;
    return `${place}: ${message}${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}`;
  });
}

/** A rule of one input; `when` begins in line 4. */
const rule = (when: string, more = '', model = 'any') => `rules:
  - name: one
    when:
${when.replace(/^/gm, '      ')}
    model: ${model}
    destinations: [archive]
${more.replace(/^/gm, '    ')}
`;

const CT = '{ tag: Modality, equals: CT }';
const MR = '{ tag: Modality, equals: MR }';

describe('names that are not known', () => {
  it.each([
    ['a key of a rule', rule('{ tag: Modality, equals: CT }', 'prioritty: stat'), ['7: unknown key "prioritty" (did you mean priority?)']],
    [
      'a key of limits',
      rule('{ tag: Modality, equals: CT }', 'limits: { perHours: 3 }'),
      ['7: unknown key "perHours" (did you mean perHour?)'],
    ],
    [
      'a key of a window',
      rule('{ tag: Modality, equals: CT }', "window: { from: '20:00', till: '06:00' }"),
      ['7: unknown key "till"', '7: is missing'],
    ],
    [
      'a key of an input',
      `rules:\n  - name: one\n    inputs:\n      ct: { when: { tag: Modality, equals: CT }, wheres: { tag: Rows, atLeast: 5 } }\n    model: any\n    destinations: [archive]\n`,
      ['4: unknown key "wheres" (did you mean where?)'],
    ],
    [
      'a key of series',
      rule('{ tag: Modality, equals: CT }', 'series: { prefers: [] }'),
      ['7: unknown key "prefers" (did you mean prefer?)'],
    ],
    [
      'a quantifier',
      rule('- { anyInstances: { tag: Modality, equals: CT } }'),
      ['4: unknown key "anyInstances" (did you mean anyInstance?)'],
    ],
    ['a tag', rule('- { tag: Modallity, equals: CT }'), ['4: no tag is called "Modallity"; did you mean Modality?']],
    [
      'a tag in a path',
      rule('- { tag: RequestAttributesSequence.RequestedProcedureDescripton, exists: true }'),
      ['4: no tag is called "RequestedProcedureDescripton"; did you mean RequestedProcedureDescription?'],
    ],
    [
      'a private tag in an even group',
      rule(`- { tag: '0028,"SIEMENS",08', exists: true }`),
      ['4: "0028,"SIEMENS",08" is no private tag; one is written like 0029,"SIEMENS CSA HEADER",08, its group being odd'],
    ],
    ['a fact', rule('- { fact: sliceCont, atLeast: 20 }'), ['4: must be one of']],
    [
      'a named condition',
      `conditions:\n  chest-ct: { tag: Modality, equals: CT }\n${rule('- { use: chest-tc }').replace('rules', 'rules')}`,
      ['6: no condition is called "chest-tc" (did you mean chest-ct?)'],
    ],
    [
      'a destination',
      rule('- { tag: Modality, equals: CT }').replace('[archive]', '[archiv]'),
      ['6: no destination is called "archiv" (did you mean archive?)'],
    ],
    [
      'a model, which may still be installed',
      rule('- { tag: Modality, equals: CT }', '', 'lungss'),
      ['5: warning: no active model is called "lungss"; the rule waits for it (did you mean lungs?)'],
    ],
  ])('%s', (_, text, expected) => {
    const found = findings(text);
    expect(found).toHaveLength(expected.length);
    for (const one of expected) expect(found.join('\n')).toContain(one);
  });
});

describe('what can never be true', () => {
  it.each([
    [
      'a word that the fact does not have',
      '- { fact: plane, equals: axal }',
      ['4: can never be true: plane is one of axial, coronal, sagittal, oblique, never axal; did you mean axial?'],
    ],
    ['a text where the fact is a number', '- { fact: sliceCount, equals: many }', ['4: can never be true: sliceCount is a number']],
    ['a range reversed', '- { tag: SliceThickness, between: [5, 2] }', ['4: can never be true: the least is above the most']],
    ['a unit that does not fit', '- { tag: SliceThickness, atMost: 5 kg }', ['4: is in mm, which kg is not']],
    ['a count below one', '- { fact: sliceCount, atMost: 0 }', ['4: can never be true: sliceCount is at most 0']],
    [
      'ranges that do not meet',
      '- { tag: SliceThickness, atLeast: 5 }\n- { tag: SliceThickness, atMost: 2 mm }',
      ['5: can never be true together with line 4: SliceThickness is at most 2 mm, and SliceThickness is at least 5 mm'],
    ],
    [
      'ranges in different units',
      '- { tag: SliceThickness, atLeast: 1 cm }\n- { tag: SliceThickness, atMost: 2 mm }',
      ['5: can never be true together with line 4: SliceThickness is at most 2 mm, and SliceThickness is at least 1 cm'],
    ],
    [
      'two values of a tag that has one',
      "- { tag: Modality, equals: CT }\n- { tag: '(0008,0060)', equals: mr }",
      ['5: can never be true together with line 4: (0008,0060) is mr, and Modality is CT'],
    ],
    [
      'a value and not that value',
      '- { tag: Modality, equals: CT }\n- { not: { tag: Modality, oneOf: [CT, MR] } }',
      ['5: can never be true together with line 4: not (Modality is one of CT, MR), and Modality is CT'],
    ],
    [
      'a value and its absence',
      '- { tag: BodyPartExamined, absent: true }\n- { tag: BodyPartExamined, contains: chest }',
      ['5: can never be true together with line 4: BodyPartExamined contains "chest", and BodyPartExamined is absent or empty'],
    ],
    [
      'a text that lacks what it must contain',
      '- { tag: SeriesDescription, equals: Thorax }\n- { tag: SeriesDescription, contains: lung }',
      ['5: can never be true together with line 4: SeriesDescription contains "lung", and SeriesDescription is Thorax'],
    ],
    [
      'a value that the pattern excludes',
      '- { tag: Modality, oneOf: [CT, MR] }\n- { tag: Modality, matches: ^P }',
      ['5: can never be true together with line 4: Modality matches /^P/, and Modality is one of CT, MR'],
    ],
    [
      'not of what is always so',
      '- { not: { any: [{ tag: Modality, exists: true }, { tag: Modality, absent: true }] } }',
      ['4: can never be true: what stands under not is never false'],
    ],
    [
      'not of all the words there are',
      '- { not: { fact: plane, oneOf: [axial, coronal, sagittal, oblique] } }',
      ['4: can never be true: what stands under not is never false'],
    ],
    [
      'three that cannot be together, though each two can',
      '- any: [{ tag: Modality, equals: CT }, { tag: Rows, equals: 512 }]\n- { tag: Modality, equals: MR }\n- { tag: Rows, equals: 256 }',
      ['6: can never be true together with what stands before it: Rows is 256'],
    ],
    [
      'a quantifier over what is never true',
      '- { anyInstance: [{ tag: InstanceNumber, atLeast: 5 }, { tag: InstanceNumber, atMost: 4 }] }',
      ['4: can never be true together with line 4: InstanceNumber is at most 4, and InstanceNumber is at least 5'],
    ],
    [
      'the same quantifier, and its opposite',
      '- { anyInstance: { tag: ImageType, contains: LOCALIZER } }\n- { noInstance: { tag: ImageType, contains: LOCALIZER } }',
      [
        '5: can never be true together with line 4: no instance with ImageType contains "LOCALIZER", and any instance with ImageType contains "LOCALIZER"',
      ],
    ],
    [
      'each branch of any for itself',
      '- any:\n    - [{ tag: Rows, equals: 512 }, { tag: Rows, equals: 256 }]\n    - { tag: Modality, equals: CT }',
      ['5: can never be true together with line 5: Rows is 256, and Rows is 512'],
    ],
  ])('%s', (_, when, expected) => {
    expect(findings(rule(when))).toEqual(expected);
  });

  it.each([
    ['two values of a tag that has several', '- { tag: ImageType, equals: ORIGINAL }\n- { tag: ImageType, equals: AXIAL }'],
    [
      'two values in items of a sequence',
      '- { tag: AnatomicRegionSequence.CodeValue, equals: A }\n- { tag: AnatomicRegionSequence.CodeValue, equals: B }',
    ],
    [
      'two values of a private tag',
      `- { tag: '0029,"SIEMENS CSA HEADER",08', equals: A }\n- { tag: '0029,"SIEMENS CSA HEADER",08', equals: B }`,
    ],
    ['upper and lower case', '- { tag: Modality, equals: ct }\n- { tag: Modality, equals: CT }'],
    ['a range of one value', '- { tag: SliceThickness, atLeast: 5 }\n- { tag: SliceThickness, atMost: 0.5 cm }'],
    ['a number as text and as number', `- { tag: PatientID, equals: '007' }\n- { tag: PatientID, equals: 7 }`],
    ['a time over midnight', "- { tag: StudyTime, between: ['20:00', '06:00'] }\n- { tag: StudyTime, atLeast: '23:00' }"],
    ['not of a value of a tag that may be absent', '- { not: { tag: BodyPartExamined, equals: CHEST } }\n- { tag: Modality, equals: CT }'],
  ])('nothing is said of %s', (_, when) => {
    expect(findings(rule(when))).toEqual([]);
  });

  it('is another thing of a study, whose series have their own values', () => {
    expect(findings(rule(CT, 'study: [{ tag: Modality, equals: CT }, { tag: Modality, equals: PT }]'))).toEqual([]);
    expect(findings(rule(CT, 'study: [{ anySeries: [{ tag: Modality, equals: CT }, { tag: Modality, equals: PT }] }]'))).toEqual([
      '7: can never be true together with line 7: Modality is PT, and Modality is CT',
    ]);
  });

  it('tells of when and where that contradict each other, of study and when, and of inputs', () => {
    expect(findings(rule('{ tag: Modality, equals: CT }', 'series: { where: { tag: Modality, equals: MR } }'))).toEqual([
      '7: can never be true together with line 4: Modality is MR, and Modality is CT',
    ]);
    expect(findings(rule('{ tag: Modality, equals: CT }', 'study: { noSeries: { tag: Modality, oneOf: [CT, PT] } }'))).toEqual([
      '4: can never be true together with line 7: Modality is CT, and not (Modality is one of CT, PT)',
    ]);
    expect(findings(rule('{ fact: calledAe, equals: A }', 'study: { fact: calledAe, equals: B }'))).toEqual([
      '4: can never be true together with line 7: calledAe is A, and calledAe is B',
    ]);
    const inputs = `rules:
  - name: one
    inputs:
      ct: { when: { tag: Modality, equals: CT }, where: { tag: Modality, equals: PT } }
      pt: { when: { tag: Modality, equals: PT } }
    model: any
    destinations: [archive]
`;
    expect(findings(inputs)).toEqual(['4: can never be true together with line 4: Modality is PT, and Modality is CT']);
  });

  it('is told where a named condition is defined, once, and in which file', () => {
    const shared = `conditions:
  thick-and-thin: [{ tag: SliceThickness, atLeast: 5 }, { tag: SliceThickness, atMost: 2 }]
  chest-ct: { tag: Modality, equals: CT }
`;
    const text = `include: [shared/conditions.yaml]
${rule('- { use: thick-and-thin }', 'completeWith: [{ use: thick-and-thin }]')}`;
    const others = { 'shared/conditions.yaml': shared };
    expect(findings(text, {}, others)).toEqual([
      'shared/conditions.yaml:2: can never be true together with line 2: SliceThickness is at most 2 mm, and SliceThickness is at least 5 mm',
    ]);
    const used = `include: [shared/conditions.yaml]\n${rule('- { use: chest-ct }\n- { tag: Modality, equals: MR }')}`;
    expect(findings(used, {}, { 'shared/conditions.yaml': shared.replace(/.*thick-and.*\n/, '') })).toEqual([
      '6: can never be true together with line 5: Modality is MR, and chest-ct',
    ]);
  });
});

describe('what only a header has that breaks the standard', () => {
  it.each([
    ['{ tag: Modality, equals: MRI }', '4: warning: DICOM has no modality MRI (did you mean MR?)'],
    ['{ tag: Modality, oneOf: [MR, CAT] }', '4: warning: DICOM has no modality CAT (did you mean CT?)'],
    [
      '{ tag: BodyPartExamined, equals: CHESTABDOMENPELVIS }',
      '4: warning: BodyPartExamined is a code string: it has at most 16 characters, this has 18',
    ],
    [
      '{ tag: BodyPartExamined, contains: T-SPINE }',
      '4: warning: BodyPartExamined is a code string: it has letters, digits, spaces and "_" only, never "-"',
    ],
    [
      '{ tag: BodyPartExamined, matches: ^kopf-hals$ }',
      '4: warning: BodyPartExamined is a code string: it has letters, digits, spaces and "_" only, never "-"',
    ],
    ['{ tag: StudyDate, equals: 2024-01-31 }', '4: warning: StudyDate is a date: it has digits like 20240131 only, never "-"'],
    ['{ tag: Modality, atLeast: 5 }', '4: warning: Modality is a code string: it is never a number'],
  ])('%s', (when, expected) => {
    expect(findings(rule(when))).toEqual([expected]);
  });

  it.each([
    '{ tag: Modality, equals: ct }',
    '{ tag: BodyPartExamined, matches: "^(chest|thorax-?)" }',
    '{ tag: SeriesDescription, equals: T-SPINE }',
  ])('nothing is said of %s', (when) => {
    expect(findings(rule(when))).toEqual([]);
  });
});

/** Two rules, the first of which stops; their names stand in lines 2 and 8. */
const two = (first: string, second: string, more: { first?: string; second?: string; models?: [string, string] } = {}) => `rules:
  - name: first
    when: ${first}
    model: ${more.models?.[0] ?? 'any'}
    destinations: [archive]
    then: stop
    ${more.first ?? 'description: the one'}
  - name: second
    when: ${second}
    model: ${more.models?.[1] ?? 'any'}
    settings: { other: true }
    destinations: [archive]
    ${more.second ?? 'description: the other'}
`;
const ALWAYS = [
  '8: can never apply: rule first (line 2) has every study that this one would have, and stops; put this one before it, or narrow it',
];

describe('a rule that an earlier one always pre-empts', () => {
  it.each([
    ['the same condition', two(CT, CT)],
    ['a wider condition', two('{ tag: Modality, oneOf: [CT, MR] }', `[${CT}, { fact: plane, equals: axial }]`)],
    ['a range within a range', two('{ tag: SliceThickness, atMost: 5 mm }', '{ tag: SliceThickness, between: [1, 2.5] }')],
    ['each branch of any', two('{ tag: Modality, exists: true }', `{ any: [${CT}, ${MR}] }`)],
    [
      'a text that contains the text',
      two('{ tag: SeriesDescription, contains: lung }', '{ tag: SeriesDescription, equals: Low Dose Lung }'),
    ],
    ['the study as a whole', two(CT, CT, { first: 'study: { anySeries: { tag: Modality, oneOf: [CT, MR] } }' })],
    ['the model with the same card', two(CT, CT, { models: ['lungs', 'lungs'] })],
    ['a model whose card takes it surely', two(CT, `[${CT}, { fact: sliceThicknessMm, atMost: 2 }]`, { models: ['lungs', 'any'] })],
    ['a model that is not installed, for which the study waits', two(CT, CT, { models: ['nowhere', 'any'] })],
  ])('by %s', (_, text) => {
    expect(findings(text).filter((one) => !one.includes('warning'))).toEqual(ALWAYS);
  });

  it.each([
    ['is narrower', two(`[${CT}, { fact: plane, equals: axial }]`, CT)],
    ['has a where that sets some aside', two(CT, CT, { first: 'series: { where: { fact: sliceCount, atLeast: 20 } }' })],
    ['needs a value that may be missing', two('{ not: { tag: Modality, equals: MR } }', '{ not: { tag: Modality, oneOf: [PT, CT] } }')],
    [
      'needs a number where a text may stand',
      two('{ any: [{ tag: SliceThickness, atMost: 5 }, { tag: SliceThickness, atLeast: 5 }] }', '{ tag: SliceThickness, exists: true }'),
    ],
    ['goes on', two(CT, CT).replace('then: stop', 'then: go-on')],
    ['is disabled', two(CT, CT, { first: 'enabled: false' })],
    ['has a model whose card may set some aside', two(CT, CT, { models: ['lungs', 'any'] })],
    ['asks more of the study', two(CT, CT, { first: `study: { anySeries: ${MR} }` })],
  ])('not by one that %s', (_, text) => {
    expect(findings(text).filter((one) => !one.includes('warning'))).toEqual([]);
  });

  it('not where an AE title asks only the later one', () => {
    expect(findings(two(CT, CT), { limits: new Map([['RESEARCH', ['second']]]) })).toEqual([]);
    expect(findings(two(CT, CT), { limits: new Map([['RESEARCH', ['first']]]) })).toEqual(ALWAYS);
  });

  it('with several inputs, where each has a series of its own', () => {
    const inputs = (pt: string) => `{ ct: { when: ${CT} }, pt: { when: { tag: Modality, equals: ${pt} } } }`;
    const text = (first: string, second: string) => two('1', '2').replace('when: 1', first).replace('when: 2', second);
    expect(findings(text(`inputs: ${inputs('PT')}`, `inputs: ${inputs('PT')}`))).toEqual(ALWAYS);
    expect(findings(text(`when: ${CT}`, `inputs: ${inputs('PT')}`))).toEqual(ALWAYS);
    expect(findings(text(`inputs: ${inputs('CT')}`, `when: ${CT}`))).toEqual([]);
    expect(findings(text(`inputs: ${inputs('CT')}`, `inputs: ${inputs('PT')}`))).toEqual([]);
    expect(findings(text(`tiedBy: frameOfReference\n    inputs: ${inputs('PT')}`, `inputs: ${inputs('PT')}`))).toEqual([]);
  });

  it('and one that does the same without stopping', () => {
    const text = two(`[${CT}, { tag: Rows, exists: true }]`, `[{ tag: Rows, exists: true }, { tag: Modality, equals: CT }]`)
      .replace('then: stop', 'then: go-on')
      .replace('    settings: { other: true }\n', '');
    expect(findings(text)).toEqual(['8: warning: does the same as rule first (line 2): one rule may name all destinations']);
    expect(findings(text.replace('[{ tag: Rows, exists: true }, ', '[{ tag: Rows, absent: true }, '))).toEqual([]);
  });
});

describe('what the card of the model says against the rule', () => {
  it.each([
    ['another modality', MR, 'lungs', '4: warning: the card of model lungs 1.0.0 sets aside all that the rule takes: it takes modality CT'],
    [
      'modality left open',
      '{ tag: SeriesDescription, contains: chest }',
      'lungs',
      '4: warning: the card of model lungs 1.0.0 says modality CT, and the rule leaves others open; add { tag: Modality, equals: CT }',
    ],
    [
      'slices too thick',
      `[${CT}, { fact: sliceThicknessMm, atLeast: 7 }]`,
      'lungs',
      '4: warning: the card of model lungs 1.0.0 sets aside all that the rule takes: it takes slices of at most 5 mm',
    ],
    [
      'without contrast',
      `[${CT}, { fact: contrast, equals: 'no' }]`,
      'contrasted',
      '4: warning: the card of model contrasted 2.0.0 sets aside all that the rule takes: it takes only series with contrast agent',
    ],
    [
      'with contrast',
      `[${CT}, { fact: contrast, equals: 'yes' }]`,
      'plain',
      '4: warning: the card of model plain 2.0.0 sets aside all that the rule takes: it takes only series without contrast agent',
    ],
    [
      'another body part',
      `[${CT}, { fact: bodyPart, oneOf: [abdomen, pelvis] }]`,
      'lungs',
      '4: warning: the card of model lungs 1.0.0 says body part chest, and the rule takes others',
    ],
    ['one input of two', CT, 'petct', '3: warning: the card of model petct 1.0.0 says 2 inputs (CT, PT), the rule sends 1 input'],
  ])('%s', (_, when, model, expected) => {
    expect(findings(rule(when, '', model))).toEqual([expected.replace(/^3/, '4')]);
  });

  it('names of inputs, and one that gets what belongs to the other', () => {
    const text = (ct: string, pt: string, modality = 'PT') => `rules:
  - name: one
    inputs:
      ${ct}: { when: ${CT} }
      ${pt}: { when: { tag: Modality, equals: ${modality} } }
    model: petct
    destinations: [archive]
`;
    expect(findings(text('ct', 'pt'))).toEqual([]);
    expect(findings(text('ct', 'ptt'))).toEqual([
      '5: warning: the card of model petct 1.0.0 has no input called "ptt"; it has CT, PT (did you mean PT?)',
    ]);
    expect(findings(text('ct', 'pt', 'MR'))).toEqual([
      '5: warning: the card of model petct 1.0.0 sets aside all that the rule takes: it takes modality PT',
    ]);
  });

  it('nothing where it takes what is sent, or is not known', () => {
    expect(findings(rule(`[${CT}, { tag: SliceThickness, atMost: 3 }]`, '', 'lungs'))).toEqual([]);
    expect(findings(rule(`[${CT}, { fact: bodyPart, oneOf: [chest, abdomen] }]`, '', 'lungs'))).toEqual([]);
    expect(findings(rule(MR))).toEqual([]);
  });
});

describe('what cannot have the effect that was meant', () => {
  const when = CT;
  it.each([
    [
      'a window that never opens',
      "window: { from: '20:00', to: '20:00' }",
      ['7: must not be the same as from: leave the window out where runs may start at any time'],
    ],
    ['a window without days', "window: { from: '20:00', to: '06:00', days: [] }", ['7: needs at least 1 of them']],
    [
      'a day that never comes',
      "window: { from: '20:00', to: '06:00', days: [mom] }",
      ['7: must be one of mon, tue, wed, thu, fri, sat, sun (did you mean mon?)'],
    ],
    ['limits of nothing', 'limits: { atOnce: 0 }', ['7: must be at least 1']],
    [
      'a STAT rule with a window',
      "priority: stat\nwindow: { from: '20:00', to: '06:00' }",
      ['8: warning: a STAT run waits for this window too; leave the window out, or the priority'],
    ],
    ['shadow with destinations', 'shadow: true', ['6: warning: nothing is ever sent there: the rule says `shadow: true`']],
    [
      'a limit that another one hides',
      'limits: { perHour: 30, perDay: 20, perSource: { perDay: 40 } }',
      ['7: warning: is never reached: perDay is 20', '7: warning: is never reached: perDay of all sources together is 20'],
    ],
    [
      'a preference that nothing has',
      `series: { prefer: [${MR}] }`,
      ['7: warning: prefers nothing: no series that the rule takes has this: Modality is MR'],
    ],
    [
      'a preference that all have',
      `series: { prefer: [${CT}] }`,
      ['7: warning: prefers nothing: every series that the rule takes has this: Modality is CT'],
    ],
  ])('%s', (_, more, expected) => {
    expect(findings(rule(when, more))).toEqual(expected);
  });

  it('a rule that sends its results nowhere is refused', () => {
    expect(findings(rule(when).replace(/ *destinations.*\n/, ''))).toEqual(['2: is missing']);
  });

  it('completeWith without its signal', () => {
    const text = rule(when, `completeWith: [${MR}]`);
    expect(findings(text, { signals: ['association-released'] })).toEqual([
      '7: warning: has no effect: `settle.signals` in the settings does not name required-series',
    ]);
    expect(findings(text, { signals: ['required-series'] })).toEqual([]);
    expect(findings(text)).toEqual([]);
  });

  it('but rules that were in force go on', () => {
    expect(findings(rule(`[${CT}, ${MR}]`), { wereInForce: true })).toEqual([]);
  });
});
