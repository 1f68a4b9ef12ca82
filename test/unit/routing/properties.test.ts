/** Whatever headers come and whatever rules are written: nothing throws, and order does not matter where it should not. */
import fc from 'fast-check';
import { TAG, tagKey } from '../../../src/dicom/element/tags.js';
import type { Header, HeaderValue } from '../../../src/dicom/header.js';
import { decide } from '../../../src/routing/evaluate.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import { studyFacts, type SeriesInput } from '../../../src/routing/facts.js';
import { FACTS, type FactName } from '../../../src/routing/fact-names.js';
import { patternFault, patternFound } from '../../../src/routing/pattern.js';
import { header as headerOf, rulesOf } from './support.js';

const rules = rulesOf(`
rules:
  - name: everything
    when:
      - any: [{ tag: Modality, oneOf: [CT, MR] }, { not: { tag: BodyPartExamined, equals: CHEST } }, { tag: SliceThickness, between: [0, 5] }]
      - any: [{ fact: isLocalizer, equals: false }, { fact: stack, equals: regular }, { tag: StudyDescription, matches: 'a+' }]
    series:
      where: { any: [{ fact: plane, equals: axial }, { fact: contrast, equals: yes }, { fact: sliceCount, atLeast: 0 }, { tag: ImageType, contains: a }] }
      prefer: [{ kernel: ['^B'] }, { thinnest: true }, { mostInstances: true }, { tag: Modality, equals: CT }]
    model: lungs
    destinations: [archive]
`);

const tags = [
  TAG.Modality,
  TAG.BodyPartExamined,
  TAG.SliceThickness,
  TAG.ImageType,
  TAG.ImagePositionPatient,
  TAG.ImageOrientationPatient,
  TAG.NumberOfFrames,
  TAG.ConvolutionKernel,
  TAG.ContrastBolusAgent,
  TAG.SeriesNumber,
  TAG.InstanceNumber,
  TAG.StudyDescription,
  TAG.SharedFunctionalGroupsSequence,
  TAG.PerFrameFunctionalGroupsSequence,
  TAG.PlanePositionSequence,
  TAG.PlaneOrientationSequence,
  TAG.PixelMeasuresSequence,
  TAG.SeriesDescription,
  TAG.ProtocolName,
  TAG.AnatomicRegionSequence,
  TAG.FrameAnatomySequence,
  TAG.CodeValue,
  TAG.CodeMeaning,
  TAG.PixelSpacing,
  TAG.GantryDetectorTilt,
  TAG.ScanningSequence,
  TAG.EchoTime,
  TAG.RepetitionTime,
  TAG.InversionTime,
  TAG.TemporalPositionIdentifier,
  TAG.SOPClassUID,
  TAG.ContributingEquipmentSequence,
].map(tagKey);

const { header } = fc.letrec<{ header: Header; value: HeaderValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: false },
    {
      weight: 9,
      arbitrary: fc.oneof(
        fc.string(),
        fc.double(),
        fc.constant(null),
        fc.constantFrom(
          'CT',
          'MR',
          'LOCALIZER',
          '1',
          '0',
          'NaN',
          'CHEST\0',
          'Thorax C-/C+',
          '胸腹部造影',
          'T2 FLAIR',
          'SE',
          'B40f',
          'T-D3000',
        ),
        fc.constantFrom(0, 1, -1, 1e308),
        fc.record({ Alphabetic: fc.string() }),
      ),
    },
    { weight: 1, arbitrary: tie('header') },
  ),
  header: fc.dictionary(
    fc.constantFrom(...tags),
    fc.record({ vr: fc.constant('UN'), Value: fc.array(tie('value'), { maxLength: 7 }) }, { requiredKeys: ['vr'] }),
    { maxKeys: 12 },
  ),
}));

/** Headers come out of the ledger, where they are JSON: there is no -0, and nothing that is no number. */
const asFromLedger = (one: Header) => JSON.parse(JSON.stringify(one)) as Header;

