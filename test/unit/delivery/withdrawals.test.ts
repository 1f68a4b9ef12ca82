/** What is withdrawn, when, and above all what is not: at any moment at least one result of the rule is at the destination. */
import { jest } from '@jest/globals';
import { join } from 'node:path';
import type { OutboxDestination } from '../../../src/delivery/outbox.js';
import type { Parcel, Sender } from '../../../src/delivery/sender.js';
import { startWithdrawals } from '../../../src/delivery/withdrawals.js';
import type { Outgrown, Standing, Withdrawer } from '../../../src/delivery/withdrawer.js';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError, type ErrorCode } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { ensureDelivery } from '../../../src/ledger/deliveries.js';
import { ensureResult, insertOutput } from '../../../src/ledger/results.js';
import { ensureStudy } from '../../../src/ledger/studies.js';
import { leftoversOfStudy, retryWithdrawal, withdrawalOf, type WithdrawalRow } from '../../../src/ledger/withdrawals.js';
import { enterRuleRun } from '../../support/rule-run.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

/** A destination that holds results by UID, may fail as told, and takes back. */
class Pacs implements Sender, Withdrawer {
  readonly proof = 'asking';
  readonly method = 'delete';
  readonly held = new Set<string>();
  readonly changed = new Set<string>();
  readonly withdrawn: string[] = [];
  /** What the next calls of `withdraw` fail with; `done, then …`: after it has worked. */
  failures: (ErrorCode | 'done, then DESTINATION_UNSURE')[] = [];
  down: ErrorCode | undefined;

  send(): Promise<void> {
    return Promise.reject(new Error('not asked for here'));
  }

  ask({ sopInstanceUid }: Parcel): Promise<'there' | 'absent'> {
    if (this.down !== undefined) return Promise.reject(new AnteroomError(this.down, 'scripted'));
    return Promise.resolve(this.held.has(sopInstanceUid) ? 'there' : 'absent');
  }

  look({ old }: Outgrown): Promise<Standing> {
    if (!this.held.has(old.sopInstanceUid)) return Promise.resolve({ standing: 'withdrawn', receipt: 'gone' });
    return Promise.resolve(this.changed.has(old.sopInstanceUid) ? { standing: 'changed', seen: 'other' } : { standing: 'ours' });
  }

  withdraw({ old }: Outgrown): Promise<void> {
    const failure = this.failures.shift();
    if (failure === undefined || failure.startsWith('done')) {
      this.held.delete(old.sopInstanceUid);
      this.withdrawn.push(old.sopInstanceUid);
    }
    if (failure === undefined) return Promise.resolve();
    return Promise.reject(new AnteroomError(failure.replace('done, then ', '') as ErrorCode, 'scripted'));
  }
}

class Ledger {
  readonly db = Db.open(join(tempFolder('withdrawals'), 'ledger.sqlite'), { migrate: true });
  private readonly study = ensureStudy(this.db, { studyInstanceUid: '1.2', callingAe: 'A', calledAe: 'B', remoteAddress: 'c', at: 1 });
  private versions = 0;

  /** A new version of the study with a run of the rule, which has made so many results; in the outputs `empty` nothing is drawn. */
  version(results = 1, rule: string | null = 'r', empty: readonly number[] = []): { run: number; results: number[] } {
    const { db } = this;
    const number = ++this.versions;
    const sql = "INSERT INTO versions (study_id, number, state, signal, settled_at) VALUES (?, ?, 'settled', 'test', 1)";
    const { lastId: versionId } = db.run(sql, this.study.id, number);
    const asked = { purpose: 'clinical', rulesRevision: 'x', modelName: 'm', settings: {}, destinations: ['pacs'], inputs: [] } as const;
    const run = enterRuleRun(db, { ...asked, versionId, rule, priority: 'routine' }, 1);
    const attempt = db.run('INSERT INTO attempts (run_id, number, container, started_at) VALUES (?, 1, ?, 1)', run, `c${run}`).lastId;
    const ids = Array.from({ length: results }, (_, index) => {
      const output = { run_id: run, attempt_id: attempt, path: `${index}`, kind: 'dicom', size_bytes: 1, sha256: 'y' };
      const uid = `1.2.${number}.${index}`;
      const names = { sop_class_uid: '1', sop_instance_uid: uid, series_instance_uid: `${uid}.1`, series_number: 1 };
      const { id } = ensureResult(db, { run_id: run, output_id: insertOutput(db, output), ...names }, 1);
      if (empty.includes(index)) db.move('results', id, 'rejected', { at: 1 });
      else db.move('results', id, 'passed', { at: 1, set: { path: 'x', size_bytes: 1 } });
      return id;
    });
    return { run, results: ids };
  }

