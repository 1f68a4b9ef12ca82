/** Any condition on any header: nothing throws, the logic of three values holds, and order does not matter where it should not. */
import fc from 'fast-check';
import { TAG, tagKey } from '../../../src/dicom/element/tags.js';
import type { Header, HeaderValue } from '../../../src/dicom/header.js';
import { explain, explainStudy, truthOfCondition, truthOfStudyCondition } from '../../../src/routing/condition.js';
import { decide, OUTCOME } from '../../../src/routing/evaluate.js';
import { FACTS, FACT_NAMES } from '../../../src/routing/fact-names.js';
import { studyFacts, type SeriesFacts, type SeriesInput } from '../../../src/routing/facts.js';
import { patternFault, patternFound } from '../../../src/routing/pattern.js';
import type { Clause, Condition } from '../../../src/routing/schema.js';
import { notOf } from '../../../src/routing/truth.js';
import { rulesOf, series, study } from './support.js';

const ODD_KEYS = [
  ...[TAG.Modality, TAG.BodyPartExamined, TAG.SliceThickness, TAG.SeriesNumber, TAG.PatientAge, TAG.StudyTime, TAG.ProtocolName].map(
    tagKey,
  ),
  ...[TAG.RequestAttributesSequence, TAG.InstanceNumber, TAG.ImageType, TAG.ImagePositionPatient].map(tagKey),
  '00290010',
  '00291008',
];

/** Headers as a ledger could hold them at worst: wrong VRs, wrong shapes, nested, private, long. */
const oddHeader: fc.Arbitrary<Header> = fc.letrec<{ header: Header; value: HeaderValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: false },
    {
      weight: 8,
      arbitrary: fc.constantFrom<HeaderValue>(
        'CT',
        'MR',
        ' CHEST\0',
        'LOCALIZER',
        '018Y',
        '2.5 ',
        '203000',
        'NaN',
        '',
        'bad',
        '胸部ＣＴ',
        0,
        5,
        -1,
        1e308,
        null,
      ),
    },
    { weight: 2, arbitrary: fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.string({ minLength: 5000, maxLength: 6000 })) },
    { weight: 1, arbitrary: fc.record({ Alphabetic: fc.string() }, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.constantFrom([['x']], true, [], { Ideographic: 7 }) as unknown as fc.Arbitrary<HeaderValue> },
    { weight: 2, arbitrary: tie('header') },
  ),
  header: fc.dictionary(
    fc.constantFrom(...ODD_KEYS),
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record(
          { vr: fc.constantFrom('UN', 'DS', 'SQ', 'LO', 'AS'), Value: fc.array(tie('value'), { maxLength: 4 }) },
          { requiredKeys: ['vr'] },
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom({ vr: 'CS', Value: 'CT' }, { Value: null }, {}, 'x', 7) as unknown as fc.Arbitrary<Header[string]>,
      },
    ),
    { maxKeys: 10 },
  ),
})).header;

const studies: fc.Arbitrary<SeriesInput[]> = fc.uniqueArray(fc.nat(9), { maxLength: 3 }).chain((uids) =>
  fc.tuple(
    ...uids.map((uid) =>
      fc.array(oddHeader, { minLength: 1, maxLength: 4 }).map((headers) => ({
        seriesInstanceUid: `1.${uid}`,
        instances: headers.map((one, index) => ({
          sopInstanceUid: `1.${uid}.${index}`,
          header: JSON.parse(JSON.stringify(one)) as Header,
        })),
      })),
    ),
  ),
);

const clauseOnTag: fc.Arbitrary<Clause> = fc
  .constantFrom(
    'Modality',
    'BodyPartExamined',
    '0029,"SIEMENS CSA HEADER",08',
    'RequestAttributesSequence.ProtocolName',
    'RequestAttributesSequence[1].(0018,0050)',
  )
  .chain((tag) =>
    fc.oneof(
      fc.constantFrom('CT', 'MR', 'CHEST', '5').map((equals) => ({ tag, equals })),
      fc.constant({ tag, oneOf: ['CT', 5] }),
      fc.constantFrom('^C', 'a*b', '(CT|MR)$').map((matches) => ({ tag, matches })),
      fc.constant({ tag, contains: 'ct' }),
      fc.constant({ tag, exists: true as const }),
      fc.constant({ tag, absent: true as const }),
    ),
  );