const anySeries: fc.Arbitrary<SeriesInput[]> = fc.uniqueArray(fc.nat(20), { maxLength: 4 }).chain((uids) =>
  fc.tuple(
    ...uids.map((uid) =>
      fc.array(header, { minLength: 1, maxLength: 4 }).map((headers) => ({
        seriesInstanceUid: `1.${uid}`,
        instances: headers.map((one, index) => ({ sopInstanceUid: `1.${uid}.${index}`, header: asFromLedger(one) })),
      })),
    ),
  ),
);

const models = new Map([['lungs', { version: '1.0.0' }]]);
const decisionOn = (series: readonly SeriesInput[]) => decide(studyFacts({ studyInstanceUid: '1.2', series }), rules, { models });

describe('deciding', () => {
  it('never throws on any header, and its answer is plain JSON', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const decision = decisionOn(series);
        expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
        expect(formatExplanation(decision)).toContain('everything');
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order in which series and instances arrived', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const reversed = [...series].reverse().map((one) => ({ ...one, instances: [...one.instances].reverse() }));
        expect(decisionOn(reversed)).toEqual(decisionOn(series));
      }),
    );
  });
});

/** Real headers have a frame of axes more often than chance has one. */
const placedSeries: fc.Arbitrary<SeriesInput> = fc
  .array(fc.record({ z: fc.integer({ min: -3, max: 3 }), x: fc.constantFrom(0, 0, 0, 1, 1e300), number: fc.nat(3) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((slices) => ({
    seriesInstanceUid: '1.99',
    instances: slices.map(({ x, z, number }, index) => ({
      sopInstanceUid: `1.99.${index}`,
      header: headerOf({ ImagePositionPatient: [x, 0, z], ImageOrientationPatient: [1, 0, 0, 0, 1, 0], InstanceNumber: number }),
    })),
  }));

describe('facts', () => {
  it('are finite numbers, words of the table, texts or flags, whatever the headers hold, and none changes with the order of arrival', () => {
    fc.assert(
      fc.property(anySeries, placedSeries, (odd, placed) => {
        const all = [...odd, placed];
        const facts = factsIn(all);
        expect(factsIn([...all].reverse().map((one) => ({ ...one, instances: [...one.instances].reverse() })))).toEqual(facts);
        for (const [name, { values, source }] of facts.flatMap((one) => Object.entries(one))) {
          const kind = FACTS[name as FactName];
          expect(source).not.toBe('');
          for (const value of values) {
            if (kind.kind === 'word') expect(kind.words).toContain(value);
            else expect(typeof value).toBe({ number: 'number', flag: 'boolean', text: 'string', time: 'string' }[kind.kind]);
            if (kind.kind === 'number') expect(Number.isFinite(value)).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

const factsIn = (series: readonly SeriesInput[]) => studyFacts({ studyInstanceUid: '1.2', series }).series.map((one) => one.facts);

describe('patterns', () => {
  it('take time that grows only with the text, however they are nested', () => {
    // Of this process alone: whatever else the machine does must not count.
    const before = process.cpuUsage();
    for (const source of ['(a+)+$', '(a|a)*b', '((a*)*)*c', '(.*)(.*)(.*)(.*)x', '(a{0,20}){0,20}b']) {
      expect(patternFault(source)).toBeUndefined();
      expect(patternFound(source, `${'a'.repeat(8000)}!`)).toBe(false);
    }
    // A backtracking engine needs longer than the age of the universe for the first of them.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(10_000);
  });

  it('see of a very long text its beginning, whose last character is not its end', () => {
    const text = `begin${'a'.repeat(2043)}b`;
    expect([patternFound('^begin', text), patternFound('a$', text), patternFound('^begina*$', text)]).toEqual([true, false, false]);
  });

  it('of any kind are either refused with a reason or answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab().*+?[]{}|^$\\1,-'.split('')), maxLength: 30 }), fc.string(), (source, text) => {
        if (patternFault(source) === undefined) expect(typeof patternFound(source, text)).toBe('boolean');
      }),
    );
  });
});
