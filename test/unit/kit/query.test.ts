/** Semantic data queries: what MHub's grammar says, asked of real sentences and of made-up ones against a plain evaluation. */
import fc from 'fast-check';
import { Query, queryOf } from '../../../src/kit/query.js';
import type { Kind } from '../../../src/kit/query.js';
import type { DataName, Meta } from '../../../src/kit/items.js';

const nifti = (meta: Meta) => ({ type: 'nifti' as const, meta });
const both = nifti({ mod: 'seg', roi: 'LEFT_LUNG,RIGHT_LUNG', part: 'T2', thickness: '2.5' });

describe('a query', () => {
  it.each([
    ['dicom', false],
    ['nifti', true],
    ['NIFTI:mod=SEG', true],
    ['dicom|nifti:mod=ct|seg', true],
    ['any', true],
    ['nifti:roi=*', true],
    ['nifti:nothing=*', false],
    ['nifti:roi=LEFT_LUNG|RIGHT_LUNG', false],
    ['nifti:roi=left_lung,right_lung', true],
    ['nifti:mod!=seg', false],
    ['nifti:mod!=SEG', false],
    ['nifti:mod!=ct|mr', true],
    ['nifti:nothing!=x', true],
    ['nifti:roi!=*', false],
    ['nifti:roi~=left', true],
    ['nifti:roi~=lung', false],
    ['nifti:roi~=(LEFT|RIGHT)_LUNG', true],
    ['nifti:roi><RIGHT_LUNG,LEFT_LUNG', true],
    ['nifti:roi><RIGHT_LUNG', false],
    ['nifti:roi<>HEART', true],
    ['nifti:roi<>HEART,LEFT_LUNG', false],
    ['nifti:roi<=LEFT_LUNG,RIGHT_LUNG,HEART', true],
    ['nifti:roi<=LEFT_LUNG', false],
    ['nifti:roi>=LEFT_LUNG', true],
    ['nifti:roi>=LEFT_LUNG,HEART', false],
    ['nifti:roi.length=2', true],
    ['nifti:roi.length>2', false],
    ['nifti:thickness>=2.5', true],
    ['nifti:thickness<2.5', false],
    ['nifti:mod>1', false],
    ['NOT dicom', true],
    ['NOT NOT nifti', true],
    ['dicom OR nifti AND any:mod=ct', false],
    ['nifti OR dicom AND any:mod=ct', true],
    ['(nifti OR dicom) AND any:mod=ct', false],
    ['NOT (dicom OR any:mod=ct)', true],
    ['NOT dicom AND any:part=T2', true],
  ])('%s: %p', (text, expected) => {
    expect(queryOf(text).matches(both)).toBe(expected);
  });

  it.each([
    ['', /it ends where a type belongs/],
    ['nifti and dicom', /"and" stands where AND, OR or the end belongs/],
    ['niftl:mod=ct', /"niftl" is no type of data \(did you mean nifti\?\)/],
    ['not dicom', /"not" is no type of data \(did you mean NOT\?\)/],
    ['(nifti', /a \( without its \)/],
    ['nifti)', /"\)" stands where/],
    ['nifti AND', /it ends where a type belongs/],
    ['nifti:mod', /"mod" is no condition/],
    ['nifti:mod=', /"mod=" is no condition/],
    ['nifti:mod*=ct', /is no condition/],
    ['nifti:n<x', /"x" is no number, which < compares/],
    ['nifti:roi~=[', /is no regular expression/],
  ])('%p is refused', (text, reason) => {
    expect(Query.parse(text)).toMatch(reason);
  });
});

/** A made-up query as a tree, its text, and what it says of an item by the rules of the page, without the parser. */
interface Made {
  readonly text: string;
  readonly says: (item: { type: DataName; meta: Meta }) => boolean;
}

const types: DataName[] = ['dicom', 'nifti', 'segmentation'];
const keys = ['mod', 'roi', 'part'];
const values = ['ct', 'seg', 'LIVER', 'HEART,LIVER', 'T2'];
const lower = (value: string | undefined) => value?.toLowerCase();

const term: fc.Arbitrary<Made> = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...types), { minLength: 1 }), fc.constantFrom(...keys), fc.constantFrom(...values), fc.boolean())
  .map(([some, key, value, equal]) => ({
    text: `${some.join('|')}:${key}${equal ? '=' : '!='}${value}`,
    says: ({ type, meta }) => some.includes(type) && (lower(meta[key]) === lower(value)) === equal,
  }));

const { tree } = fc.letrec<{ tree: Made }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    term,
    tie('tree').map((of): Made => ({ text: `NOT (${of.text})`, says: (one) => !of.says(one) })),
    fc.tuple(tie('tree'), tie('tree'), fc.boolean()).map(([a, b, and]): Made => ({
      text: and ? `(${a.text}) AND (${b.text})` : `(${a.text}) OR (${b.text})`,
      says: (one) => (and ? a.says(one) && b.says(one) : a.says(one) || b.says(one)),
    })),
  ),
}));

const item = fc.record({
  type: fc.constantFrom(...types),
  meta: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values)),
});

describe('any query', () => {
  it('means what it says, whatever the parentheses', () => {
    fc.assert(fc.property(tree, item, (made, one) => queryOf(made.text).matches(one) === made.says(one)));
  });

  it('binds NOT before AND before OR without parentheses', () => {
    fc.assert(
      fc.property(term, term, term, item, (a, b, c, one) => {
        const expected = (!a.says(one) && b.says(one)) || c.says(one);
        return queryOf(`NOT ${a.text} AND ${b.text} OR ${c.text}`).matches(one) === expected;
      }),
    );
  });

  it('says yes or no before the run only where no metadata can make it otherwise', () => {
    const unknown = fc.uniqueArray(fc.constantFrom(...keys));
    fc.assert(
      fc.property(tree, item, unknown, fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values)), (made, one, hidden, filled) => {
        const known: Record<string, string | null> = { ...one.meta };
        for (const key of hidden) known[key] = null;
        const kind: Kind = { type: one.type, meta: known };
        const meta: Record<string, string> = { ...one.meta };
        for (const key of hidden) delete meta[key];
        for (const key of hidden) if (Object.hasOwn(filled, key)) meta[key] = filled[key];
        const answer = queryOf(made.text).answer(kind);
        return answer === 'maybe' || (answer === 'yes') === made.says({ type: one.type, meta });
      }),
    );
  });
});
