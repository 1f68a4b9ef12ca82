/** The same work is done once; shadow runs and evaluations never cause a delivery; a model that keeps failing is suspended. */
import { setLogLevel } from '../../../src/foundation/log.js';
import { activateModel, activeModel, listModels, registerModel, resumeModel, type ModelRow } from '../../../src/ledger/models.js';
import { ensureDelivery } from '../../../src/ledger/deliveries.js';
import { headsOfLanes } from '../../../src/ledger/queued-runs.js';
import { ensureResult, resultById } from '../../../src/ledger/results.js';
import { queueRunsWaitingFor } from '../../../src/ledger/model-waits.js';
import { beginAttempt, insertRun, runById, type NewRun, type RunRow } from '../../../src/ledger/runs.js';
import { replaceEarlierRuns } from '../../../src/ledger/run-succession.js';
import { lastVersion, versionsOfStudy } from '../../../src/ledger/versions.js';
import { provenSuccessors } from '../../../src/ledger/withdrawals.js';
import { guardModels } from '../../../src/runs/breaker.js';
import { stopWaitingForEqual, takeOverEqual } from '../../../src/runs/equal-work.js';
import { SmallNode } from '../../support/small-node.js';

setLogLevel('silent');

const STUDY = '1.2.3';

class Node extends SmallNode {
  labelMapDestinations: ReadonlySet<string> = new Set();

  private constructor() {
    super();
    this.register('a');
  }

  static async withStudy(): Promise<Node> {
    const node = new Node();
    await node.receive(STUDY);
    return node;
  }

  register(digest: string, yaml: Record<string, unknown> = {}, version = '1'): ModelRow {
    const text = JSON.stringify({ runtime: 'process', workflow: 'default', settings: { smooth: 1 }, ...yaml });
    const model = registerModel(this.db, { name: 'm', version, digest, card: '', package: text, folder: null }, this.now);
    activateModel(this.db, model.id, { by: 'test', reason: 'test' }, this.now);
    return model;
  }

  queue(rule: string | null, more: Partial<NewRun> = {}): number {
    const version = versionsOfStudy(this.db, this.id(STUDY))[0].id;
    const asked = {
      purpose: 'clinical',
      rulesRevision: 'r',
      modelName: 'm',
      settings: {},
      destinations: ['pacs'],
      priority: 'routine',
    } as const;
    const inputs = [{ name: 'series', seriesInstanceUid: `${STUDY}.1` }];
    return insertRun(this.db, { ...asked, versionId: version, rule, inputs, ...more }, this.now);
  }

  run(id: number): RunRow {
    return runById(this.db, id) as RunRow;
  }

  /** As the queue does it when the run is next: true where it does not have to be run. */
  takesOver(id: number): boolean {
    const head = headsOfLanes(this.db, this.now).find((run) => run.id === id);
    return head !== undefined && takeOverEqual(this.db, head, this.labelMapDestinations, this.now);
  }

  begin(id: number): void {
    expect(this.takesOver(id)).toBe(false);
    beginAttempt(this.db, this.run(id), (number) => `${id}-${number}`, this.now);
    this.db.move('runs', id, 'running', { at: this.now });
  }

  /** The model ends, its result passes the gate and goes where the run's results go, but not from a shadow run. */
  succeed(id: number): number {
    const { db, now: at } = this;
    db.move('runs', id, 'produced', { at });
    const result = this.pass(id, `${id}`);
    const { shadow, destinations } = this.run(id);
    if (shadow === 0) for (const name of JSON.parse(destinations) as string[]) ensureDelivery(db, result, name, at);
    db.move('runs', id, 'done', { at, set: { ended_at: at } });
    return result;
  }

