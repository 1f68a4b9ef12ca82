/**
 * The checks are never wrong where they are sure: what they call never true is true of no header, what they say follows does follow,
 * and a rule that they call pre-empted never applies. Headers here keep to the number of values that DICOM gives a tag.
 */
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { HeaderValue } from '../../../src/dicom/header.js';
import { canBeTrue, implies } from '../../../src/routing/checks/possible.js';
import { decide, OUTCOME } from '../../../src/routing/evaluate.js';
import { FACTS, type FactName } from '../../../src/routing/fact-names.js';
import { studyFacts, type SeriesInput, type StudyFacts } from '../../../src/routing/facts.js';
import { conditionAt } from '../../../src/routing/language/condition-schema.js';
import type { Condition, Scope } from '../../../src/routing/language/condition-types.js';
import { questionOf } from '../../../src/routing/language/question.js';
import { seriesSubject, studySubject } from '../../../src/routing/language/subject.js';
import { mayHaveSeveral } from '../../../src/routing/checks/subjects.js';
import { parseRules } from '../../../src/routing/load.js';
import { CONTEXT, header } from './support.js';

/** Few words, so that clauses meet. */
const WORDS: Readonly<Record<string, readonly (string | number)[]>> = {
  Modality: ['CT', 'MR', 'ct', 'PT'],
  BodyPartExamined: ['CHEST', 'HEAD', 'Chest', 'CHESTABDOMEN'],
  SeriesDescription: ['lung', 'Low Dose Lung', '7', '007', '7.0', 'ＣＴ', 'CT', 'chest 7', 'Kopf'],
  PatientID: ['7', '007', 'A7', 'a7'],
  ImageType: ['ORIGINAL', 'DERIVED', 'AXIAL', 'LOCALIZER'],
  SliceThickness: [1, 2, '2.50', 5, 'thick', '5', 7.25],
  SeriesNumber: [1, 2, 3, '4'],
  PatientAge: ['018Y', '017Y', '006M', '052W', 'old'],
  StudyTime: ['200000', '0559', '120000', '235959', 'noon'],
};
const TAGS = Object.keys(WORDS);
const SEVERAL = ['ImageType'];
const NESTED = 'AnatomicRegionSequence.CodeValue';
const CODES = ['A', 'B', '7'];

const textOperand = fc.constantFrom<string | number>(
  'CT',
  'mr',
  'PT',
  'chest',
  'HEAD',
  'lung',
  'low dose lung',
  '7',
  '007',
  7,
  5,
  2,
  2.5,
  'ORIGINAL',
  'AXIAL',
  'A',
  'B',
  'a7',
  '2',
  '018Y',
  '18 years',
  '1 cm',
  '5 mm',
  '20:00',
  '12:00',
);
const bound = fc.constantFrom<string | number>(0, 1, 2, 2.5, 3, 5, 7, '2 mm', '0.5 cm', '18 years', '6 months', '20:00', '06:00', '12:00');
const pattern = fc.constantFrom('^C', 'T$', 'lung', '^(CT|MR)$', 'chest|head', '[^c]', '7', '^$', '(?-i:ct)');

const question = fc.oneof(
  fc.record({ equals: textOperand }),
  fc.record({ oneOf: fc.array(textOperand, { minLength: 1, maxLength: 3 }) }),
  fc.record({ matches: pattern }),
  fc.record({ contains: fc.constantFrom('c', 'CT', 'chest', 'lung', 'low', '7', 'o') }),
  fc.record({ atLeast: bound }),
  fc.record({ atMost: bound }),
  fc.record({ between: fc.tuple(bound, bound) }),
  fc.constant({ exists: true }),
  fc.constant({ absent: true }),
);
const allowed = new Map<string, boolean>();
/** Whether a rule file may hold this clause; there are not many different ones. */
function isAllowed(clause: object): boolean {
  const key = JSON.stringify(clause);
  const known = allowed.get(key) ?? conditionAt('series').safeParse(clause).success;
  allowed.set(key, known);
  return known;
}

const tagClause = fc
  .record({ subject: fc.constantFrom(...TAGS, NESTED, '(0008,0060)'), question })
  .map(({ subject, question: asked }) => ({ tag: subject, ...asked }))
  .filter(isAllowed);
