/** What a person may ask of the node in each state, over the socket that the command uses. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminRoutes } from '../../../src/api/admin-routes.js';
import { serveAdmin } from '../../../src/api/server.js';
import type { DeliveryView, RunView, StudyView } from '../../../src/api/views.js';
import { NodeClient } from '../../../src/cli/node-client.js';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { ensureDelivery } from '../../../src/ledger/deliveries.js';
import { ensureEvaluationStudy } from '../../../src/ledger/evaluations.js';
import { insertInstance } from '../../../src/ledger/instances.js';
import { ensureResult, insertOutput, resultLike } from '../../../src/ledger/results.js';
import { modelById } from '../../../src/ledger/models.js';
import { listPauses } from '../../../src/ledger/pauses.js';
import { markPurged } from '../../../src/ledger/retention.js';
import { PRIORITY, runById } from '../../../src/ledger/runs.js';
import { ensureStudy, holdStudy, noteArrival } from '../../../src/ledger/studies.js';
import { settleStudy } from '../../../src/ledger/versions.js';
import { enterRuleRun } from '../../support/rule-run.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const NOW = 10_000;
const folder = tempFolder('admin');
let db: Db;
let client: NodeClient;
let close: () => Promise<void>;

beforeEach(async () => {
  db = Db.open(join(tempFolder('admin'), 'ledger.sqlite'), { migrate: true });
  const none = () => {
    throw new Error('not asked for here');
  };
  const change = { id: 1, revision: 'r', at: 1, author: 'ann', cause: 'files', reason: null, changed: '{}', written_at: 1 } as const;
  const rules = {
    revision: () => 'r',
    current: () => ({ rules: [{ name: 'r' }] }),
    change: () => change,
    refused: () => undefined,
    reload: () => ({ revision: 'r' }),
    rollback: none,
  };
  const facts = {
    version: '1',
    nodeName: 'n',
    dicomPort: 1,
    listeners: new Map([['dimse', 1]]),
    diskState: () => ({ standing: 'ample' as const, freeBytes: 1 }),
    httpPort: 2,
  };
  const node = {
    db,
    bell: new Bell(),
    clock: () => NOW,
    rules,
    reroute: none,
    destinations: ['archive', 'pacs'],
    whyWaiting: () => new Map(),
    whyNeverFits: () => undefined,
    lookForUpdate: none,
    onDrift: 'suspend' as const,
    useRules: { use: 'clinical' as const, researchDestinations: new Set<string>() },
    ...facts,
    findStudies: () => Promise.reject(new Error('not asked for here')),
    registerModel: () => Promise.reject(new Error('none')),
    readCatalogue: () => Promise.reject(new Error('none')),
    storeCopy: () => Promise.reject(new Error('none')),
  };
  const keeping = {
    retention: { minAgeMs: 0, unsuccessfulMs: 1000 },
    dataFolder: folder,
    purge: () => Promise.reject(new AnteroomError('STUDY_KEPT', 'study 1.2: it is kept')),
  };
  // Left by a node that was killed.
  writeFileSync(join(folder, 'anteroom.sock'), '');
  close = await serveAdmin(join(folder, 'anteroom.sock'), adminRoutes({ ...node, keeping, logPathOf: () => undefined }));
  client = new NodeClient(folder);
});
afterEach(() => close());

/** An instance arrives, and the study settles with it. */
function version(number: number, at: number): number {
  const arrival = { studyInstanceUid: '1.2', callingAe: 'CT', calledAe: 'A', remoteAddress: 'r', at };
  const study = ensureStudy(db, arrival);
  const uids = { series_instance_uid: '1.2.1', sop_instance_uid: `1.2.1.${number}`, sop_class_uid: '1', transfer_syntax_uid: '1' };
  const facts = { path: `p${number}`, size_bytes: 1, sha256: 'x', patient_id: 'P', header: '{}', own_result: 0, received_at: at } as const;
  insertInstance(db, { study_id: study.id, ...uids, ...facts, calling_ae: 'CT', remote_address: 'r', standing: 'current' });
  noteArrival(db, study, arrival, at);
  return settleStudy(db, study.id, { signal: 'test', detail: 'by a test' }, at) ?? 0;
}

/** A run of a version that failed in the state given. */
function run(versionId: number, state: 'failed' | 'waiting' | 'cancelled' = 'failed'): number {
  const asked = {
    purpose: 'clinical',
    rule: 'r',
    rulesRevision: 'x',
    modelName: 'm',
    settings: {},
    destinations: [],
    priority: 'routine',
  } as const;
  const id = enterRuleRun(db, { ...asked, versionId, inputs: [] }, 1);
  if (state === 'cancelled') db.move('runs', id, 'cancelled', { at: 1 });
  if (state === 'failed') {
    db.move('runs', id, 'queued', { at: 1, set: { model_id: model() } });
    db.move('runs', id, 'failed', { at: 1, set: { attempts: 4, failure_code: 'MODEL_EXITED', reason: 'x' } });
  }
  return id;
}