  /** The label map of a result. */
  labelMap(form_of: number): number {
    const { db } = this;
    const of = db.get<{ run_id: number; output_id: number }>('SELECT run_id, output_id FROM results WHERE id = ?', form_of);
    const uid = `${this.uid(form_of)}.9`;
    const names = { sop_class_uid: '2', sop_instance_uid: uid, series_instance_uid: `${uid}.1`, series_number: 2 };
    const { id } = ensureResult(db, { run_id: of?.run_id ?? 0, output_id: of?.output_id ?? 0, form_of, ...names }, 1);
    db.move('results', id, 'passed', { at: 1, set: { path: 'x', size_bytes: 1 } });
    return id;
  }

  deliver(resultId: number, destination = 'pacs', pacs?: Pacs): void {
    const { db } = this;
    ensureDelivery(db, resultId, destination, 1);
    const { id } = db.get<{ id: number }>('SELECT id FROM deliveries WHERE result_id = ? AND destination = ?', resultId, destination) ?? {
      id: 0,
    };
    db.move('deliveries', id, 'sending', { at: 1 });
    db.move('deliveries', id, 'delivered', { at: 1, set: { receipt: 'found' } });
    pacs?.held.add(this.uid(resultId));
  }

  supersede(resultId: number, by: number): void {
    this.db.move('results', resultId, 'superseded', { at: 1, set: { superseded_by: by } });
  }

  /** Another result of its run tells that nothing is drawn in the output of this one. */
  tell(resultId: number): void {
    this.db.run('UPDATE results SET told = 1 WHERE id = ?', resultId);
    this.db.event(1, 'results', resultId, 'rejected', 'rejected');
  }

  uid(resultId: number): string {
    return this.db.get<{ uid: string }>('SELECT sop_instance_uid AS uid FROM results WHERE id = ?', resultId)?.uid ?? '';
  }

  withdrawal(resultId: number, destination = 'pacs'): WithdrawalRow | undefined {
    return withdrawalOf(this.db, resultId, destination);
  }