const factClause = fc.oneof(
  fc.record({ fact: fc.constant('plane'), oneOf: fc.subarray(['axial', 'coronal', 'sagittal', 'oblique'], { minLength: 1 }) }),
  fc.record({ fact: fc.constant('isLocalizer'), equals: fc.boolean() }),
  fc.record({ fact: fc.constant('calledAe'), equals: fc.constantFrom('ANTEROOM', 'OTHER') }),
  fc.record({ fact: fc.constant('sliceCount'), atMost: fc.nat(4) }),
  fc.record({ fact: fc.constant('sliceCount'), atLeast: fc.nat(4) }),
  fc.record({ fact: fc.constant('sliceThicknessMm'), between: fc.constant([2, 5]) }),
  fc.record({ fact: fc.constant('bodyPart'), oneOf: fc.subarray(['chest', 'head', 'abdomen', 'brain'], { minLength: 1 }) }),
  fc.record({ fact: fc.constant('contrast'), equals: fc.constantFrom('yes', 'no') }),
);

function conditions(
  clause: fc.Arbitrary<object>,
  quantified: (inner: fc.Arbitrary<object>) => fc.Arbitrary<object>[],
): fc.Arbitrary<object> {
  const { condition } = fc.letrec<{ condition: object }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
      { weight: 4, arbitrary: clause },
      { weight: 3, arbitrary: fc.array(tie('condition'), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ not: tie('condition') }) },
      ...quantified(tie('condition')).map((arbitrary) => ({ weight: 1, arbitrary })),
    ),
  }));
  return condition;
}
const ofInstance = conditions(tagClause, () => []);
const ofSeries = conditions(fc.oneof(tagClause, tagClause, factClause), () => [
  fc.record({ anyInstance: ofInstance }),
  fc.record({ allInstances: ofInstance }),
  fc.record({ noInstance: ofInstance }),
  fc.record({ countInstances: fc.record({ where: ofInstance, atLeast: fc.nat(2) }) }),
]);
const ofStudy = conditions(
  fc.oneof(tagClause, fc.record({ fact: fc.constant('calledAe'), equals: fc.constantFrom('ANTEROOM', 'OTHER') })),
  () => [
    fc.record({ anySeries: ofSeries }),
    fc.record({ allSeries: ofSeries }),
    fc.record({ noSeries: ofSeries }),
    fc.record({ countSeries: fc.record({ where: ofSeries, atMost: fc.nat(2) }) }),
  ],
);

const values = (tag: string): fc.Arbitrary<HeaderValue | readonly HeaderValue[]> => {
  const one = fc.constantFrom<HeaderValue>(...(WORDS[tag] ?? []), null);
  return SEVERAL.includes(tag) ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
};
const instance = fc
  .record(
    {
      ...Object.fromEntries(TAGS.map((tag) => [tag, values(tag)])),
      AnatomicRegionSequence: fc.array(
        fc.constantFrom(...CODES).map((code) => header({ CodeValue: code })),
        { maxLength: 2 },
      ),
      ImageOrientationPatient: fc.constantFrom([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], ['x']),
      ContrastBolusAgent: fc.constantFrom('Iopromid', 'NONE'),
    },
    { requiredKeys: [] },
  )
  .map((tags) => header(tags as Parameters<typeof header>[0]));
const series = fc.array(instance, { minLength: 1, maxLength: 3 });
const study: fc.Arbitrary<StudyFacts> = fc
  .record({ calledAe: fc.constantFrom('ANTEROOM', 'OTHER'), all: fc.array(series, { minLength: 1, maxLength: 3 }) })
  .map(({ calledAe, all }) =>
    studyFacts({
      studyInstanceUid: '1.2',
      callingAe: 'CT1',
      calledAe,
      series: all.map((instances, index): SeriesInput => ({
        seriesInstanceUid: `1.${index}`,
        instances: instances.map((one, k) => ({ sopInstanceUid: `1.${index}.${k}`, header: one })),
      })),
    }),
  );

const STUDIES = fc.sample(study, { numRuns: 150, seed: 20261125 });
const truthsOf = (condition: Condition, scope: Scope) => {
  const asked = questionOf(condition, '');
  return scope === 'study'
    ? STUDIES.map((one) => asked.truth(studySubject(one)))
    : STUDIES.flatMap((one) => one.series.map((each) => asked.truth(seriesSubject(each))));
};

