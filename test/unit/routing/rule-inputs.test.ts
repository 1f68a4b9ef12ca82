/** Rules with several inputs, several runs, an order among themselves, and models that do not take everything. */
import type { CardInput } from '../../../src/models/card.js';
import { decide, OUTCOME, type ActiveModels, type RuleDecision } from '../../../src/routing/evaluate.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import type { SeriesInput } from '../../../src/routing/facts.js';
import { CONTEXT, faultsOf, rulesOf, series, study, type Tags } from './support.js';

const PETCT = `
rules:
  - name: petct
    inputs:
      ct: { when: { tag: Modality, equals: CT }, where: { fact: sliceCount, atLeast: 10 }, prefer: [{ thinnest: true }] }
      pt: { when: { tag: Modality, equals: PT } }
    tiedBy: frameOfReference
    model: petct
    destinations: [archive]
`;

function decisionOn(text: string, all: readonly SeriesInput[], models: ActiveModels = CONTEXT.models): RuleDecision[] {
  return [...decide(study(...all), rulesOf(text), { models }).rules];
}

const of = (uid: string, Modality: string, frame: string | null, more: Tags = {}, count = 30) =>
  series(uid, { Modality, FrameOfReferenceUID: frame, SeriesNumber: Number(uid), ...more }, count);
const pairOf = (...all: SeriesInput[]) =>
  decisionOn(PETCT, all)[0]?.runs.map(({ inputs }) => Object.fromEntries(inputs.map((one) => [one.name, one.seriesInstanceUid])));
const reasonOf = (...all: SeriesInput[]) => decisionOn(PETCT, all)[0];

describe('a model with several inputs', () => {
  it('gets the best series of the first input that has partners in its frame of reference', () => {
    const all = [of('1', 'CT', 'A', { SliceThickness: 1 }), of('2', 'CT', 'B', { SliceThickness: 3 }), of('3', 'PT', 'B')];
    expect(pairOf(...all)).toEqual([{ ct: '2', pt: '3' }]);
    const losses = decisionOn(PETCT, all)[0]?.inputs.map(({ series }) => series.map(({ fate, loss }) => loss?.text ?? fate));
    expect(losses).toEqual([
      ['no series for pt shares its frame of reference', 'chosen', 'not concerned'],
      ['not concerned', 'not concerned', 'chosen'],
    ]);
    expect(pairOf(...all, of('4', 'PT', 'A'))).toEqual([{ ct: '1', pt: '4' }]);
  });

  it('never runs on a part of them', () => {
    expect(reasonOf(of('1', 'CT', 'A'))).toMatchObject({
      outcome: OUTCOME.notApplied,
      reason: 'no series for pt: series 1: Modality is PT: seen CT',
      runs: [],
    });
    expect(reasonOf(of('1', 'CT', 'A', {}, 3), of('2', 'PT', 'A'))).toMatchObject({
      outcome: OUTCOME.noSeries,
      reason: 'not analysed: no series for ct: sliceCount is at least 10: seen 3',
      runs: [],
    });
    expect(reasonOf(of('1', 'CT', 'A'), of('2', 'PT', 'B'))).toMatchObject({
      outcome: OUTCOME.noSeries,
      reason: 'not analysed: no ct and pt share a frame of reference (ct: series 1; pt: series 2)',
      runs: [],
    });
    expect(reasonOf(of('1', 'CT', null), of('2', 'PT', 'B'))?.inputs[0]?.series[0]?.loss?.text).toBe(
      'FrameOfReferenceUID is absent or empty',
    );
  });

  it('without a common frame of reference takes the best of each, and no series twice', () => {
    const text = PETCT.replace('    tiedBy: frameOfReference\n', '').replace('equals: PT', 'exists: true');
    expect(decisionOn(text, [of('1', 'CT', 'A'), of('2', 'PT', 'B')])[0]?.runs[0]?.inputs).toEqual([
      { name: 'ct', seriesInstanceUid: '1' },
      { name: 'pt', seriesInstanceUid: '2' },
    ]);
    expect(decisionOn(text, [of('1', 'CT', 'A')])[0]).toMatchObject({
      outcome: OUTCOME.noSeries,
      reason: 'not analysed: ct and pt need a series each (ct: series 1; pt: series 1)',
    });
  });

  it('is explained input by input', () => {
    const text = formatExplanation(
      decide(study(of('1', 'CT', 'A'), of('2', 'PT', 'A')), rulesOf(PETCT), { models: new Map([['petct', { version: '1' }]]) }),
    );
    expect(text).toContain('✓ petct: applied\n  model petct takes series 1 as ct and series 2 as pt\n');
    expect(text).toContain('  input ct\n    series 1 (CT, 30 inst.): chosen\n');
    expect(text).toContain('  input pt\n    series 1 (CT, 30 inst.): not concerned\n');
  });

  it('does not go with when, with series, or with nothing', () => {
    const at = (rule: string) => faultsOf(`rules:\n  - { name: a, model: m, destinations: [archive], ${rule} }\n`);
    const input = '{ ct: { when: { tag: Modality, equals: CT } } }';
    expect(at(`inputs: ${input}, when: { tag: Modality, equals: CT }`)).toEqual([
      expect.stringContaining('rules[0].when: does not go with inputs'),
    ]);
    expect(at(`inputs: ${input}, series: {}`)).toEqual([expect.stringContaining('rules[0].series: does not go with inputs')]);
    expect(at('inputs: {}')).toEqual([expect.stringContaining('rules[0].inputs: needs at least one of them, and at most 8')]);
    expect(at('when: { tag: Modality, equals: CT }, tiedBy: study')).toEqual([expect.stringContaining('rules[0].tiedBy: needs inputs')]);
    expect(at('priority: stat')).toEqual([expect.stringContaining('rules[0].when: is missing')]);
  });
});

