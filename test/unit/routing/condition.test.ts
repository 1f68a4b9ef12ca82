import fc from 'fast-check';
import { reasonOf, explain } from '../../../src/routing/condition.js';
import type { Condition } from '../../../src/routing/schema.js';
import { allOf, anyOf, notOf, type Truth } from '../../../src/routing/truth.js';
import { factsOf, type Tags } from './support.js';

const ask = (condition: Condition, tags: Tags): Truth => explain(condition, factsOf(tags), 'when').truth;

describe('three-valued logic', () => {
  const truth = fc.constantFrom<Truth>('true', 'false', 'missing');

  it('keeps not(missing) missing', () => {
    expect([notOf('true'), notOf('false'), notOf('missing')]).toEqual(['false', 'true', 'missing']);
  });

  it('lets one false decide all and one true decide any, whatever is missing', () => {
    expect([allOf(['true', 'missing']), allOf(['missing', 'false']), allOf([])]).toEqual(['missing', 'false', 'true']);
    expect([anyOf(['false', 'missing']), anyOf(['missing', 'true']), anyOf([])]).toEqual(['missing', 'true', 'false']);
  });

  it('obeys De Morgan', () => {
    fc.assert(fc.property(fc.array(truth), (truths) => notOf(allOf(truths)) === anyOf(truths.map(notOf))));
  });
});

describe('a clause on a tag', () => {
  it.each<[string, Condition, Tags, Truth]>([
    ['text, whatever its case and padding', { tag: 'Modality', equals: 'ct' }, { Modality: 'CT ' }, 'true'],
    ['another text', { tag: 'Modality', equals: 'CT' }, { Modality: 'MR' }, 'false'],
    ['a tag that is absent', { tag: 'Modality', equals: 'CT' }, {}, 'missing'],
    ['a tag that is empty', { tag: 'Modality', equals: 'CT' }, { Modality: null }, 'missing'],
    ['a tag of spaces', { tag: 'Modality', equals: 'CT' }, { Modality: '  ' }, 'missing'],
    ['any of several values', { tag: 'ImageType', equals: 'LOCALIZER' }, { ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] }, 'true'],
    ['one of a list', { tag: 'BodyPartExamined', oneOf: ['CHEST', 'LUNG'] }, { BodyPartExamined: 'Lung' }, 'true'],
    ['a tag by its number', { tag: '(0018,0015)', equals: 'CHEST' }, { BodyPartExamined: 'CHEST' }, 'true'],
    ['a number written in another way', { tag: 'SliceThickness', equals: 5 }, { SliceThickness: '5.00' }, 'true'],
    ['a number in the rule as a text', { tag: 'SliceThickness', equals: '5.0' }, { SliceThickness: 5 }, 'true'],
    ['a range, its ends included', { tag: 'SliceThickness', between: [1, 5] }, { SliceThickness: 5 }, 'true'],
    ['a range that it misses', { tag: 'SliceThickness', atMost: 5 }, { SliceThickness: 7 }, 'false'],
    ['a number that is none', { tag: 'SliceThickness', atMost: 5 }, { SliceThickness: 'thin' }, 'missing'],
    ['one readable number beside one that is none', { tag: 'PixelSpacing', atMost: 1 }, { PixelSpacing: ['x', 0.7] }, 'true'],
    ['a pattern anywhere in the text', { tag: 'SeriesDescription', matches: '\\bchest\\b' }, { SeriesDescription: 'CT CHEST 5mm' }, 'true'],
    ['a contained text', { tag: 'SeriesDescription', contains: 'Lung' }, { SeriesDescription: 'ax lungs' }, 'true'],
    ['a name by its alphabetic group', { tag: 'PatientName', contains: 'phantom' }, { PatientName: { Alphabetic: 'PHANTOM^A' } }, 'true'],
    ['presence', { tag: 'ContrastBolusAgent', exists: true }, { ContrastBolusAgent: null }, 'false'],
    ['absence of an empty tag', { tag: 'ContrastBolusAgent', absent: true }, { ContrastBolusAgent: null }, 'true'],
    ['a sequence', { tag: 'RequestAttributesSequence', equals: 'x' }, { RequestAttributesSequence: [{}] }, 'missing'],
    ['not missing', { not: { tag: 'Modality', equals: 'CT' } }, {}, 'missing'],
    [
      'a list as all of it',
      [
        { tag: 'Modality', equals: 'CT' },
        { tag: 'BodyPartExamined', absent: true },
      ],
      { Modality: 'CT' },
      'true',
    ],
  ])('answers %s', (_, condition, tags, expected) => {
    expect(ask(condition, tags)).toBe(expected);
  });

  it('says what it saw and where', () => {
    const { parts } = explain(
      {
        all: [
          { tag: 'Modality', equals: 'CT' },
          { tag: 'BodyPartExamined', equals: 'CHEST' },
        ],
      },
      factsOf({ Modality: 'MR', BodyPartExamined: null }),
      'when',
    );
    expect(parts).toEqual([
      { path: 'when.all[0]', text: 'Modality is CT', truth: 'false', seen: { values: ['MR'], source: 'Modality' } },
      {
        path: 'when.all[1]',
        text: 'BodyPartExamined is CHEST',
        truth: 'missing',
        seen: { values: [], source: 'BodyPartExamined is empty' },
      },
    ]);
  });

  it('blames only the clauses that decided', () => {
    const condition: Condition = [
      { tag: 'Modality', equals: 'CT' },
      {
        any: [
          { tag: 'BodyPartExamined', equals: 'CHEST' },
          { tag: 'StudyDescription', contains: 'chest' },
        ],
      },
    ];
    expect(reasonOf(explain(condition, factsOf({ Modality: 'CT', BodyPartExamined: 'HEAD' }), 'when'))).toBe(
      'BodyPartExamined is CHEST: seen HEAD; StudyDescription contains "chest": StudyDescription is absent',
    );
  });
});
