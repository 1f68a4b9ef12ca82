/** A rehearsal says what other rules would have made of the studies that are stored, and reads no more of them than it must. */
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { markPurged } from '../../../src/ledger/retention.js';
import { findStudy } from '../../../src/ledger/studies.js';
import { decide, decideBriefly } from '../../../src/routing/evaluate.js';
import { studyFacts, type FactsInput } from '../../../src/routing/facts.js';
import { rehearse } from '../../../src/routing/rehearse.js';
import type { Rehearsal } from '../../../src/routing/rehearsal.js';
import { decideSettledVersions } from '../../../src/routing/router.js';
import { twentyRules } from '../../bench/rule-set.js';
import { labelledStudies } from '../../support/labelled-studies.js';
import { storeStudy } from '../../support/stored-studies.js';
import { tempFolder } from '../../support/temp.js';
import { rulesOf, series } from './support.js';

setLogLevel('silent');

const NOW = 30 * 86_400_000;
const rule = (more: string, name = 'chest', model = 'lungs') =>
  `\n  - { name: ${name}, when: [{ tag: Modality, equals: CT }], model: ${model}, destinations: [archive], ${more} }`;
const IN_FORCE = rulesOf(`rules: ${rule('series: { where: [{ fact: instanceCount, atLeast: 3 }] }')}`);

describe('a rehearsal', () => {
  let db: Db;

  beforeEach(() => {
    db = Db.open(join(tempFolder('rehearse'), 'ledger.sqlite'), { migrate: true });
  });

  afterEach(() => db.close());

  function store(uid: string, slices: number, tags: Record<string, string> = { Modality: 'CT' }, at = NOW): void {
    const input: FactsInput = { studyInstanceUid: uid, callingAe: 'CT', calledAe: 'ANTEROOM', series: [series(`${uid}.1`, tags, slices)] };
    storeStudy(db, input, { at });
    decideSettledVersions(db, IN_FORCE, at);
  }

  const rehearsed = (rules: string, days = 7): Rehearsal =>
    rehearse(db, { before: IN_FORCE, after: rulesOf(rules), days, now: NOW + 1, limits: new Map() });

  it('changes nothing where the rules are the same', () => {
    store('1.1', 5);
    const result = rehearse(db, { before: IN_FORCE, after: IN_FORCE, days: 7, now: NOW + 1, limits: new Map() });
    expect(result).toMatchObject({
      studies: 1,
      kinds: { gain: 0, lose: 0, change: 0 },
      changes: [],
      before: { runs: 1 },
      after: { runs: 1 },
    });
  });

  it('tells gained, lost and changed runs with the clause that decides, and who ran nothing', () => {
    store('1.1', 5);
    store('1.2', 2);
    store('1.3', 4, { Modality: 'MR' });
    const longer = rehearsed(`rules: ${rule('series: { where: [{ fact: instanceCount, atLeast: 10 }] }')}`);
    expect(longer.kinds).toEqual({ gain: 0, lose: 1, change: 0 });
    expect(longer.changes[0]).toMatchObject({ studyInstanceUid: '1.1.0', changes: [{ kind: 'lose', rule: 'chest', model: 'lungs' }] });
    expect(longer.changes[0]?.changes[0]?.before).toContain('takes');
    expect(longer.changes[0]?.changes[0]?.after).toContain('instanceCount is at least 10');
    expect(longer).toMatchObject({ noRule: ['1.3.0'], rules: [{ runsBefore: 1, runsAfter: 0, lose: 1, noSeriesAfter: 2 }] });

    expect(rehearsed(`rules: ${rule('series: {}')}`).kinds).toEqual({ gain: 1, lose: 0, change: 0 });

    const bulk = rehearsed(`rules: ${rule('priority: bulk, series: { where: [{ fact: instanceCount, atLeast: 3 }] }')}`);
    expect(bulk.changes).toEqual([
      {
        studyInstanceUid: '1.1.0',
        changes: [{ kind: 'change', rule: 'chest', model: 'lungs', before: 'priority routine', after: 'priority bulk' }],
      },
    ]);
  });

  it('names studies on which two rules run the same model', () => {
    store('1.1', 5);
    expect(rehearsed(`rules: ${rule('series: {}')}${rule('series: {}', 'other')}`).sameModel).toEqual([
      { studyInstanceUid: '1.1.0', model: 'lungs', rules: ['chest', 'other'] },
    ]);
  });

  it('looks at the days that are asked for, and says which studies are purged', () => {
    store('1.1', 5);
    store('1.2', 5, { Modality: 'CT' }, NOW - 8 * 86_400_000);
    store('1.3', 5);
    markPurged(db, findStudy(db, '1.3.0')?.id ?? 0, 'by-hand', NOW);
    expect(rehearsed(`rules: []`)).toMatchObject({ studies: 1, purged: 1, kinds: { lose: 1 } });
    expect(rehearsed(`rules: []`, 30)).toMatchObject({ studies: 2, purged: 1, kinds: { lose: 2 } });
  });

  it('reads the headers of other instances only for a rule that asks of them', () => {
    store('1.1', 5);
    const notFirst = db.run(`UPDATE instances SET header = 'unreadable' WHERE id NOT IN (SELECT first_instance_id FROM series_facts)`);
    expect(notFirst.changes).toBe(4);
    expect(rehearsed(`rules: ${rule('series: { prefer: [{ mostInstances: true }] }')}`)).toMatchObject({ after: { runs: 1 } });
    const asking = `rules: ${rule('series: { where: [{ anyInstance: { tag: InstanceNumber, equals: 3 } }] }')}`;
    expect(() => rehearsed(asking)).toThrow('unreadable');
  });

  it('derives facts again that other code derived, or that were not kept', () => {
    store('1.1', 5);
    db.run(`UPDATE series_facts SET code = 'older', facts = '{}'`);
    expect(rehearsed(`rules: []`).kinds).toEqual({ gain: 0, lose: 1, change: 0 });
    expect(db.get<{ code: string; facts: string }>('SELECT code, facts FROM series_facts')).not.toMatchObject({ code: 'older' });
    db.run('DELETE FROM series_facts');
    expect(rehearsed(`rules: []`).kinds).toEqual({ gain: 0, lose: 1, change: 0 });
  });

  it('keeps nothing of a purged study', () => {
    store('1.1', 5);
    expect(db.all('SELECT * FROM series_facts')).toHaveLength(1);
    markPurged(db, findStudy(db, '1.1.0')?.id ?? 0, 'by-hand', NOW);
    expect(db.all('SELECT * FROM series_facts')).toEqual([]);
  });
});

describe('a decision without its reasons', () => {
  const rules = rulesOf(twentyRules());
  const studies = labelledStudies().filter((_, index) => index % 8 === 0);

  it.each(studies.map((study) => [study.name, study] as const))('is that with reasons: %s', (_, study) => {
    const facts = studyFacts(study.input());
    for (const models of [new Map(), new Map([['chest_lungs', { version: '1' }]])]) {
      const whole = decide(facts, rules, { models }).rules.map(({ rule: name, outcome, runs }) => ({ name, outcome, runs }));
      const brief = decideBriefly(facts, rules, { models }).map(({ rule: { name }, outcome, runs }) => ({ name, outcome, runs }));
      expect(brief).toEqual(whole);
    }
  });
});