  reaches(resultId: number, state: WithdrawalRow['state'], destination = 'pacs'): Promise<WithdrawalRow> {
    return until(`the withdrawal of result ${resultId} to be ${state}`, () => {
      const row = this.withdrawal(resultId, destination);
      return row?.state === state && row;
    });
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const bell = new Bell();

function start({ db }: Ledger, destinations: Record<string, { sender: Sender; withdrawer?: Withdrawer }>, holdAfterMs = 1e9): void {
  const all = Object.entries(destinations).map(([name, one]): [string, OutboxDestination] => [
    name,
    { ...one, concurrency: 1, retry: { firstDelayMs: 5, maxDelayMs: 20, holdAfterMs } },
  ]);
  stops.push(startWithdrawals({ db, bell, clock: Date.now, resultsFolder: '/results', destinations: new Map(all) }));
}

/** Two versions of a study, the first one's result at the PACS and superseded by the second one's. */
function twoVersions(pacs: Pacs): { ledger: Ledger; old: number; newer: number } {
  const ledger = new Ledger();
  const [old] = ledger.version().results;
  ledger.deliver(old, 'pacs', pacs);
  const [newer] = ledger.version().results;
  ledger.supersede(old, newer);
  return { ledger, old, newer };
}

/** Some looks of the loop later. */
async function nothingHappens(): Promise<void> {
  for (let n = 0; n < 10; n++) {
    bell.ring('delivery');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('withdrawals', () => {
  it('are of the form that a destination has, as soon as the newer result is there in one of its forms', async () => {
    const [pacs, research] = [new Pacs(), new Pacs()];
    const { ledger, old, newer } = twoVersions(pacs);
    const [oldMap, newMap] = [ledger.labelMap(old), ledger.labelMap(newer)];
    ledger.deliver(oldMap, 'research', research);
    ledger.supersede(oldMap, newer);
    ledger.deliver(newer, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs }, research: { sender: research, withdrawer: research } });
    await ledger.reaches(old, 'withdrawn');
    await nothingHappens();
    expect(ledger.withdrawal(oldMap, 'research')).toBeUndefined();
    ledger.deliver(newMap, 'research', research);
    bell.ring('delivery');
    expect(await ledger.reaches(oldMap, 'withdrawn', 'research')).toMatchObject({ replaced_by: newMap });
    expect([...pacs.held]).toEqual([ledger.uid(newer)]);
    expect([...research.held]).toEqual([ledger.uid(newMap)]);
  });

  it('wait until the newer result is proven present there', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await nothingHappens();
    expect([ledger.withdrawal(old), pacs.withdrawn]).toEqual([undefined, []]);
    ledger.deliver(newer, 'pacs', pacs);
    bell.ring('delivery');
    expect(await ledger.reaches(old, 'withdrawn')).toMatchObject({ replaced_by: newer, receipt: 'gone', method: 'delete' });
    expect([...pacs.held]).toEqual([ledger.uid(newer)]);
  });

  it('want every result of the newer run there', async () => {
    const pacs = new Pacs();
    const ledger = new Ledger();
    const [old] = ledger.version().results;
    ledger.deliver(old, 'pacs', pacs);
    const [first, second] = ledger.version(2).results;
    ledger.supersede(old, first);
    ledger.deliver(first, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await nothingHappens();
    expect(ledger.withdrawal(old)).toBeUndefined();
    ledger.deliver(second, 'pacs', pacs);
    bell.ring('delivery');
    await ledger.reaches(old, 'withdrawn');
  });

  it('leave what was drawn in an output in which nothing is drawn now and nothing tells so; what stands beside it goes', async () => {
    const pacs = new Pacs();
    const ledger = new Ledger();
    const [lesion, organs] = ledger.version(2).results;
    for (const id of [lesion, organs]) ledger.deliver(id, 'pacs', pacs);
    const [empty, newer] = ledger.version(2, 'r', [0]).results;
    ledger.deliver(newer, 'pacs', pacs);
    for (const id of [lesion, organs]) ledger.supersede(id, newer);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await ledger.reaches(organs, 'withdrawn');
    await nothingHappens();
    expect(ledger.withdrawal(lesion)).toBeUndefined();
    ledger.tell(empty);
    bell.ring('delivery');
    await ledger.reaches(lesion, 'withdrawn');
    expect([...pacs.held]).toEqual([ledger.uid(newer)]);
  });

  it('ask about what must stay only when something has happened in its study, also in the life of another process', async () => {
    const [pacs, ledger] = [new Pacs(), new Ledger()];
    const [lesion] = ledger.version().results;
    ledger.deliver(lesion, 'pacs', pacs);
    const [empty, newer] = ledger.version(2, 'r', [0]).results;
    ledger.deliver(newer, 'pacs', pacs);
    ledger.supersede(lesion, newer);
    const asked = jest.spyOn(ledger.db, 'get');
    const asks = () => asked.mock.calls.filter(([sql]) => sql.includes('JOIN runs later')).length;
    for (const process of ['first', 'second']) {
      start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
      await nothingHappens();
      expect([process, asks()]).toEqual([process, 1]);
      await stops.pop()?.();
    }
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    ledger.tell(empty);
    bell.ring('delivery');
    await ledger.reaches(lesion, 'withdrawn');
  });

  it('are decided about a few at a time, however many there are', async () => {
    const [pacs, ledger] = [new Pacs(), new Ledger()];
    const [old, newer] = [ledger.version(120), ledger.version(120)];
    for (const id of [...old.results, ...newer.results]) ledger.deliver(id, 'pacs', pacs);
    old.results.forEach((id, index) => ledger.supersede(id, newer.results[index]));
    const asked = jest.spyOn(ledger.db, 'all');
    start(ledger, { pacs: { sender: pacs } });
    await ledger.reaches(old.results[119], 'kept');
    expect(old.results.filter((id) => ledger.withdrawal(id) === undefined)).toEqual([]);
    const sizes = asked.mock.results.flatMap(({ value }, call) =>
      asked.mock.calls[call][0].includes('undecided_leftovers') ? [(value as unknown[]).length] : [],
    );
    expect(sizes.filter((size) => size > 0)).toEqual([50, 50, 20]);
  });

  it('go destination by destination, and one that is down delays no other', async () => {
    const [pacs, workstation] = [new Pacs(), new Pacs()];
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(old, 'workstation', workstation);
    ledger.deliver(newer, 'pacs', pacs);
    ledger.deliver(newer, 'workstation', workstation);
    pacs.down = 'DESTINATION_UNREACHABLE';
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs }, workstation: { sender: workstation, withdrawer: workstation } });
    await ledger.reaches(old, 'withdrawn', 'workstation');
    const waiting = await until('an attempt in vain', () => ledger.withdrawal(old)?.failure_code === 'DESTINATION_UNREACHABLE');
    expect([waiting, ledger.withdrawal(old)?.state]).toEqual([true, 'waiting']);
    pacs.down = undefined;
    bell.ring('delivery');
    await ledger.reaches(old, 'withdrawn');
  });