const TAKE = `
rules:
  - name: two
    when: { tag: Modality, equals: CT }
    series: { prefer: [{ thinnest: true }], take: 2 }
    model: lungs
    destinations: [archive]
    then: stop
  - { name: later, when: { tag: Modality, exists: true }, model: lungs, destinations: [archive] }
  - { name: off, enabled: false, when: { tag: Modality, exists: true }, model: lungs, destinations: [archive] }
`;

describe('the runs of a rule', () => {
  const three = [5, 1, 3].map((SliceThickness, index) => of(String(index + 1), 'CT', 'A', { SliceThickness }));

  it('are as many as it takes, the best first', () => {
    const [two] = decisionOn(TAKE, three);
    expect(two?.runs.map(({ inputs }) => inputs.map((one) => one.seriesInstanceUid))).toEqual([['2'], ['3']]);
    expect(two?.reason).toBe('model lungs takes series 2 and series 3, each in a run of its own');
    expect(two?.inputs[0]?.series[0]?.loss).toEqual({ path: 'series.prefer[0]', text: '5 mm thick; series 3: 3 mm thick' });
  });

  it('keep later rules from being asked where the rule says stop, also while it waits for its model', () => {
    for (const models of [CONTEXT.models, new Map()]) {
      expect(decisionOn(TAKE, three, models)[1]).toMatchObject({
        outcome: OUTCOME.preempted,
        reason: 'not asked: rule two before it has the study, and says `then: stop`',
        runs: [],
      });
    }
    expect(decisionOn(TAKE, [of('1', 'MR', 'A')])[1]?.outcome).toBe(OUTCOME.applied);
  });

  it('are none where the rule is disabled', () => {
    expect(decisionOn(TAKE, [of('1', 'MR', 'A')])[2]).toMatchObject({
      outcome: OUTCOME.notAsked,
      reason: 'not asked: the rule file says `enabled: false`',
    });
  });

  it('of a shadow rule go nowhere, whatever it says of destinations', () => {
    const rule = (more: string) => `rules:\n  - { name: s, when: { tag: Modality, equals: CT }, model: lungs, shadow: true${more} }\n`;
    for (const more of ['', ', destinations: [archive]'])
      expect(decisionOn(rule(more), three)[0]).toMatchObject({ shadow: true, destinations: [] });
  });

  it('have the order of the rule with them', () => {
    const text = `rules:
  - { name: s, owner: AI team, tags: [night], when: { tag: Modality, equals: CT }, model: { name: lungs, version: 1.0.0 }, workflow: fast,
      destinations: [archive], priority: bulk, window: { from: '20:00', to: '06:00', days: [mon] }, limits: { atOnce: 1, perSource: { perDay: 5 } } }
`;
    expect(decisionOn(text, three)[0]).toMatchObject({
      owner: 'AI team',
      tags: ['night'],
      workflow: 'fast',
      priority: 'bulk',
      window: { from: '20:00', to: '06:00', days: ['mon'] },
      limits: { atOnce: 1, perSource: { perDay: 5 } },
    });
  });

  it('are none where the study as a whole is not as the rule asks', () => {
    const text = `rules:
  - { name: s, study: { noSeries: { tag: Modality, equals: PT } }, when: { tag: Modality, equals: CT }, model: lungs, destinations: [archive] }
`;
    expect(decisionOn(text, [of('1', 'CT', 'A')])[0]?.outcome).toBe(OUTCOME.applied);
    expect(decisionOn(text, [of('1', 'CT', 'A'), of('2', 'PT', 'A')])[0]).toMatchObject({
      outcome: OUTCOME.notApplied,
      reason: 'the study: no series with Modality is PT: true of 1, false of 1',
      inputs: [],
      study: { truth: 'false' },
    });
  });
});