  /** A result that passed the gate, or its label map. */
  pass(run_id: number, name: string, form_of: number | null = null): number {
    const { db, now: at } = this;
    const uids = { sop_instance_uid: `9.${name}`, series_instance_uid: `8.${name}`, sop_class_uid: form_of === null ? '1' : '2' };
    const { id } = ensureResult(db, { run_id, output_id: null, series_number: 1, form_of, ...uids }, at);
    db.move('results', id, 'passed', { at, set: { path: `${name}.dcm`, size_bytes: 1 } });
    return id;
  }

  fail(id: number, failure_code: string, state: 'failed' | 'rejected' = 'failed'): void {
    this.begin(id);
    this.now += 1000;
    if (state === 'rejected') this.db.move('runs', id, 'produced', { at: this.now });
    this.db.move('runs', id, state, {
      at: this.now,
      set: { failure_code, ended_at: this.now, reason: 'exit code 1\nlast lines of its log:\nloading\nno weights' },
    });
  }

  deliveries(): string[] {
    const rows = this.db.all<{ result_id: number; destination: string }>('SELECT * FROM deliveries ORDER BY id');
    return rows.map(({ result_id, destination }) => `${result_id} ${destination}`);
  }

  model(): ModelRow {
    return listModels(this.db)[0];
  }
}

describe('equal work', () => {
  it('goes as a label map where that is what is taken, and in no second form where it has gone before', async () => {
    const node = await Node.withStudy();
    node.labelMapDestinations = new Set(['workstation', 'pacs']);
    const first = node.queue('a');
    node.begin(first);
    const result = node.succeed(first);
    const labelMap = node.pass(first, 'map', result);
    expect(node.takesOver(node.queue('b', { destinations: ['pacs', 'workstation', 'archive'], settings: { smooth: 1 } }))).toBe(true);
    expect(node.deliveries()).toEqual([`${result} pacs`, `${labelMap} workstation`, `${result} archive`]);
  });

  it('is not done again: the earlier result stands, and goes where it has not gone yet', async () => {
    const node = await Node.withStudy();
    const first = node.queue('a');
    node.begin(first);
    node.succeed(first);
    const second = node.queue('b', { destinations: ['pacs', 'workstation'], settings: { smooth: 1 } });
    expect(node.takesOver(second)).toBe(true);
    expect(node.run(second)).toMatchObject({
      state: 'done',
      same_as: first,
      reason: `run ${first} did the same; its result stands`,
      attempts: 0,
    });
    expect(node.deliveries()).toEqual(['1 pacs', '1 workstation']);
  });

  it('differs by settings, workflow, image, model or instances', async () => {
    const node = await Node.withStudy();
    const first = node.queue('a');
    node.begin(first);
    node.succeed(first);
    const others = [node.queue('b', { settings: { smooth: 2 } }), node.queue('c', { workflow: 'fast' })];
    node.register('b');
    others.push(node.queue('d'));
    await node.receive(STUDY, [4]);
    const version = versionsOfStudy(node.db, node.id(STUDY))[1].id;
    others.push(node.queue('e', { versionId: version }));
    // Another model of the same image, with another command.
    const text = JSON.stringify({ runtime: 'docker', workflow: 'default', settings: { smooth: 1 }, command: ['other'] });
    const { id } = registerModel(node.db, { name: 'other', version: '1', digest: 'a', card: '', package: text, folder: null }, node.now);
    activateModel(node.db, id, { by: 'test', reason: 'test' }, node.now);
    others.push(node.queue('f', { modelName: 'other' }));
    for (const id of others) expect([id, node.takesOver(id)]).toEqual([id, false]);
    expect(new Set(others.map((id) => node.run(id).input_hash)).size).toBe(others.length);
  });

  it('is done again where a person asks for it, where the result was replaced, and for an evaluation', async () => {
    const node = await Node.withStudy();
    const first = node.queue('a');
    node.begin(first);
    const result = node.succeed(first);
    expect(node.takesOver(node.queue(null, { again: true }))).toBe(false);
    expect(node.takesOver(node.queue('x', { purpose: 'evaluation' }))).toBe(false);
    node.db.move('results', result, 'superseded', { at: node.now });
    expect(node.takesOver(node.queue('b'))).toBe(false);
  });

  it('waits for an equal run that is under way, and is run itself where that fails', async () => {
    const node = await Node.withStudy();
    const [first, second] = [node.queue('a'), node.queue('b')];
    node.begin(first);
    expect(node.takesOver(second)).toBe(true);
    expect(node.run(second)).toMatchObject({ state: 'waiting', same_as: first, reason: `waits for run ${first}, which is doing the same` });
    expect(stopWaitingForEqual(node.db, node.now)).toBe(0);
    node.db.move('runs', first, 'failed', { at: node.now });
    expect(stopWaitingForEqual(node.db, node.now)).toBe(1);
    expect(node.run(second)).toMatchObject({ state: 'queued', same_as: null, reason: null });
    expect(node.takesOver(second)).toBe(false);
  });

  it('of a shadow run is delivered only once a run that is none wants it; the database refuses it before', async () => {
    const node = await Node.withStudy();
    const shadow = node.queue('a', { shadow: true });
    node.begin(shadow);
    const result = node.succeed(shadow);
    expect(() => ensureDelivery(node.db, result, 'pacs', node.now)).toThrow('a shadow run cannot deliver');
    expect(node.takesOver(node.queue('b', { shadow: true }))).toBe(true);
    expect(() => ensureDelivery(node.db, result, 'pacs', node.now)).toThrow('a shadow run cannot deliver');
    expect(node.deliveries()).toEqual([]);
    expect(node.takesOver(node.queue('c'))).toBe(true);
    expect(node.deliveries()).toEqual([`${result} pacs`]);
  });
});