function model(): number {
  db.run(
    "INSERT INTO models (name, version, state, digest, card, package, registered_at) VALUES ('m', '1', 'active', 'd', '{}', '{}', 1) ON CONFLICT DO NOTHING",
  );
  return 1;
}

function delivery(runId: number, destination: string, state: 'held' | 'rejected' | 'unsure' | 'delivered', attempts = 1): number {
  const names = {
    run_id: runId,
    output_id: null,
    sop_class_uid: '1',
    sop_instance_uid: '1.9',
    series_instance_uid: '1.8',
    series_number: 1,
  };
  const { id } = ensureResult(db, names, 1);
  db.move('results', id, 'passed', { at: 1, set: { path: 'x', size_bytes: 1 } });
  ensureDelivery(db, id, destination, 1);
  const row = db.get<{ id: number }>('SELECT max(id) AS id FROM deliveries')?.id ?? 0;
  db.move('deliveries', row, 'sending', { at: 1, set: { attempts } });
  db.move('deliveries', row, state, { at: 1 });
  return row;
}

const study = async () => (await client.get<StudyView[]>('/studies'))[0];
const runs = () => client.get<RunView[]>('/runs');
const deliveries = () => client.get<DeliveryView[]>('/deliveries');

describe('the socket', () => {
  it('is for the owner alone, and takes the place of one that was left', () => {
    expect((statSync(join(folder, 'anteroom.sock')).mode & 0o777).toString(8)).toBe('600');
  });
});

