/** The queue of runs with an engine that is made up: away, slow, losing containers; the ledger tells what came of it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders } from '../../../src/archive/folders.js';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { insertInstance } from '../../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { insertRun, requestCancel, runById, type RunRow } from '../../../src/ledger/runs.js';
import { ensureStudy } from '../../../src/ledger/studies.js';
import { readModelPackage } from '../../../src/models/package.js';
import type { Refusal } from '../../../src/models/use-gate.js';
import { RunQueue } from '../../../src/runs/queue.js';
import { attemptFolders } from '../../../src/runs/run-folders.js';
import type { RunExit, RunSpec, Runtime, RunWatch } from '../../../src/runs/runtimes/runtime.js';
import { parseSettings } from '../../../src/settings/load.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

const LOST: RunExit = { exitCode: undefined, oomKilled: false, timedOut: false, cancelled: false, outputTooLarge: false, lost: true };

/** An engine whose containers end when the test says so. */
class FakeEngine implements Runtime {
  readonly kind = 'docker';
  away = false;
  started: string[] = [];
  released: string[] = [];
  cancelled: string[] = [];
  /** `start` waits for this. */
  ready: Promise<void> = Promise.resolve();
  private readonly ends = new Map<string, (exit: RunExit) => void>();

  check = () => Promise.resolve({ version: 'fake', isolation: 'none' });
  adopt = () => Promise.resolve(undefined);
  remove = () => Promise.resolve();
  list = () => Promise.resolve([]);

  async start({ name }: RunSpec): Promise<RunWatch> {
    if (this.away) throw new AnteroomError('ENGINE_UNREACHABLE', 'no socket');
    await this.ready;
    this.started.push(name);
    const done = new Promise<RunExit>((resolve) => this.ends.set(name, resolve));
    return { done, release: () => this.released.push(name) };
  }

  cancel(name: string): Promise<void> {
    this.cancelled.push(name);
    return Promise.resolve();
  }

  end(name: string, exit: RunExit): void {
    this.ends.get(name)?.(exit);
  }
}

const queues: RunQueue[] = [];
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.stop();
});