describe('equal work of a study that goes on', () => {
  /** A new version of the study, in which this rule's run replaces `earlier`. */
  async function nextVersion(node: Node, rule: string, earlier: number, series: string): Promise<number> {
    await node.receive(STUDY, [10 + earlier]);
    const versionId = lastVersion(node.db, node.id(STUDY))?.id;
    const run = node.queue(rule, { versionId, inputs: [{ name: 'series', seriesInstanceUid: series }] });
    replaceEarlierRuns(node.db, [run], []);
    return run;
  }

  it('has each of several earlier results give way to that of its own kind', async () => {
    const node = await Node.withStudy();
    const early = node.queue('a');
    node.begin(early);
    const old = node.succeed(early);
    const oldMap = node.pass(early, 'old map', old);
    const next = await nextVersion(node, 'a', early, `${STUDY}.1`);
    const other = node.queue('b', { versionId: node.run(next).version_id });
    node.begin(other);
    const result = node.succeed(other);
    const map = node.pass(other, 'map', result);
    expect(node.takesOver(next)).toBe(true);
    expect([old, oldMap].map((id) => resultById(node.db, id)?.superseded_by)).toEqual([result, map]);
  });

  it('takes the place of the earlier result of its rule, which is withdrawn once the one taken over is proven there', async () => {
    const node = await Node.withStudy();
    const early = node.queue('a');
    node.begin(early);
    const old = node.succeed(early);
    const next = await nextVersion(node, 'a', early, `${STUDY}.1`);
    const other = node.queue('b', { versionId: node.run(next).version_id });
    node.begin(other);
    const result = node.succeed(other);
    expect(node.takesOver(next)).toBe(true);
    expect(resultById(node.db, old)).toMatchObject({ state: 'superseded', superseded_by: result });
    expect(provenSuccessors(node.db, old, 'pacs')).toEqual([]);
    for (const state of ['sending', 'delivered'] as const)
      for (const { id } of node.db.all<{ id: number }>("SELECT id FROM deliveries WHERE state <> 'delivered'"))
        node.db.move('deliveries', id, state, { at: node.now });
    expect(provenSuccessors(node.db, old, 'pacs')).toMatchObject([{ result_id: result }]);
  });
});