const clauseOnNumber: fc.Arbitrary<Clause> = fc.constantFrom<Clause>(
  { tag: 'SliceThickness', atMost: '2 mm' },
  { tag: 'SliceThickness', between: [0, '1 cm'] },
  { tag: 'PatientAge', atLeast: '18 years' },
  { tag: 'StudyTime', between: ['20:00', '06:00'] },
  { tag: 'SeriesNumber', equals: 5 },
);

const clauseOnFact: fc.Arbitrary<Clause> = fc.constantFrom(...FACT_NAMES).map((fact): Clause => {
  const { kind } = FACTS[fact];
  if (kind === 'number') return { fact, atLeast: 2 };
  if (kind === 'flag') return { fact, equals: true };
  return kind === 'word' ? { fact, oneOf: [FACTS[fact].words[0] ?? ''] } : { fact, exists: true };
});

/** Conditions of one place, out of clauses and of quantifiers with conditions of another place inside. */
function conditions(clauses: fc.Arbitrary<Condition>, quantifiers?: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  return fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: clauses },
      { weight: 1, arbitrary: quantifiers ?? clauses },
      { weight: 1, arbitrary: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all): Condition => ({ all })) },
      { weight: 1, arbitrary: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any): Condition => ({ any })) },
      { weight: 1, arbitrary: tie('condition').map((not): Condition => ({ not })) },
      { weight: 1, arbitrary: tie('condition').map((is): Condition => ({ use: 'named', is })) },
    ),
  })).condition;
}

const bounds = fc.constantFrom({ atLeast: 1 }, { atMost: 1 }, { between: [1, 2] as [number, number] });
const ofInstance = conditions(fc.oneof(clauseOnTag, clauseOnNumber));
const overInstances: fc.Arbitrary<Condition> = fc.oneof(
  ofInstance.map((anyInstance) => ({ anyInstance })),
  ofInstance.map((allInstances) => ({ allInstances })),
  ofInstance.map((noInstance) => ({ noInstance })),
  fc.tuple(ofInstance, bounds).map(([where, bound]) => ({ countInstances: { where, ...bound } })),
);
const ofSeries = conditions(fc.oneof(clauseOnTag, clauseOnNumber, clauseOnFact), overInstances);
const ofStudy: fc.Arbitrary<Condition> = conditions(
  clauseOnTag,
  fc.oneof(
    ofSeries.map((anySeries) => ({ anySeries })),
    ofSeries.map((allSeries) => ({ allSeries })),
    ofSeries.map((noSeries) => ({ noSeries })),
    fc.tuple(ofSeries, bounds).map(([where, bound]) => ({ countSeries: { where, ...bound } })),
  ),
);

const factsOf = (all: readonly SeriesInput[]) => studyFacts({ studyInstanceUid: '1.2', callingAe: 'CT1', receivedAtMs: 0, series: all });

/** Holds of every series of odd studies. */
function forSeries(holds: (condition: Condition, one: SeriesFacts) => void): void {
  fc.assert(
    fc.property(studies, ofSeries, (all, condition) => {
      for (const one of factsOf(all).series) holds(condition, one);
    }),
    { numRuns: 150 },
  );
}