describe('a case of an evaluation', () => {
  it('may name as many images as a CT has', async () => {
    const files = Array.from({ length: 2000 }, (_, n) => `${'/a long path'.repeat(15)}/${n}.dcm`);
    const [studyInstanceUid, seriesInstanceUid] = ['1.2.826.0.1.3680043.8.498.100000000000', '1.2.826.0.1.3680043.8.498.200000000000'];
    const asked = client.post('/evaluations/e/cases', { caseName: 'c', studyInstanceUid, seriesInstanceUid, files });
    // It comes as far as the first file, which is not there.
    await expect(asked).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('pausing', () => {
  it('is kept with who and why, shown by health, and refused for what nobody knows', async () => {
    await expect(client.post('/pause', { kind: 'destination', name: 'pcas' })).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('"pcas" is no destination; expected one of: archive, pacs') as string,
    });
    await expect(client.post('/pause', { kind: 'all', name: 'x' })).rejects.toMatchObject({ status: 404 });
    await client.post('/pause', { kind: 'destination', name: 'pacs', reason: 'new certificate', by: 'ann' });
    await client.post('/pause', { kind: 'rule', name: 'r', by: 'bob' });
    const { attention } = await client.get<{ attention: { pauses: string[] } }>('/health');
    expect(attention.pauses.sort()).toEqual([
      expect.stringMatching(/^destination pacs is paused by ann since [-0-9: ]+: new certificate$/),
      expect.stringMatching(/^rule r is paused by bob since [-0-9: ]+$/),
    ]);
    await client.post('/resume', { kind: 'destination', name: 'pacs' });
    await expect(client.post('/resume', { kind: 'destination', name: 'pacs' })).rejects.toMatchObject({
      message: expect.stringContaining('paused are: rule r') as string,
    });
  });

  it('says on a delivery to a paused destination what it waits for', async () => {
    delivery(run(version(1, 1)), 'pacs', 'unsure');
    await client.post('/pause', { kind: 'destination', name: 'pacs', by: 'ann' });
    const [row] = await client.get<{ waitsFor: string; nextTryAt: null }[]>('/deliveries');
    expect(row).toMatchObject({ waitsFor: expect.stringMatching(/^destination pacs is paused by ann/) as string, nextTryAt: null });
  });

  it('ends for a model that the circuit breaker has suspended, and queues its runs', async () => {
    const id = model();
    db.move('models', id, 'suspended', { at: 1, set: { suspended_reason: 'why', suspended_at: 1 } });
    const waiting = enterWaiting();
    await client.post('/resume', { kind: 'model', name: 'm', by: 'ann' });
    expect(db.get('SELECT state, suspended_reason FROM models')).toEqual({ state: 'active', suspended_reason: null });
    expect(runById(db, waiting)).toMatchObject({ state: 'queued', reason: null });
  });

  it('asks for a name and a reason for a model that has drifted and has passed no test since', async () => {
    const id = model();
    db.run('UPDATE models SET package = ?', '{"workflow":"default"}');
    const test = { name: 'm', digest: 'd', card: '{}', package: '{}', workflow: 'default', sample: '/s', reference: '/r', report: '/x' };
    await client.post('/models/tested', { ...test, package: '{"workflow":"default"}', passed: true });
    await client.post('/models/tested', { ...test, package: '{"workflow":"default"}', passed: false, reason: 'Dice at LUNG' });
    expect(modelById(db, id)).toMatchObject({ state: 'suspended', suspended_by: 'drift' });
    const resume = (body: object) => client.post('/resume', { kind: 'model', name: 'm', ...body });
    await client.post('/pause', { kind: 'model', name: 'm', by: 'ann' });
    await expect(resume({ by: 'ann' })).rejects.toThrow('fails now: Dice at LUNG; expected a test passed since, or a name and a reason');
    await expect(resume({ reason: 'x' })).rejects.toMatchObject({ status: 409 });
    expect(listPauses(db)).toHaveLength(1);
    await resume({ by: 'ann', reason: 'the reference was wrong' });
    expect(modelById(db, id)).toMatchObject({ state: 'active', override_by: 'ann', override_reason: 'the reference was wrong' });
  });

  it('asks for them too where the circuit breaker had suspended it before its test failed, and no probe brings it back', async () => {
    const id = model();
    db.run('UPDATE models SET package = ?', '{"workflow":"default"}');
    const test = { name: 'm', digest: 'd', card: '{}', workflow: 'default', sample: '/s', reference: '/r', report: '/x' };
    const tested = (outcome: object) => client.post('/models/tested', { ...test, package: '{"workflow":"default"}', ...outcome });
    await tested({ passed: true });
    const set = { suspended_reason: '3 runs failed', suspended_at: 1, suspended_by: 'breaker' };
    db.move('models', id, 'suspended', { at: 1, set });
    for (const reason of ['Dice at LUNG', 'Volume']) await tested({ passed: false, reason });
    expect(modelById(db, id)).toMatchObject({
      suspended_by: 'drift',
      suspended_reason: expect.stringMatching(/^3 runs failed; its test, .* fails now: Dice at LUNG$/) as string,
    });
    const resume = (body: object) => client.post('/resume', { kind: 'model', name: 'm', by: 'ann', ...body });
    await expect(resume({})).rejects.toMatchObject({ code: 'MODEL_UNTESTED' });
    await resume({ reason: 'looked at' });
    expect(modelById(db, id)).toMatchObject({ state: 'active', override_reason: 'looked at' });
  });

  const enterWaiting = () => run(version(1, 1), 'waiting');
});

describe('health', () => {
  it('counts what waits for a person', async () => {
    run(version(1, 1), 'waiting');
    run(version(2, 2), 'failed');
    holdStudy(db, 1, 'a reason', 3);
    const { attention } = await client.get<{ attention: Record<string, unknown> }>('/health');
    expect(attention).toEqual({
      heldStudies: 1,
      heldDeliveries: 0,
      rejectedDeliveries: 0,
      heldWithdrawals: 0,
      failedRuns: 1,
      rejectedRuns: 0,
      refusedRuns: 0,
      waitingRuns: 1,
      pauses: [],
      suspendedModels: [],
    });
  });
});

describe('taking a model into use', () => {
  const add = (digest: string, state: string, at: number) =>
    db.run(
      "INSERT INTO models (name, version, state, digest, card, package, registered_at) VALUES ('m', ?, ?, ?, '{}', '{}', ?)",
      digest,
      state,
      digest,
      at,
    );
  const activate = (body: object = {}) => client.post('/models/m/activate', body);
  const states = () => db.all<{ text: string }>("SELECT digest || ' ' || state AS text FROM models ORDER BY id").map(({ text }) => text);

  it.each(['suspended', 'active'])('takes the last one registered where another one is %s, and not that one again', async (state) => {
    add('one', state, 1);
    add('two', 'tested', 2);
    await activate();
    expect(states()).toEqual(['one retired', 'two active']);
    await expect(activate()).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('one is retired (one); expected one that waits for its use') as string,
    });
  });

  it('counts a test only of the card, the model.yaml and the workflow that are registered', async () => {
    const yaml = { runtime: 'process', command: ['x'], workflow: 'default', outputs: { labelMaps: [] } };
    add('one', 'registered', 1);
    db.run('UPDATE models SET package = ?', JSON.stringify(yaml));
    const test = { name: 'm', digest: 'one', card: '{}', workflow: 'default', sample: '/s', reference: '/r', report: '/x', passed: true };
    const tell = (other: object, tested: object = {}) =>
      client.post('/models/tested', { ...test, package: JSON.stringify({ ...yaml, ...tested }), ...other });
    await expect(tell({ card: '{"name":"other"}' })).rejects.toThrow('meta.json name is other, registered is nothing');
    await expect(tell({}, { memoryMb: 64 })).rejects.toThrow('model.yaml memoryMb is 64, registered is nothing');
    await expect(tell({ workflow: 'fast' })).rejects.toThrow('workflow fast was run, registered is default');
    expect(states()).toEqual(['one registered']);
    await tell({});
    expect(states()).toEqual(['one tested']);
  });

  it('does not fall back on an older one where the last one has not passed its test', async () => {
    add('one', 'active', 1);
    add('two', 'registered', 2);
    await expect(activate()).rejects.toMatchObject({ status: 409, message: expect.stringContaining('m (two): no test') as string });
    expect(states()).toEqual(['one active', 'two registered']);
  });
});

