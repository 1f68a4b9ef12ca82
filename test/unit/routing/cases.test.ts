/** What cases can say of a study, and what they can expect. */
import { formatFaults } from '../../../src/foundation/faults.js';
import { checkCases } from '../../../src/routing/cases.js';
import { parseRules } from '../../../src/routing/load.js';
import { CONTEXT } from './support.js';

const RULES = `
rules:
  - name: two
    when: { tag: Modality, equals: CT }
    series: { prefer: [{ thinnest: true }], take: 2 }
    model: lungs
    destinations: [archive]
  - name: pair
    inputs:
      ct: { when: { tag: Modality, equals: CT } }
      pt: { when: { tag: Modality, equals: PT } }
    tiedBy: frameOfReference
    model: petct
    destinations: [archive]
    then: stop
  - { name: off, enabled: false, when: { tag: Modality, exists: true }, model: lungs, destinations: [archive] }
  - name: private
    when:
      - { tag: '0029,"SIEMENS CSA HEADER",08', equals: IMAGE NUM 4 }
      - { tag: RequestAttributesSequence.RequestedProcedureDescription, contains: thorax }
      - { countInstances: { where: { tag: ImageComments, equals: bad }, between: [1, 2] } }
    model: lungs
    destinations: [archive]
`;

function check(cases: string) {
  const loaded = parseRules(
    new Map([
      ['a.yaml', RULES],
      ['a.cases.yaml', `cases:\n${cases}`],
    ]),
    '',
    CONTEXT,
  );
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return checkCases(loaded.rules, loaded.rules.cases).map(({ rule, expected, seen }) => `${rule}: ${expected} | ${seen}`);
}

const PETCT = `
  - name: petct
    series:
      - { name: thick, tags: { Modality: CT, SliceThickness: 5, FrameOfReferenceUID: '1.1' } }
      - { name: thin, tags: { Modality: CT, SliceThickness: 1, FrameOfReferenceUID: '1.2' } }
      - { name: pet, tags: { Modality: PT, FrameOfReferenceUID: '1.1' } }
`;

describe('a case', () => {
  it('expects several series, the series of each input, and the reasons for none', () => {
    expect(check(`${PETCT}    expect: { two: [thin, thick], pair: { pt: pet, ct: thick }, off: not asked, private: preempted }\n`)).toEqual(
      [],
    );
  });

  it('shows what was decided in the same form', () => {
    expect(check(`${PETCT}    expect: { two: thin, pair: { ct: thin, pt: pet }, off: not applied, private: thin }\n`)).toEqual([
      'two: thin | thin, then thick',
      'pair: ct: thin, pt: pet | ct: thick, pt: pet',
      'off: not applied | not asked',
      'private: thin | preempted',
    ]);
  });

  it('has private and nested tags, and slices that differ', () => {
    const one = `
  - name: all of it
    series:
      - name: s
        slices: 5
        tags:
          '0029,"OTHER",01': x
          '0029,"SIEMENS CSA HEADER",08': IMAGE NUM 4
          RequestAttributesSequence: [{ RequestedProcedureDescription: CT Thorax }]
          ImageComments: good
        someSlices: [{ slices: [2, 5], tags: { ImageComments: bad } }]
    expect: { private: s }
`;
    expect(check(one)).toEqual([]);
    const path = one.replace(
      'RequestAttributesSequence: [{ RequestedProcedureDescription: CT Thorax }]',
      'RequestAttributesSequence[1].RequestedProcedureDescription: CT Thorax',
    );
    expect(check(path)).toEqual([]);
    expect(check(one.replace('[2, 5]', '[2, 4, 5]'))).toEqual(['private: s | not applied']);
    expect(check(one.replace('SIEMENS CSA HEADER', 'SIEMENS MR'))).toEqual(['private: s | not applied']);
  });

  it('has its faults at their places', () => {
    const text = `cases:
  - name: x
    series:
      - { name: a, tags: { Modalty: CT } }
      - { name: a, someSlices: [{ slices: [0], tags: {} }] }
    receivedAt: '25:00'
    expect: { two: [b] }
`;
    const files = new Map([
      ['a.yaml', RULES],
      ['a.cases.yaml', text],
    ]);
    const loaded = parseRules(files, '', CONTEXT);
    expect(loaded.ok ? [] : formatFaults(loaded.faults).split('\n')).toEqual([
      'a.cases.yaml:4:28 cases[0].series[0].tags.Modalty: no tag is called "Modalty"; did you mean Modality?',
      'a.cases.yaml:5:44 cases[0].series[1].someSlices[0].slices[0]: must be at least 1',
      "a.cases.yaml:6:17 cases[0].receivedAt: must be a time like '20:30', in quotes",
    ]);
    files.set('a.cases.yaml', text.replace('Modalty', 'Modality').replace('[0]', '[1]').replace('25:', '20:'));
    const again = parseRules(files, '', CONTEXT);
    expect(again.ok ? [] : formatFaults(again.faults).split('\n')).toEqual([
      'a.cases.yaml:5:17 cases[0].series[1].name: another series of this case is called "a"',
      'a.cases.yaml:7:21 cases[0].expect.two[0]: no series of this case is called "b" (did you mean a?)',
    ]);
  });
});
