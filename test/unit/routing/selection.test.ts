import { decide, OUTCOME } from '../../../src/routing/evaluate.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import type { SeriesInput } from '../../../src/routing/facts.js';
import { CONTEXT, rulesOf, series, study, type Tags } from './support.js';

const CHEST: Tags = { Modality: 'CT', BodyPartExamined: 'CHEST', ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'] };

const rules = rulesOf(`
rules:
  - name: chest
    when: [{ tag: Modality, equals: CT }, { tag: BodyPartExamined, equals: CHEST }]
    series:
      where: [{ fact: isLocalizer, equals: false }, { fact: sliceCount, atLeast: 20 }]
      prefer:
        - kernel: ['^B[1-4]', '^B5']
        - thinnest: true
        - mostInstances: true
    model: lungs
    destinations: [archive]
`);

function decideOn(...all: SeriesInput[]) {
  const [rule] = decide(study(...all), rules, CONTEXT).rules;
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

const lossesOf = (...all: SeriesInput[]) =>
  Object.fromEntries((decideOn(...all).inputs[0]?.series ?? []).flatMap((one) => (one.loss ? [[one.seriesInstanceUid, one.loss]] : [])));
const chosenOf = (...all: SeriesInput[]) => decideOn(...all).runs[0]?.inputs[0]?.seriesInstanceUid;

describe('selection', () => {
  it('lets the first preference decide before the second', () => {
    const soft = series('soft', { ...CHEST, SeriesNumber: 3, ConvolutionKernel: 'B40f', SliceThickness: 8 });
    const sharp = series('sharp', { ...CHEST, SeriesNumber: 2, ConvolutionKernel: 'B70f', SliceThickness: 1 });
    expect(chosenOf(soft, sharp)).toBe('soft');
    expect(lossesOf(soft, sharp)).toEqual({
      sharp: { path: 'series.prefer[0]', text: 'kernel B70f matches none; series 3: kernel B40f matches /^B[1-4]/' },
    });
  });

  it('ranks kernels in the order of the patterns, an absent one before one that matches none', () => {
    const [b50, b70, none] = [
      ['B50f', 1],
      ['B70f', 2],
      [null, 3],
    ].map(([kernel, number]) => series(`k${number}`, { ...CHEST, SeriesNumber: number, ConvolutionKernel: kernel }));
    expect([chosenOf(b50, b70, none), chosenOf(b70, none)]).toEqual(['k1', 'k3']);
  });

  it('takes the thinnest, then the one with most instances; a series without thickness comes last', () => {
    const of = (uid: string, thickness: number | null, count: number) => series(uid, { ...CHEST, SliceThickness: thickness }, count);
    expect(chosenOf(of('a', null, 90), of('b', 5, 20), of('c', 5.001, 30), of('d', 6, 90))).toBe('c');
    expect(lossesOf(of('a', null, 90), of('b', 5, 20), of('c', 5.001, 30))).toMatchObject({
      a: { path: 'series.prefer[1]', text: 'SliceThickness is empty; series c: 5.001 mm thick' },
      b: { path: 'series.prefer[2]', text: '20 instances; series c: 30 instances' },
    });
  });

  it('breaks ties by SeriesNumber, then by UID, and says so', () => {
    expect(
      chosenOf(series('1.9', { ...CHEST, SeriesNumber: 2 }), series('1.1', { ...CHEST, SeriesNumber: 10 }), series('1.0', CHEST)),
    ).toBe('1.9');
    expect(chosenOf(series('1.9', CHEST), series('1.1', CHEST))).toBe('1.1');
    expect(lossesOf(series('1.9', CHEST), series('1.1', CHEST))['1.9']).toEqual({
      path: 'order',
      text: 'equal to series 1.1, which comes first by SeriesNumber, then SeriesInstanceUID',
    });
  });

  it('does not take what `where` does not admit, also when a value is missing', () => {
    const localizer = series('localizer', { ...CHEST, ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] });
    const untyped = series('untyped', { ...CHEST, ImageType: null });
    const decision = decideOn(localizer, untyped);
    expect(decision).toMatchObject({ outcome: OUTCOME.noSeries, runs: [] });
    expect(decision.reason).toBe(
      'not analysed: series localizer: isLocalizer is false: seen true | series untyped: isLocalizer is false: ImageType is absent in 30 of 30 instances',
    );
  });
});

describe('decision', () => {
  it('tells a study that the rule does not concern from one that has no fit series', () => {
    expect(decideOn(series('mr', { ...CHEST, Modality: 'MR' }))).toMatchObject({
      outcome: OUTCOME.notApplied,
      when: 'false',
      reason: 'series mr: Modality is CT: seen MR',
    });
    expect(decideOn(series('few', CHEST, 5))).toMatchObject({ outcome: OUTCOME.noSeries, when: 'true' });
  });

  it('says where a rule did not apply only for want of a value', () => {
    expect(decideOn(series('bare', { Modality: 'CT' }))).toMatchObject({
      outcome: OUTCOME.notApplied,
      when: 'missing',
      reason: 'series bare: BodyPartExamined is CHEST: BodyPartExamined is absent',
    });
  });

  it('waits for a model that is not active, with the series already chosen', () => {
    const [rule] = decide(study(series('s', CHEST)), rules, { models: new Map([['liver', { version: '1.0.0' }]]) }).rules;
    expect(rule).toMatchObject({ outcome: OUTCOME.waitingForModel, runs: [{ inputs: [{ name: 'series', seriesInstanceUid: 's' }] }] });
  });

  it('never looks at what this node made', () => {
    const own = { ...series('own', CHEST), ownResult: true };
    expect(decideOn(own)).toMatchObject({ outcome: OUTCOME.notApplied, reason: 'the study has no series' });
    expect(decide(study(own), rules, CONTEXT).ownSeries).toEqual(['own']);
  });
});

describe('explanation', () => {
  it('shows each clause with its mark, the value seen, and why the others lost', () => {
    const decision = decide(
      study(
        series('soft', { ...CHEST, SeriesNumber: 3, ConvolutionKernel: 'B40f' }),
        series('sharp', { ...CHEST, SeriesNumber: 2, ConvolutionKernel: 'B70f' }),
        series('dose', { Modality: 'CT', SeriesNumber: 9 }, 1),
      ),
      rules,
      CONTEXT,
    );
    expect(formatExplanation(decision).split('\n').slice(3)).toEqual([
      '✓ chest: applied',
      '  model lungs takes series 3',
      '  priority routine, to archive',
      '  series 2 (CT, 30 inst.): lost',
      '    ✓ when: all of',
      '      ✓ Modality is CT              CT',
      '      ✓ BodyPartExamined is CHEST   CHEST',
      '    ✓ series.where: all of',
      '      ✓ isLocalizer is false        false',
      '      ✓ sliceCount is at least 20   30',
      '    ✗ series.prefer[0]              kernel B70f matches none; series 3: kernel B40f matches /^B[1-4]/',
      '  series 3 (CT, 30 inst.): chosen',
      '    ✓ when: all of',
      '      ✓ Modality is CT              CT',
      '      ✓ BodyPartExamined is CHEST   CHEST',
      '    ✓ series.where: all of',
      '      ✓ isLocalizer is false        false',
      '      ✓ sliceCount is at least 20   30',
      '  series 9 (CT, 1 inst.): not concerned',
      '    ? when: all of',
      '      ✓ Modality is CT              CT',
      '      ? BodyPartExamined is CHEST   BodyPartExamined is absent',
      '',
    ]);
  });

  it('lets no control character of a header reach the terminal', () => {
    const decision = decide(study(series('s', { ...CHEST, BodyPartExamined: '\u001b[2JCHEST' })), rules, CONTEXT);
    expect(formatExplanation(decision)).not.toContain('\u001b');
  });
});