  it('never touch what is not at that destination', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer, 'archive');
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs }, archive: { sender: new Pacs(), withdrawer: new Pacs() } });
    await nothingHappens();
    expect([ledger.withdrawal(old), ledger.withdrawal(old, 'archive'), pacs.withdrawn]).toEqual([undefined, undefined, []]);
  });

  it('leave what somebody has changed, and say so', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer, 'pacs', pacs);
    pacs.changed.add(ledger.uid(old));
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    expect(await ledger.reaches(old, 'kept')).toMatchObject({ failure_code: 'RESULT_EDITED', reason: 'other' });
    expect(pacs.withdrawn).toEqual([]);
  });

  it('are held where the newer result has been removed meanwhile, and go on when a person says so', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    expect(await ledger.reaches(old, 'held')).toMatchObject({ failure_code: 'SUCCESSOR_MISSING' });
    expect([...pacs.held]).toEqual([ledger.uid(old)]);
    pacs.held.add(ledger.uid(newer));
    retryWithdrawal(ledger.db, ledger.withdrawal(old)?.id ?? 0, 1);
    bell.ring('delivery');
    await ledger.reaches(old, 'withdrawn');
  });

  it('are asked for first when the outcome is not known, and not done twice', async () => {
    const pacs = new Pacs();
    pacs.failures = ['done, then DESTINATION_UNSURE'];
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await ledger.reaches(old, 'withdrawn');
    expect(pacs.withdrawn).toHaveLength(1);
  });

  it('are held where a person must act, and after failing for too long', async () => {
    for (const [failure, holdAfterMs] of [['DESTINATION_AUTH', 1e9] as const, ['DESTINATION_BUSY', 0] as const]) {
      const pacs = new Pacs();
      pacs.failures = Array.from({ length: 9 }, () => failure);
      const { ledger, old, newer } = twoVersions(pacs);
      ledger.deliver(newer, 'pacs', pacs);
      start(ledger, { pacs: { sender: pacs, withdrawer: pacs } }, holdAfterMs);
      expect(await ledger.reaches(old, 'held')).toMatchObject({ failure_code: failure });
      expect(pacs.held.size).toBe(2);
    }
  });

  it('only mark where the destination says no more, and the study tells what is left', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs } });
    expect(await ledger.reaches(old, 'kept')).toMatchObject({ method: 'mark-only', failure_code: null });
    expect(leftoversOfStudy(ledger.db, 1)).toEqual([expect.objectContaining({ result_id: old, version_number: 1, later_version: 2 })]);
  });

  it.each(['failed', 'rejected', 'empty'])('are never made for a newer run that ended %s; the study says so', async (end) => {
    const pacs = new Pacs();
    const ledger = new Ledger();
    const [old] = ledger.version().results;
    ledger.deliver(old, 'pacs', pacs);
    const { run } = ledger.version(0);
    ledger.db.run('UPDATE runs SET reason = ? WHERE id = ?', end, run);
    // An empty answer supersedes, too, so that what has not left yet does not leave any more.
    if (end === 'empty') ledger.supersede(old, old);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await nothingHappens();
    expect([ledger.withdrawal(old), pacs.withdrawn]).toEqual([undefined, []]);
    expect(leftoversOfStudy(ledger.db, 1)).toEqual([expect.objectContaining({ result_id: old, later_run: run, later_reason: end })]);
  });

  it('follow over a version whose result never left: the first goes when the third has come', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    const [third] = ledger.version().results;
    ledger.supersede(newer, third);
    ledger.deliver(third, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    expect(await ledger.reaches(old, 'withdrawn')).toMatchObject({ replaced_by: third });
    expect([...pacs.held]).toEqual([ledger.uid(third)]);
  });

  it('leave one of three', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    const [third] = ledger.version().results;
    ledger.supersede(newer, third);
    ledger.deliver(newer, 'pacs', pacs);
    ledger.deliver(third, 'pacs', pacs);
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await Promise.all([ledger.reaches(old, 'withdrawn'), ledger.reaches(newer, 'withdrawn')]);
    expect([...pacs.held]).toEqual([ledger.uid(third)]);
  });

  it('ask first about what was under way when the node died', async () => {
    const pacs = new Pacs();
    const { ledger, old, newer } = twoVersions(pacs);
    ledger.deliver(newer, 'pacs', pacs);
    const row = { result_id: old, replaced_by: newer, destination: 'pacs', method: 'delete' };
    ledger.db.run(
      `INSERT INTO withdrawals (result_id, replaced_by, destination, method, state, note_sop_instance_uid, note_series_instance_uid, due_at, created_at)
       VALUES (?, ?, ?, ?, 'waiting', '1.9', '1.8', 1, 1)`,
      ...Object.values(row),
    );
    ledger.db.move('withdrawals', 1, 'sending', { at: 1 });
    pacs.held.delete(ledger.uid(old));
    start(ledger, { pacs: { sender: pacs, withdrawer: pacs } });
    await ledger.reaches(old, 'withdrawn');
    expect(pacs.withdrawn).toEqual([]);
  });

  it('are refused by the ledger itself while what replaces the result is not delivered', () => {
    const { ledger, old, newer } = twoVersions(new Pacs());
    ledger.db.run(
      `INSERT INTO withdrawals (result_id, replaced_by, destination, method, state, note_sop_instance_uid, note_series_instance_uid, due_at, created_at)
       VALUES (?, ?, 'pacs', 'delete', 'waiting', '1.9', '1.8', 1, 1)`,
      old,
      newer,
    );
    expect(() => ledger.db.move('withdrawals', 1, 'sending', { at: 1 })).toThrow('must be delivered before');
  });
});