describe('the checks', () => {
  const claims = { never: 0, follows: 0, preEmpted: 0 };
  afterAll(() => {
    // A property that nothing of what was generated is about would hold of anything.
    expect(claims.never).toBeGreaterThan(40);
    expect(claims.follows).toBeGreaterThan(30);
    expect(claims.preEmpted).toBeGreaterThan(5);
  });

  it.each([
    ['series', ofSeries],
    ['study', ofStudy],
  ] as const)('call nothing of a %s never true that is true of one', (scope, arbitrary) => {
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 4 }), (written) => {
        const condition = written as Condition;
        if (canBeTrue([condition], scope)) return;
        claims.never++;
        expect(truthsOf(condition, scope)).not.toContain('true');
      }),
      { numRuns: 400 },
    );
  });

  it('say of nothing that it follows which does not', () => {
    fc.assert(
      fc.property(ofSeries, ofSeries, ofSeries, (first, second, third) => {
        const [a, b, c] = [first as Condition, second as Condition, third as Condition];
        for (const [given, then] of [
          [[a], b],
          [[a, b], c],
          [[a], { any: [b, c] }],
          [[b], { not: a }],
        ] as const) {
          if (!implies(given, then, 'series')) continue;
          claims.follows++;
          const [all, followed] = [given.map((one) => truthsOf(one, 'series')), truthsOf(then, 'series')];
          followed.forEach((truth, index) => {
            if (all.every((truths) => truths[index] === 'true')) expect(truth).toBe('true');
          });
        }
      }),
      { numRuns: 400 },
    );
  });

  it('call no rule pre-empted that applies to a study', () => {
    const simple = fc.oneof(tagClause, factClause);
    const selector = fc.record({ when: fc.oneof(simple, fc.array(simple, { minLength: 1, maxLength: 2 })) });
    const rule = fc.record(
      {
        asked: fc.oneof(selector, fc.record({ inputs: fc.record({ a: selector, b: selector }) })),
        series: fc.record({ where: simple }),
        study: fc.record({ anySeries: simple }),
        model: fc.constantFrom('lungs', 'other', 'third'),
      },
      { requiredKeys: ['asked', 'model'] },
    );
    const models = new Map([
      [
        'lungs',
        {
          version: '1',
          card: {
            inputs: [
              { label: '', description: '', format: 'DICOM', modalities: ['CT'], sliceThicknessMm: 5, contrast: 'without' as const },
            ],
          },
        },
      ],
      ['other', { version: '1' }],
    ]);
    fc.assert(
      fc.property(rule, rule, fc.nat(3), ({ asked, ...first }, { asked: also, ...second }, widened) => {
        // What people write is rarely unrelated: the later rule asks more of the same.
        const related = widened > 0 ? { ...narrowed(asked, also), ...first, ...second, series: first.series } : { ...also, ...second };
        const a = { name: 'a', ...asked, ...first, then: 'stop', destinations: ['archive'] };
        const b = { name: 'b', ...related, destinations: ['archive'] };
        const text = stringify({
          rules: [a, b].map((one) => ('inputs' in one || one.series === undefined ? without(one, 'series') : one)),
        });
        const read = parseRules(new Map([['r.yaml', text]]), '', { ...CONTEXT, models });
        if (read.ok || !read.faults.every(({ message }) => message.startsWith('can never apply'))) return;
        claims.preEmpted++;
        const lenient = parseRules(new Map([['r.yaml', text]]), '', { ...CONTEXT, models, wereInForce: true });
        if (!lenient.ok) throw new Error('the same rules are refused when they were in force');
        for (const one of STUDIES) {
          const outcome = decide(one, lenient.rules, { models }).rules[1]?.outcome;
          expect([OUTCOME.applied, OUTCOME.waitingForModel]).not.toContain(outcome);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('know which facts never have several values', () => {
    for (const one of STUDIES.flatMap((each) => each.series))
      for (const fact of Object.keys(FACTS) as FactName[])
        if (!mayHaveSeveral({ name: fact, kind: 'free', unit: undefined, fact }, 'series'))
          expect(one.facts[fact].values.length).toBeLessThanOrEqual(1);
  });
});

function narrowed(asked: object, also: object): object {
  return 'when' in asked && 'when' in also ? { when: [asked.when, also.when] } : asked;
}

function without(record: object, key: string): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