class Node {
  readonly folders = dataFolders(tempFolder('queue'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  readonly engine = new FakeEngine();
  readonly bell = new Bell();
  looks = 0;
  holdsRoom = false;
  readonly trials = new (class {
    constructor(private readonly node: Node) {}
    get holdsRoom(): boolean {
      this.node.looks++;
      return this.node.holdsRoom;
    }
  })(this);
  readonly queue = new RunQueue({
    db: this.db,
    bell: this.bell,
    clock: Date.now,
    nodeId: 'test',
    containerId: 'test',
    archiveFolder: this.folders.archive,
    runsFolder: this.folders.runs,
    runtimes: { docker: this.engine, process: this.engine },
    settings: parseSettings('', '/anteroom.yaml', {}).runs,
    capacity: { cpus: 2, memoryMb: 4096, gpus: [] },
    trials: this.trials,
    useRefusalOf: (run) => this.useRefusals(run.id),
    refusalOf: (run) => this.refusals(run.id),
    labelMapDestinations: new Set(),
  });
  useRefusals: (id: number) => Refusal | undefined = () => undefined;
  refusals: (id: number) => Refusal | undefined = () => undefined;

  constructor(runs: number, options: { withoutFile?: boolean } = {}) {
    const { card, model } = readModelPackage('deploy/models/lungs');
    const names = { name: card.name, version: card.version, digest: 'sha256:0', card: '{}', folder: null };
    activateModel(this.db, registerModel(this.db, { ...names, package: JSON.stringify(model) }, 1).id, { by: 'test', reason: 'test' }, 1);
    const version = this.version(options.withoutFile ?? false);
    const asked = { purpose: 'clinical', rule: null, rulesRevision: null, settings: {}, destinations: [], priority: 'routine' } as const;
    const inputs = [{ name: 'series', seriesInstanceUid: '1.2.1' }];
    for (let n = 0; n < runs; n++) insertRun(this.db, { ...asked, versionId: version, modelName: card.name, inputs }, 1);
    queues.push(this.queue);
  }

  run(id: number): RunRow {
    return runById(this.db, id) as RunRow;
  }

  reaches(id: number, state: RunRow['state']): Promise<RunRow> {
    return until(`run ${id} to be ${state}`, () => this.run(id).state === state && this.run(id));
  }

  private version(withoutFile: boolean): number {
    const study = ensureStudy(this.db, { studyInstanceUid: '1.2', callingAe: 'A', calledAe: 'B', remoteAddress: 'c', at: 1 });
    const path = '1.2/1.2.1/1.2.1.1.dcm';
    mkdirSync(join(this.folders.archive, '1.2/1.2.1'), { recursive: true });
    if (!withoutFile) writeFileSync(join(this.folders.archive, path), 'x');
    const uids = { series_instance_uid: '1.2.1', sop_instance_uid: '1.2.1.1', sop_class_uid: '1', transfer_syntax_uid: '1' };
    const facts = { path, size_bytes: 1, sha256: 'x', patient_id: 'P', header: '{}', own_result: 0, received_at: 1 } as const;
    const instance = insertInstance(this.db, {
      study_id: study.id,
      ...uids,
      ...facts,
      calling_ae: 'A',
      remote_address: 'c',
      standing: 'current',
    });
    const { lastId } = this.db.run(
      "INSERT INTO versions (study_id, number, state, signal, settled_at) VALUES (?, 1, 'settled', 't', 1)",
      study.id,
    );
    this.db.run('INSERT INTO version_instances (version_id, instance_id) VALUES (?, ?)', lastId, instance);
    return lastId;
  }
}

const attempts = (db: Db) => db.get<{ n: number }>('SELECT count(*) AS n FROM attempts')?.n;

describe('the queue of runs', () => {
  it('probes an engine that is away with one run, not with all that wait', async () => {
    const node = new Node(20);
    node.engine.away = true;
    node.queue.start();
    const probed = await until('an attempt in vain', () => node.run(1).failure_code === 'ENGINE_UNREACHABLE' && node.run(1));
    expect(probed).toMatchObject({ state: 'queued', attempts: 0 });
    node.bell.ring('runs');
    await new Promise((resolve) => setImmediate(resolve));
    expect(attempts(node.db)).toBe(1);
  });

  it('keeps the wish to cancel when the container is lost meanwhile', async () => {
    const node = new Node(1);
    node.queue.start();
    await node.reaches(1, 'running');
    requestCancel(node.db, 1);
    node.engine.end('anteroom-test-run-1-1', LOST);
    expect(await node.reaches(1, 'cancelled')).toMatchObject({ failure_code: 'RUN_CANCELLED' });
    expect(node.engine.started).toHaveLength(1);
  });

  it('does not start what the model does not take, and starts what cannot be asked', async () => {
    const node = new Node(2);
    node.refusals = (id) => {
      if (id === 1) return { code: 'INPUT_NOT_TAKEN', reason: 'series 1: slice thickness 7 mm, the model takes at most 5 mm' };
      throw new Error('headers of another world');
    };
    node.queue.start();
    await node.reaches(2, 'running');
    const reason = 'series 1: slice thickness 7 mm, the model takes at most 5 mm';
    expect(node.run(1)).toMatchObject({ state: 'cancelled', failure_code: 'INPUT_NOT_TAKEN', reason, attempts: 0 });
  });

  it('starts nothing before the container of a test beside it is gone', async () => {
    const node = new Node(1);
    node.holdsRoom = true;
    const looked = until('a look at the queue', () => node.looks > 1);
    node.queue.start();
    node.bell.ring('runs');
    await looked;
    expect(node.run(1).state).toBe('queued');
    node.holdsRoom = false;
    node.bell.ring('runs');
    await node.reaches(1, 'running');
  });

  it('does not start what it cannot be asked whether its model may be used for', async () => {
    const node = new Node(2);
    node.useRefusals = (id) => {
      if (id === 1) throw new Error('a card of another world');
      return undefined;
    };
    node.queue.start();
    await node.reaches(2, 'running');
    const reason = expect.stringContaining('it cannot be told whether it may be used') as string;
    expect(node.run(1)).toMatchObject({ state: 'cancelled', failure_code: 'USE_NOT_PERMITTED', reason, attempts: 0 });
  });

  it('leaves a container alone that comes to life while the node ends: the next start adopts it', async () => {
    const node = new Node(1);
    let ready = (): void => undefined;
    node.engine.ready = new Promise((resolve) => (ready = resolve));
    node.queue.start();
    await node.reaches(1, 'starting');
    await node.queue.stop();
    ready();
    await until('the watch to be released', () => node.engine.released.length === 1);
    expect(node.run(1).state).toBe('starting');
  });

  it('queues a run again whose container is not there after a restart, and takes its input folder away', async () => {
    const node = new Node(1);
    node.engine.away = true;
    const folders = attemptFolders(node.folders.runs, 1, 1);
    mkdirSync(folders.inputDir, { recursive: true });
    node.db.run("INSERT INTO attempts (run_id, number, container, started_at) VALUES (1, 1, 'anteroom-test-run-1-1', 1)");
    node.db.move('runs', 1, 'starting', { at: 1, set: { attempts: 1 } });
    node.queue.start();
    await until('the run to be queued', () => node.run(1).state === 'queued');
    expect(existsSync(folders.inputDir)).toBe(false);
  });

  it('fails a run whose input is not in the archive any more, and says so', async () => {
    const node = new Node(1, { withoutFile: true });
    node.queue.start();
    expect(await node.reaches(1, 'failed')).toMatchObject({
      failure_code: 'FILE_UNREADABLE',
      reason: expect.stringContaining('1.2.1.1') as string,
    });
  });
});