describe('the circuit breaker', () => {
  const options = { failures: 3 };

  it('suspends a model after so many failures in a row, says why, and lets its runs wait until it is resumed', async () => {
    const node = await Node.withStudy();
    for (const rule of ['a', 'b', 'c']) {
      expect(guardModels(node.db, options, node.now)).toBe(0);
      node.fail(node.queue(rule), 'MODEL_EXITED');
    }
    expect(guardModels(node.db, options, node.now)).toBe(1);
    expect(node.model()).toMatchObject({
      state: 'suspended',
      suspended_reason: '3 runs in a row failed, the last, run 3, with MODEL_EXITED: exit code 1; last line of its log: no weights',
    });
    const late = node.queue('d');
    expect(node.run(late)).toMatchObject({ state: 'waiting', reason: expect.stringContaining('model m is suspended: 3 runs') as string });
    expect(resumeModel(node.db, node.model().id, 'resumed', node.now)).toBe(true);
    expect(node.run(late).state).toBe('queued');
    expect(guardModels(node.db, options, node.now)).toBe(0);
    node.fail(late, 'MODEL_EXITED');
    expect(guardModels(node.db, options, node.now)).toBe(0);
  });

  it('lets what waits for a suspended model wait for its successor, not run with the one that keeps failing', async () => {
    const node = await Node.withStudy();
    for (const rule of ['a', 'b', 'c']) node.fail(node.queue(rule), 'MODEL_EXITED');
    const [any, pinned] = [node.queue('d'), node.queue('e', { modelVersion: '1' })];
    expect(guardModels(node.db, options, node.now)).toBe(1);
    node.register('corrected', {}, '2');
    expect(node.run(pinned)).toMatchObject({ state: 'waiting', model_id: null, reason: 'waits until version 1 of model m is active' });
    const active = activeModel(node.db, 'm') as ModelRow;
    expect(queueRunsWaitingFor(node.db, active, node.now)).toBe(1);
    expect(node.run(any)).toMatchObject({ state: 'queued', model_id: active.id, reason: null });
  });

  it('does not count what is the fault of the input or of a person, and begins anew after a success', async () => {
    const node = await Node.withStudy();
    node.fail(node.queue('a'), 'MODEL_TIMEOUT');
    for (const [index, code] of ['MODEL_FOUND_NOTHING', 'MODEL_INPUT_MISSING', 'FILE_UNREADABLE', 'OUTDATED', 'RESULTS_DEADLY'].entries())
      node.fail(node.queue(`innocent ${index}`), code);
    node.fail(node.queue('b'), 'GATE_REJECTED', 'rejected');
    expect(guardModels(node.db, options, node.now)).toBe(0);
    const good = node.queue('good');
    node.begin(good);
    node.now += 1000;
    node.succeed(good);
    for (const rule of ['c', 'd']) node.fail(node.queue(rule, { again: true }), 'MODEL_OOM');
    expect(guardModels(node.db, options, node.now)).toBe(0);
    node.fail(node.queue('e', { again: true }), 'MODEL_OOM');
    expect(guardModels(node.db, options, node.now)).toBe(1);
  });

  it('can be told to try one run after a while: a success resumes the model, a failure prolongs the wait', async () => {
    const node = await Node.withStudy();
    const probing = { failures: 1, probeAfterMs: 10_000 };
    node.fail(node.queue('a'), 'MODEL_EXITED');
    const [next, last] = [node.queue('b'), node.queue('c')];
    expect(guardModels(node.db, probing, node.now)).toBe(1);
    const suspendedAt = node.now;
    node.fail(next, 'MODEL_EXITED');
    expect(guardModels(node.db, probing, node.now)).toBe(0);
    expect(node.model().suspended_at).toBeGreaterThan(suspendedAt);
    node.begin(last);
    node.now += 1000;
    node.succeed(last);
    expect(guardModels(node.db, probing, node.now)).toBe(1);
    expect(node.model()).toMatchObject({ state: 'active', suspended_reason: null });
  });
});