const CARD: CardInput = {
  label: 'Chest CT',
  description: '',
  format: 'DICOM',
  modalities: ['CT'],
  sliceThicknessMm: 5,
  contrast: 'without',
};
const RULE = 'rules:\n  - { name: s, when: { tag: Modality, exists: true }, model: lungs, destinations: [archive] }\n';

describe('the card of the model', () => {
  const withCard = (...inputs: CardInput[]): ActiveModels => new Map([['lungs', { version: '1.0.0', card: { inputs } }]]);
  const on = (input: SeriesInput, models = withCard(CARD)) => decisionOn(RULE, [input], models)[0];

  it.each<[string, Tags, string]>([
    ['too thick', { SliceThickness: 7 }, 'not analysed: slice thickness 7 mm, the model takes at most 5 mm'],
    ['of another modality', { Modality: 'MR' }, 'not analysed: modality MR, the model takes CT'],
    [
      'with contrast agent',
      { ContrastBolusAgent: 'Iopromid' },
      'not analysed: with contrast agent, the model takes only series without it',
    ],
  ])('sets aside what is %s, and says so', (_, tags, reason) => {
    expect(on(of('1', 'CT', 'A', tags))).toMatchObject({
      outcome: OUTCOME.noSeries,
      reason,
      inputs: [{ series: [{ loss: { path: 'card' } }] }],
    });
  });

  it('lets pass what is not known, and what is just at the limit', () => {
    expect(on(of('1', 'CT', 'A'))?.outcome).toBe(OUTCOME.applied);
    expect(on(of('1', 'CT', 'A', { SliceThickness: 5.001 }))?.outcome).toBe(OUTCOME.applied);
  });

  it('of several inputs lets pass what one of them takes; inputs that are no images do not count', () => {
    const others = withCard(
      CARD,
      { ...CARD, label: 'PET', modalities: ['PT'], contrast: 'unknown' },
      { ...CARD, format: 'DICOMSEG', modalities: ['SEG'] },
    );
    expect(on(of('1', 'PT', 'A'), others)?.outcome).toBe(OUTCOME.applied);
    expect(on(of('1', 'MR', 'A'), others)?.outcome).toBe(OUTCOME.noSeries);
  });

  it('says nothing while another version of the model is active', () => {
    const pinned = RULE.replace('model: lungs', 'model: { name: lungs, version: 2.0.0 }');
    expect(decisionOn(pinned, [of('1', 'MR', 'A')], withCard(CARD))[0]).toMatchObject({
      outcome: OUTCOME.waitingForModel,
      reason: 'model lungs 2.0.0 takes series 1, but version 1.0.0 is active',
    });
  });
});