describe('any condition on any header', () => {
  it('answers without an exception, alike with and without its account', () => {
    fc.assert(
      fc.property(studies, ofSeries, ofStudy, (all, condition, whole) => {
        const facts = factsOf(all);
        for (const one of facts.series) expect(truthOfCondition(condition, one)).toBe(explain(condition, one, 'when').truth);
        expect(truthOfStudyCondition(whole, facts)).toBe(explainStudy(whole, facts, 'study').truth);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps missing what is missing under not, and obeys De Morgan', () => {
    forSeries((condition, one) => {
      const truth = truthOfCondition(condition, one);
      expect(truthOfCondition({ not: condition }, one)).toBe(notOf(truth));
      const other: Condition = { tag: 'Modality', equals: 'CT' };
      expect(truthOfCondition({ not: { all: [condition, other] } }, one)).toBe(
        truthOfCondition({ any: [{ not: condition }, { not: other }] }, one),
      );
      expect(truthOfCondition({ not: { any: [condition, other] } }, one)).toBe(
        truthOfCondition({ all: [{ not: condition }, { not: other }] }, one),
      );
    });
  });

  it('has quantifiers that agree with each other', () => {
    fc.assert(
      fc.property(studies, ofInstance, (all, where) => {
        for (const one of factsOf(all).series) {
          const truth = (condition: Condition) => truthOfCondition(condition, one);
          expect(truth({ noInstance: where })).toBe(truth({ not: { anyInstance: where } }));
          expect(truth({ allInstances: where })).toBe(truth({ noInstance: { not: where } }));
          expect(truth({ countInstances: { where, atLeast: 1 } })).toBe(truth({ anyInstance: where }));
          expect(truth({ countInstances: { where, atMost: 0 } })).toBe(truth({ noInstance: where }));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('does not depend on the order in which series and instances arrived', () => {
    fc.assert(
      fc.property(studies, ofSeries, ofStudy, (all, condition, whole) => {
        const [as, reversed] = [
          factsOf(all),
          factsOf([...all].reverse().map((one) => ({ ...one, instances: [...one.instances].reverse() }))),
        ];
        expect(reversed.series.map((one) => explain(condition, one, 'when'))).toEqual(
          as.series.map((one) => explain(condition, one, 'when')),
        );
        expect(explainStudy(whole, reversed, 'study')).toEqual(explainStudy(whole, as, 'study'));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the order of rules', () => {
  const RULES = rulesOf(
    ['CT', 'MR', 'PT', 'US']
      .map(
        (modality) =>
          `  - { name: ${modality.toLowerCase()}, when: { tag: Modality, equals: ${modality} }, model: lungs, destinations: [archive] }`,
      )
      .join('\n')
      .replace(/^/, 'rules:\n'),
  );
  const permutations = fc.shuffledSubarray([...RULES.rules], { minLength: RULES.rules.length });
  const present = fc.subarray(['CT', 'MR', 'PT', 'US']).map((all) => study(...all.map((Modality) => series(Modality, { Modality }, 2))));
  const decisionsOf = (facts: ReturnType<typeof study>, rules: typeof RULES.rules) =>
    decide(facts, { ...RULES, rules }, { models: new Map() }).rules;

  it('changes nothing where none says stop', () => {
    fc.assert(
      fc.property(permutations, present, (rules, facts) => {
        const byName = new Map(decisionsOf(facts, RULES.rules).map((one) => [one.rule, one]));
        for (const one of decisionsOf(facts, rules)) expect(one).toEqual(byName.get(one.rule));
      }),
    );
  });

  it('lets a rule that says stop keep those after it, and only those, from being asked', () => {
    fc.assert(
      fc.property(permutations, present, fc.nat(3), (rules, facts, position) => {
        const stopping = rules.map((rule, index) => (index === position ? { ...rule, then: 'stop' as const } : rule));
        const [free, stopped] = [decisionsOf(facts, rules), decisionsOf(facts, stopping)];
        const stops = (free[position]?.runs.length ?? 0) > 0;
        for (const [index, one] of stopped.entries()) {
          if (stops && index > position) expect(one.outcome).toBe(OUTCOME.preempted);
          else expect(one).toEqual(free[index]);
        }
      }),
    );
  });
});

describe('patterns', () => {
  it('whatever is written, take a bounded time for the longest text', () => {
    const atom = fc.constantFrom('a', '.', 'a?', '[^b]', 'ab', '\\w', '(?:a|ab)', 'a{0,1000}', 'a{1000}', '(a*)*', '(a+)+', '\\pL');
    const tail = fc.constantFrom('', '*', '+', '{0,30}', '{500}', '{2,1000}', 'b$');
    const text = `${'a'.repeat(8000)}!`;
    fc.assert(
      fc.property(fc.array(fc.tuple(atom, tail), { minLength: 1, maxLength: 14 }), (parts) => {
        const source = parts.map(([one, after]) => `(?:${one})${after}`).join('');
        const started = performance.now();
        if (patternFault(source) === undefined) patternFound(source, text);
        // A stall would take many seconds; the bound leaves room for a machine that is busy with other things.
        expect(performance.now() - started).toBeLessThan(2000);
      }),
      { numRuns: 60 },
    );
  });

  it('that would be slow are refused, with the reason', () => {
    expect(patternFault(`${'a{0,1000}'.repeat(20)}b`)).toMatch(/^repeats too much for a pattern/);
    expect(patternFault('^[BI][a-z]?[1-4][0-9]{2,4}')).toBeUndefined();
  });
});