describe('releasing a study', () => {
  it('has it looked at now, without the reason that held it', async () => {
    version(1, NOW - 100);
    holdStudy(db, 1, 'a conflict', NOW);
    await client.post('/studies/1.2/release');
    expect(await study()).toMatchObject({ state: 'receiving', holdReason: null, looksAgainAt: new Date(NOW).toISOString() });
  });

  it('is refused for one that is not held', async () => {
    version(1, NOW);
    await expect(client.post('/studies/1.2/release')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('is settled; expected held') as string,
    });
    await expect(client.post('/studies/1.3/release')).rejects.toMatchObject({ status: 404 });
  });
});

describe('keeping a study', () => {
  it('is asked for with a reason, told where retention looks, and ended again', async () => {
    version(1, 1);
    db.move('versions', 1, 'decided', { at: 1 });
    expect(await client.get('/retention')).toMatchObject({ purgeable: 1, obstacles: {} });
    await expect(client.post('/studies/1.2/keep', {})).rejects.toMatchObject({ status: 400 });
    await client.post('/studies/1.2/keep', { reason: 'teaching' });
    expect(await client.get('/retention')).toMatchObject({ purgeable: 0, obstacles: { kept: 1 } });
    await expect(client.post('/studies/1.2/purge')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('it is kept') as string,
    });
    await client.post('/studies/1.2/unkeep');
    await expect(client.post('/studies/1.2/unkeep')).rejects.toMatchObject({ status: 409 });
    expect(await client.get('/retention')).toMatchObject({ purgeable: 1, bytesPerDay: 1 });
  });

  it('a study that is purged is listed so, and nothing can be run on it', async () => {
    run(version(1, 1));
    markPurged(db, 1, 'by-hand', NOW);
    expect(await study()).toMatchObject({ state: 'purged', purged: { cause: 'by-hand', at: new Date(NOW).toISOString() } });
    const refused = { status: 409, message: expect.stringContaining('were purged') as string };
    await expect(client.post('/studies/1.2/keep', { reason: 'r' })).rejects.toMatchObject(refused);
    await expect(client.post('/runs/1/retry')).rejects.toMatchObject(refused);
    await expect(client.post('/runs', { model: 'm', study: '1.2' })).rejects.toMatchObject(refused);
  });
});

describe('the copy of a case', () => {
  it('is refused in words where a person asks for a clinical run on it', async () => {
    version(1, 1);
    ensureEvaluationStudy(db, { study_instance_uid: '1.2', evaluation: 'e', case_name: 'first', series_instance_uid: '1.2.1' });
    await expect(client.post('/runs', { model: 'm', study: '1.2' })).rejects.toMatchObject({
      status: 409,
      code: 'STUDY_OF_EVALUATION',
      message: expect.stringContaining('study 1.2 is a copy of case first') as string,
    });
  });
});

