/** A queue of runs on a ledger of its own, with an engine that is made up: away, slow, losing containers, as the test says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders } from '../../src/archive/folders.js';
import { Bell } from '../../src/foundation/bell.js';
import { AnteroomError } from '../../src/foundation/errors.js';
import { Db } from '../../src/ledger/database.js';
import { insertInstance } from '../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../src/ledger/models.js';
import { insertRun, runById, type RunRow } from '../../src/ledger/runs.js';
import { ensureStudy } from '../../src/ledger/studies.js';
import { readModelPackage } from '../../src/models/package.js';
import type { Refusal } from '../../src/models/use-gate.js';
import { RunQueue } from '../../src/runs/queue.js';
import type { RunEvents, RunExit, RunSpec, Runtime, RunWatch } from '../../src/runs/runtimes/runtime.js';
import { parseSettings } from '../../src/settings/load.js';
import { tempFolder } from './temp.js';
import { until } from './until.js';

export const LOST: RunExit = {
  exitCode: undefined,
  oomKilled: false,
  timedOut: false,
  cancelled: false,
  outputTooLarge: false,
  lost: true,
};

export const ENDED: RunExit = { ...LOST, exitCode: 0, lost: false };

/** An engine whose containers end when the test says so. */
export class FakeEngine implements Runtime {
  readonly kind = 'docker';
  away = false;
  asked: string[] = [];
  started: string[] = [];
  released: string[] = [];
  cancelled: string[] = [];
  /** Asked for, whether or not `removal` has let it happen. */
  removed: string[] = [];
  /** What `list` tells of, and how often it was asked. */
  present: string[] = [];
  lists = 0;
  /** `start` waits for this. */
  ready: Promise<void> = Promise.resolve();
  /** `remove` waits for this. */
  removal: Promise<void> = Promise.resolve();
  /** Called by the start of a container, whose end is then up to the test; may throw, and the container is there all the same. */
  onStart: (spec: RunSpec, events: RunEvents) => void = () => undefined;
  adopt: Runtime['adopt'] = () => Promise.resolve(undefined);
  private readonly ends = new Map<string, (exit: RunExit) => void>();

  check = () => Promise.resolve({ version: 'fake', isolation: 'none' });

  list(): Promise<string[]> {
    this.lists++;
    return Promise.resolve(this.present);
  }

  async remove(name: string): Promise<void> {
    this.removed.push(name);
    await this.removal;
  }

  async start(spec: RunSpec, events: RunEvents): Promise<RunWatch> {
    const { name } = spec;
    if (this.away) throw new AnteroomError('ENGINE_UNREACHABLE', 'no socket');
    this.asked.push(name);
    await this.ready;
    this.started.push(name);
    this.onStart(spec, events);
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

/** A node that is a queue and no more; its queue is stopped after the test. */
export class QueueNode {
  readonly folders = dataFolders(tempFolder('queue'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  readonly engine = new FakeEngine();
  readonly bell = new Bell();
  looks = 0;
  holdsRoom = false;
  readonly trials = new (class {
    constructor(private readonly node: QueueNode) {}
    get holdsRoom(): boolean {
      this.node.looks++;
      return this.node.holdsRoom;
    }
  })(this);
  readonly queue: RunQueue;
  useRefusals: (id: number) => Refusal | undefined = () => undefined;
  refusals: (id: number) => Refusal | undefined = () => undefined;

  constructor(runs: number, options: { withoutFile?: boolean; atOnce?: number } = {}) {
    this.queue = new RunQueue({
      db: this.db,
      bell: this.bell,
      clock: Date.now,
      nodeId: 'test',
      containerId: 'test',
      archiveFolder: this.folders.archive,
      runsFolder: this.folders.runs,
      runtimes: { docker: this.engine, process: this.engine },
      settings: {
        ...parseSettings('', '/anteroom.yaml', {}).runs,
        ...(options.atOnce === undefined ? {} : { concurrency: options.atOnce }),
      },
      capacity: { cpus: 2 * (options.atOnce ?? 1), memoryMb: 4096 * (options.atOnce ?? 1), gpus: [] },
      trials: this.trials,
      useRefusalOf: (run) => this.useRefusals(run.id),
      refusalOf: (run) => this.refusals(run.id),
      labelMapDestinations: new Set(),
    });
    const { card, model } = readModelPackage('deploy/models/lungs');
    const names = { name: card.name, version: card.version, digest: 'sha256:0', card: '{}', folder: null };
    activateModel(this.db, registerModel(this.db, { ...names, package: JSON.stringify(model) }, 1).id, { by: 'test', reason: 'test' }, 1);
    const version = this.version(options.withoutFile ?? false);
    // Equal runs would wait for each other.
    const again = (options.atOnce ?? 1) > 1;
    const asked = {
      purpose: 'clinical',
      again,
      rule: null,
      rulesRevision: null,
      settings: {},
      destinations: [],
      priority: 'routine',
    } as const;
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
