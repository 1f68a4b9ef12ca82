/** What a settled version becomes: its runs, those that stand from earlier versions, and what must not stop the others. */
import { setLogLevel } from '../../../src/foundation/log.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { laterRun } from '../../../src/ledger/run-succession.js';
import { findStudy, releaseStudy, type StudyRow } from '../../../src/ledger/studies.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import { Ledger } from './routing-ledger.js';
import { rulesOf } from './support.js';

setLogLevel('silent');

describe('deciding versions', () => {
  it('does not run a model again on the same instances because of a late one that does not concern it', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3);
    expect(ledger.decide()).toBe(1);
    ledger.arrive('1.2', '2', 0, 1, 'SR');
    expect(ledger.decide()).toBe(0);
    expect(ledger.runs().map(({ state }) => state)).toEqual(['queued']);
    expect(ledger.lastDecision().rules[0]).toMatchObject({
      outcome: 'applied',
      reason: expect.stringMatching(/; not run again: run 1 on version 1 has the same instances$/) as string,
    });
  });

  it('runs it again where its input has grown, in the place of the run that has not started', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3);
    ledger.decide();
    ledger.arrive('1.2', '1', 3, 4);
    expect(ledger.decide()).toBe(1);
    expect(ledger.runs()).toMatchObject([
      { state: 'cancelled', failure_code: 'OUTDATED', reason: 'version 2 of its study has run 2 in its place' },
      { state: 'queued' },
    ]);
    expect(laterRun(ledger.db, 1)).toMatchObject({ id: 2, version_number: 2 });
    expect(laterRun(ledger.db, 2)).toBeUndefined();
  });

  it('runs of two rules only the one whose input the late instances changed', () => {
    const ledger = new Ledger();
    const two = rulesOf(`
rules:
  - { name: chest, when: [{ tag: Modality, equals: CT }], model: lungs, destinations: [archive] }
  - { name: knee, when: [{ tag: Modality, equals: MR }], model: lungs, destinations: [archive] }
`);
    ledger.arrive('1.2', '1', 0, 3);
    ledger.arrive('1.2', '2', 0, 3, 'MR');
    expect(ledger.decide(undefined, two)).toBe(2);
    ledger.arrive('1.2', '2', 3, 5, 'MR');
    expect(ledger.decide(undefined, two)).toBe(1);
    expect(ledger.runs().map(({ rule, state }) => [rule, state])).toEqual([
      ['chest', 'queued'],
      ['knee', 'cancelled'],
      ['knee', 'queued'],
    ]);
  });

  it('gives a run that has not started the urgency, window and limits that its rule has now', () => {
    const ledger = new Ledger();
    const chest = (more: string) =>
      rulesOf(`\nrules:\n  - { name: chest, when: [{ tag: Modality, equals: CT }], model: lungs, destinations: [archive]${more} }`);
    ledger.arrive('1.2', '1', 0, 3);
    ledger.decide(undefined, chest(''));
    for (const [index, more] of [", window: { from: '20:00', to: '06:00' }", ', limits: { atOnce: 1 }', ', priority: stat'].entries()) {
      ledger.arrive('1.2', `late${index}`, 0, 1, 'SR');
      expect(ledger.decide(undefined, chest(more))).toBe(1);
      ledger.arrive('1.2', `later${index}`, 0, 1, 'SR');
      expect(ledger.decide(undefined, chest(more))).toBe(0);
    }
    expect(ledger.runs().map(({ state, priority }) => [state, priority])).toEqual([
      ...[1, 1, 1].map((priority) => ['cancelled', priority]),
      ['queued', 0],
    ]);
  });

  it('leaves a run alone that has started', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3);
    ledger.decide();
    ledger.db.move('runs', 1, 'starting', { at: 1 });
    ledger.arrive('1.2', '1', 3, 4);
    ledger.decide();
    expect(ledger.runs().map(({ state }) => state)).toEqual(['starting', 'queued']);
  });

  it('runs it again where it failed, or where another version of the model is active now', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3);
    ledger.decide();
    ledger.db.move('runs', 1, 'failed', { at: 1 });
    ledger.arrive('1.2', '2', 0, 1, 'SR');
    expect(ledger.decide()).toBe(1);
    const { id } = registerModel(
      ledger.db,
      { name: 'lungs', version: '2.0.0', digest: 'sha256:b', card: '{}', package: '{}', folder: null },
      2,
    );
    activateModel(ledger.db, id, { by: 'test', reason: 'test' }, 2);
    ledger.arrive('1.2', '3', 0, 1, 'SR');
    expect(ledger.decide()).toBe(1);
    expect(ledger.runs().map(({ state, model_id }) => [state, model_id])).toEqual([
      ['failed', 1],
      ['cancelled', 1],
      ['queued', 2],
    ]);
  });

  it('asks only the rules that the called AE title lets be asked, and says of the others why they were not', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3);
    expect(ledger.decide(new Map([['ANTEROOM', ['other', 'research.yaml']]]))).toBe(0);
    const reason =
      'not asked: the study was sent to AE title ANTEROOM, for which only other, research.yaml are asked (`aeTitles` in the settings)';
    expect(ledger.lastDecision().rules).toMatchObject([{ rule: 'chest', outcome: 'not asked', reason, runs: [] }]);
    expect(formatExplanation(ledger.lastDecision())).toContain(`– chest: not asked\n  ${reason}`);
    for (const only of [['chest'], ['test.yaml']]) {
      const study = `1.2.${only[0].length}`;
      ledger.arrive(study, '1', 0, 3);
      expect(ledger.decide(new Map([['ANTEROOM', only]]))).toBe(1);
    }
    ledger.arrive('1.4', '1', 0, 3);
    expect(ledger.decide(new Map([['RESEARCH', []]]))).toBe(1);
  });

  it('says on a run that waits for its model what it waits for', () => {
    const ledger = new Ledger();
    ledger.db.move('models', 1, 'suspended', { at: 1 });
    ledger.arrive('1.2', '1', 0, 3);
    ledger.decide();
    expect(ledger.runs()).toMatchObject([{ state: 'waiting', reason: 'model lungs is suspended: by a person' }]);
  });

  it('holds a study that it cannot decide, goes on with those behind it, and decides it when it is released', () => {
    const ledger = new Ledger();
    ledger.arrive('1.2', '1', 0, 3, 'CT', 'null');
    ledger.arrive('1.3', '1', 0, 3);
    expect(ledger.decide()).toBe(1);
    const held = findStudy(ledger.db, '1.2') as StudyRow;
    expect(held).toMatchObject({ state: 'held', hold_reason: expect.stringContaining('could not be decided') as string });
    expect(ledger.decide()).toBe(0);
    ledger.db.run('UPDATE instances SET header = (SELECT header FROM instances WHERE id = 4) WHERE study_id = ?', held.id);
    releaseStudy(ledger.db, held.id, 2000, 2000);
    expect(ledger.decide()).toBe(1);
    expect(ledger.runs()).toHaveLength(2);
  });
});
