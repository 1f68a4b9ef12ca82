/** A test beside the queue starts only where nothing else is to do, and gives way. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Bell } from '../../../src/foundation/bell.js';
import { modelById, type ModelRow } from '../../../src/ledger/models.js';
import { TrialsBeside } from '../../../src/runs/trials-beside.js';
import type { RunExit, Runtime } from '../../../src/runs/runtimes/runtime.js';
import { parseSettings } from '../../../src/settings/load.js';
import { ResultStage } from '../../support/result-stage.js';
import { tempFolder } from '../../support/temp.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { until } from '../../support/until.js';

const CANCELLED: RunExit = { exitCode: 137, oomKilled: false, timedOut: false, cancelled: true, outputTooLarge: false, lost: false };

it('waits for its window and for an idle queue, and is cancelled when a run may start', async () => {
  const stage = new ResultStage();
  const [started, cancelled, removed]: string[][] = [[], [], []];
  let remove = (): void => undefined;
  const removal = new Promise<void>((resolve) => (remove = resolve));
  let end: (exit: RunExit) => void = () => undefined;
  const engine: Runtime = {
    kind: 'docker',
    check: () => Promise.resolve({ version: 'fake', isolation: 'none' }),
    adopt: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    start: ({ name, labels }) => {
      started.push(`${name} of ${labels['anteroom.node']}`);
      return Promise.resolve({ done: new Promise<RunExit>((resolve) => (end = resolve)), release: () => undefined });
    },
    cancel: (name) => {
      cancelled.push(name);
      // The engine does not answer the first time.
      if (cancelled.length === 1) return Promise.reject(new Error('no socket'));
      end(CANCELLED);
      return Promise.resolve();
    },
    remove: async (name) => {
      await removal;
      removed.push(name);
    },
  };
  const bell = new Bell();
  let now = new Date(2026, 0, 1, 12).getTime();
  const trials = new TrialsBeside({
    db: stage.db,
    bell,
    clock: () => now,
    nodeId: 'n',
    runtimes: { docker: engine, process: engine },
    settings: parseSettings('', '/anteroom.yaml', {}).runs,
    capacity: { cpus: 2, memoryMb: 8192, gpus: [] },
    window: { from: '01:00', to: '05:00' },
  });
  expect(trials.mayStart()).toBe(false);
  now = new Date(2026, 0, 2, 2).getTime();
  expect(trials.mayStart()).toBe(true);

  const folder = tempFolder('trial');
  mkdirSync(join(folder, 'sample'));
  const model = modelById(stage.db, 1) as ModelRow;
  const trial = trials.run(model, { sample: join(folder, 'sample'), workflow: 'default' }, join(folder, 'work'));
  const settled = trial.then(
    () => 'ended',
    (error: unknown) => (error as { code: string }).code,
  );
  await until('the test to start', () => started.length === 1);
  expect(started[0]).toMatch(/^anteroom-test-\w+ of n-tests$/);

  await stage.receive(...chestPhantom({ name: 'beside', spacingMm: [48, 48, 48] }).files.map(({ bytes }) => bytes));
  const version = stage.settle();
  expect(version).toBeGreaterThan(0);
  bell.ring('runs');
  await until('the test to be cancelled', () => cancelled.length === 2);
  expect(trials.holdsRoom).toBe(true);
  let rung = 0;
  bell.listen('runs', () => rung++);
  remove();
  expect(await settled).toBe('RUN_CANCELLED');
  expect(removed).toEqual([cancelled[1]]);
  expect([trials.holdsRoom, rung]).toEqual([false, 1]);
  expect(trials.mayStart()).toBe(false);
});
