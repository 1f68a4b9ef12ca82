/** Deciding a study again by other rules: what is the same is not run again, what nobody asks for any more is not begun, what was delivered stays. */
import { setLogLevel } from '../../../src/foundation/log.js';
import { ensureDelivery } from '../../../src/ledger/deliveries.js';
import { ensureResult } from '../../../src/ledger/results.js';
import { findStudy, type StudyRow } from '../../../src/ledger/studies.js';
import { versionsOfStudy } from '../../../src/ledger/versions.js';
import { reroute, type RerouteRequest } from '../../../src/routing/reroute.js';
import type { LoadedRules } from '../../../src/routing/load.js';
import { Ledger } from './routing-ledger.js';
import { rulesOf } from './support.js';

setLogLevel('silent');

const rule = (name: string, more = '') =>
  `  - { name: ${name}, when: { tag: Modality, equals: CT }, model: lungs, destinations: [archive]${more} }\n`;
const A = rulesOf(`rules:\n${rule('kept')}${rule('dropped')}${rule('changed')}`);
const B = rulesOf(`rules:\n${rule('kept')}${rule('changed', ', settings: { x: 1 }')}${rule('fresh')}`);

/** A study decided by A, with runs 1 (kept), 2 (dropped) and 3 (changed). */
function decided(): Ledger {
  const ledger = new Ledger();
  ledger.arrive('1.2', '1', 0, 3);
  expect(ledger.decide(undefined, A)).toBe(3);
  return ledger;
}

function study(ledger: Ledger): StudyRow {
  return findStudy(ledger.db, '1.2') as StudyRow;
}

function again(ledger: Ledger, rules: LoadedRules, asked: Partial<RerouteRequest> = {}) {
  return reroute(ledger.db, study(ledger), { rules, limits: new Map(), now: 5000 }, { author: 'ann', ...asked });
}

const states = (ledger: Ledger) => ledger.runs().map((run) => `${run.id} ${run.rule} ${run.state}`);

function deliver(ledger: Ledger, run: number): void {
  const { db } = ledger;
  for (const to of ['starting', 'running', 'produced'] as const) db.move('runs', run, to, { at: 1 });
  const uids = { sop_instance_uid: `9.${run}`, series_instance_uid: `8.${run}`, sop_class_uid: '1', series_number: 1 };
  const { id } = ensureResult(db, { run_id: run, output_id: null, ...uids }, 1);
  db.move('results', id, 'passed', { at: 1, set: { path: 'x', size_bytes: 1, sha256: 'x' } });
  ensureDelivery(db, id, 'archive', 1);
  db.move('deliveries', 1, 'sending', { at: 1 });
  db.move('deliveries', 1, 'delivered', { at: 1 });
  db.move('runs', run, 'done', { at: 1 });
}

describe('reroute', () => {
  it('makes a version of the same members, decided by the rules in force, and runs only what is not the same', () => {
    const ledger = decided();
    const outcome = again(ledger, B, { reason: 'new rules' });
    expect(outcome).toMatchObject({
      version: 2,
      revision: B.revision,
      revisionBefore: A.revision,
      outcomes: [
        { rule: 'dropped', before: 'applied', now: null },
        { rule: 'fresh', before: null, now: 'applied' },
      ],
      newRuns: [
        { rule: 'changed', run: 4 },
        { rule: 'fresh', run: 5 },
      ],
      standingRuns: [{ rule: 'kept', run: 1 }],
      cancelledRuns: [{ rule: 'dropped', run: 2 }],
      startedRuns: [],
      remainingResults: [],
    });
    expect(states(ledger)).toEqual(['1 kept queued', '2 dropped cancelled', '3 changed cancelled', '4 changed queued', '5 fresh queued']);
    expect(ledger.runs()[1]).toMatchObject({
      failure_code: 'RUN_NOT_WANTED',
      reason: `version 2 of its study was decided by revision ${B.revision.slice(0, 12)}: rule dropped does not ask for it any more`,
    });
    const [first, second] = versionsOfStudy(ledger.db, study(ledger).id);
    expect([first.rules_revision, second.rules_revision]).toEqual([A.revision, B.revision]);
    expect(second).toMatchObject({ state: 'decided', signal: 'reroute', signal_detail: 'asked for by ann: new rules' });
    const members = (id: number) => ledger.db.all('SELECT instance_id FROM version_instances WHERE version_id = ?', id);
    expect(members(second.id)).toEqual(members(first.id));
    expect(members(second.id)).toHaveLength(3);
  });

  it('says in a dry run what would be done, and does nothing', () => {
    const ledger = decided();
    const before = states(ledger);
    expect(again(ledger, B, { dryRun: true })).toMatchObject({
      version: null,
      newRuns: [{ rule: 'changed' }, { rule: 'fresh' }],
      cancelledRuns: [{ run: 2 }],
    });
    expect(states(ledger)).toEqual(before);
    expect(versionsOfStudy(ledger.db, study(ledger).id)).toHaveLength(1);
  });

  it('leaves what has started and what was delivered, and says so', () => {
    const ledger = decided();
    deliver(ledger, 2);
    ledger.db.move('runs', 3, 'starting', { at: 1 });
    const none = rulesOf('rules: []\n');
    expect(again(ledger, none)).toMatchObject({
      cancelledRuns: [{ run: 1 }],
      startedRuns: [{ run: 3, rule: 'changed' }],
      remainingResults: [{ run: 2, rule: 'dropped', destination: 'archive', state: 'delivered', sopInstanceUid: '9.2' }],
    });
    expect(again(ledger, A)).toMatchObject({ version: 3, newRuns: [{ rule: 'kept' }], standingRuns: [{ run: 2 }, { run: 3 }] });
  });

  it('makes no version of many studies where no run would change', () => {
    const ledger = decided();
    expect(again(ledger, A, { onlyIfRunsChange: true })).toMatchObject({
      version: null,
      standingRuns: [{ run: 1 }, { run: 2 }, { run: 3 }],
    });
    expect(again(ledger, B, { onlyIfRunsChange: true })).toMatchObject({ version: 2 });
    expect(again(ledger, B)).toMatchObject({ version: 3, newRuns: [], cancelledRuns: [] });
  });

  it('is refused for a study that is not settled: it will be decided by the rules in force anyhow', () => {
    const ledger = decided();
    ledger.arrive('1.2', '1', 3, 4);
    expect(() => again(ledger, B)).toThrow(/study 1\.2 is receiving; expected settled and decided/);
  });
});