describe('retrying a run', () => {
  it('queues it without the reason that it had', async () => {
    run(version(1, 1));
    await client.post('/runs/1/retry');
    expect(await runs()).toMatchObject([{ state: 'queued', attempts: 4, reason: null, failureCode: null }]);
  });

  it('is refused where a later version of the study has a run in its place', async () => {
    run(version(1, 1));
    run(version(2, 2));
    await expect(client.post('/runs/1/retry')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('version 2 of its study has run 2') as string,
    });
    await client.post('/runs/2/retry');
  });

  it('is refused as long as no model is there that could run', async () => {
    run(version(1, 1), 'cancelled');
    await expect(client.post('/runs/1/retry')).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('model m') as string,
    });
  });

  it('is refused with a model that is in use no longer, and waits with one that is suspended', async () => {
    run(version(1, 1));
    db.move('models', 1, 'suspended', { at: 1, set: { suspended_reason: 'it drifted', suspended_at: 1, suspended_by: 'drift' } });
    await client.post('/runs/1/retry');
    expect(runById(db, 1)).toMatchObject({ state: 'queued', model_id: 1 });
    db.move('runs', 1, 'failed', { at: 1 });
    db.move('models', 1, 'retired', { at: 1 });
    await expect(client.post('/runs/1/retry')).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('its own, 1, is retired') as string,
    });
  });

  it('keeps the model of an evaluation, whatever is in use', async () => {
    run(version(1, 1));
    db.run("UPDATE runs SET purpose = 'evaluation'");
    db.move('models', 1, 'retired', { at: 1 });
    db.run(
      "INSERT INTO models (name, version, state, digest, card, package, registered_at) VALUES ('m', '2', 'active', 'e', '{}', '{}', 2)",
    );
    await client.post('/runs/1/retry');
    expect(runById(db, 1)).toMatchObject({ state: 'queued', model_id: 1 });
  });

  it('is refused for one that has not ended', async () => {
    run(version(1, 1), 'waiting');
    model();
    await expect(client.post('/runs/1/retry')).rejects.toMatchObject({ status: 409 });
  });
});

describe('reproducing a result', () => {
  it('takes nothing from what is for patients: it runs with the priority of an evaluation', async () => {
    delivery(run(version(1, 1)), 'archive', 'delivered');
    const { run: id } = await client.post<{ run: number }>('/reproductions', { sopInstanceUid: '1.9' });
    expect(runById(db, id)).toMatchObject({ purpose: 'evaluation', priority: PRIORITY.evaluation });
  });

  it('compares with what was made of the same output, in whatever order', () => {
    const [before, after] = [run(version(1, 1)), run(version(2, 2))];
    const result = (runId: number, path: string) => {
      db.run('INSERT OR IGNORE INTO attempts (run_id, number, container, started_at) VALUES (?, 1, ?, 1)', runId, `c${runId}`);
      const attempt_id = db.get<{ id: number }>('SELECT id FROM attempts WHERE run_id = ?', runId)?.id ?? 0;
      const output_id = insertOutput(db, { run_id: runId, attempt_id, path, kind: 'nifti', size_bytes: 1, sha256: 'x' });
      const uids = {
        sop_class_uid: '1',
        sop_instance_uid: `1.${runId}.${path}`,
        series_instance_uid: `2.${runId}.${path}`,
        series_number: 1,
      };
      return ensureResult(db, { run_id: runId, output_id, ...uids }, 1);
    };
    const [lungs] = [result(before, 'lungs.nii'), result(before, 'lobes.nii')];
    result(after, 'lobes.nii');
    expect(resultLike(db, lungs, after)).toBeUndefined();
    const again = result(after, 'lungs.nii');
    expect(resultLike(db, lungs, after)?.id).toBe(again.id);
  });
});

describe('retrying a delivery', () => {
  it.each([
    ['held', 0, 'pending'],
    ['held', 1, 'unsure'],
    ['unsure', 1, 'unsure'],
    ['rejected', 1, 'pending'],
  ] as const)('%s after %i sendings becomes %s, due now', async (state, attempts, next) => {
    const id = delivery(run(version(1, 1)), 'pacs', state, attempts);
    await client.post(`/deliveries/${id}/retry`);
    expect(await deliveries()).toMatchObject([{ state: next, nextTryAt: new Date(NOW).toISOString() }]);
  });

  it('is refused for one that has arrived, and for a result in whose place a newer one has come', async () => {
    const id = delivery(run(version(1, 1)), 'pacs', 'delivered');
    await expect(client.post(`/deliveries/${id}/retry`)).rejects.toMatchObject({ status: 409 });
    const other = delivery(1, 'other', 'held');
    db.move('results', 1, 'superseded', { at: 1 });
    await expect(client.post(`/deliveries/${other}/retry`)).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('later version') as string,
    });
  });

  it('can be asked for all of one destination', async () => {
    const first = run(version(1, 1));
    delivery(first, 'pacs', 'held');
    delivery(first, 'other', 'held');
    expect(await client.post('/deliveries/retry', { destination: 'pacs' })).toEqual({ deliveries: [1] });
    expect((await deliveries()).map(({ destination, state }) => `${destination} ${state}`)).toEqual(['other held', 'pacs unsure']);
  });
});
