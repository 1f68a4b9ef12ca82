/** Tests that are repeated by themselves: when, what becomes of a model that drifts, and what says nothing of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repeatDueTest, type ScheduleOptions, type Trials } from '../../../src/evaluation/test-schedule.js';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { lastTest, recordModelTest } from '../../../src/ledger/model-tests.js';
import { activateModel, modelById, registerModel, resumeModel, type ModelRow } from '../../../src/ledger/models.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const DAY = 86_400_000;
const FACTS = { kitVersion: '1' };

let folder: string;
let db: Db;
let now: number;
/** What the model leaves, or how it fails. */
let leaves: string | AnteroomError;
let idle: boolean;
let tried: number;

const trials: Trials = {
  mayStart: () => idle,
  run: (_model, _test, work) => {
    tried++;
    if (leaves instanceof AnteroomError) return Promise.reject(leaves);
    return Promise.resolve({ outputDir: folderWith(join(work, 'out'), leaves), facts: FACTS });
  },
  sweep: () => Promise.resolve(),
  stop: () => undefined,
};

function folderWith(path: string, json: string): string {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'lungs.json'), json);
  return path;
}

const repeat = (settings: Partial<ScheduleOptions['settings']> = {}) =>
  repeatDueTest({
    db,
    bell: new Bell(),
    clock: () => now,
    trials,
    folder: join(folder, 'tests'),
    settings: { everyDays: 7, window: { from: '01:00', to: '05:00' }, onDrift: 'suspend', ...settings },
  });

const model = () => modelById(db, 1) as ModelRow;

beforeEach(() => {
  folder = tempFolder('schedule');
  db = Db.open(join(folder, 'ledger.sqlite'), { migrate: true });
  [now, leaves, idle, tried] = [100 * DAY, '{"volume": 1}', true, 0];
  const row = { name: 'm', version: '1', digest: 'sha256:1', card: '{}', package: '{"runtime":"docker"}', folder: null };
  activateModel(db, registerModel(db, row, now).id, { by: 'ann', reason: 'test' }, now);
  const reference = folderWith(join(folder, 'reference'), leaves);
  recordModelTest(db, 1, { cause: 'by-hand', passed: true, workflow: 'default', sample: '/sample', reference }, now, {
    nextAt: null,
    onDrift: 'suspend',
  });
});
afterEach(() => {
  db.close();
});

it('are due a week after the last one, also after a restart, and wait for a quiet time', async () => {
  expect(await repeat()).toBe(107 * DAY);
  db.close();
  db = Db.open(join(folder, 'ledger.sqlite'), { migrate: true });
  now = 108 * DAY;
  idle = false;
  await repeat();
  expect(tried).toBe(0);
  idle = true;
  await repeat();
  expect(tried).toBe(1);
  expect(lastTest(db, 1)).toMatchObject({ cause: 'schedule', passed: 1, at: 108 * DAY });
  expect(await repeat()).toBe(115 * DAY);
});

it('suspend a model whose test fails on the same digest, say why in the ledger, and not again while a person answers for it', async () => {
  now = 107 * DAY;
  leaves = '{"volume": 1.001}';
  await repeat();
  const why = /^its test, which it passed at 1970-04-11 00:00, fails now: JSON Value$/;
  expect(model()).toMatchObject({ state: 'suspended', suspended_by: 'drift', suspended_reason: expect.stringMatching(why) as string });
  expect(lastTest(db, 1)).toMatchObject({ passed: 0, reason: 'JSON Value', report: expect.stringMatching(/default-.*\.json$/) as string });
  const events = db.all<{ detail: string }>("SELECT detail FROM events WHERE table_name = 'models' ORDER BY id DESC LIMIT 2");
  expect(events.map(({ detail }) => detail)).toEqual([expect.stringMatching(why), 'test failed (schedule): JSON Value']);
  resumeModel(db, 1, 'by ann', now, { by: 'ann', reason: 'the reference was wrong' });
  now = 200 * DAY;
  await repeat();
  expect(model()).toMatchObject({ state: 'active', override_by: 'ann' });
  leaves = '{"volume": 1}';
  now = 300 * DAY;
  await repeat();
  expect(model()).toMatchObject({ state: 'active', override_by: null });
});

it('suspend a model too whose last test had failed already, by hand or without having been heeded', async () => {
  const last = { cause: 'by-hand', passed: false, workflow: 'default', sample: '/sample', reference: '/r', reason: 'Dice' } as const;
  recordModelTest(db, 1, last, now, { nextAt: null, onDrift: 'warn' });
  expect(model().state).toBe('active');
  now = 107 * DAY;
  leaves = '{"volume": 1.001}';
  await repeat();
  expect(model()).toMatchObject({ state: 'suspended', suspended_by: 'drift' });
});

it.each(['IMAGE_MISSING', 'RUN_LOST'] as const)(
  'suspend nothing for %s, which a person or the machine has done: they are tried later',
  async (code) => {
    now = 107 * DAY;
    leaves = new AnteroomError(code, 'gone');
    expect(await repeat()).toBeUndefined();
    expect(model()).toMatchObject({ state: 'active', test_due_at: now + 3_600_000 });
  },
);

it('are due sooner where the interval has become shorter', async () => {
  await repeat({ everyDays: 30 });
  expect(model().test_due_at).toBe(130 * DAY);
  expect(await repeat()).toBe(107 * DAY);
  expect(model().test_due_at).toBe(107 * DAY);
});

it('only warn where that is the policy', async () => {
  now = 107 * DAY;
  leaves = new AnteroomError('MODEL_EXITED', 'exit code 1');
  await repeat({ onDrift: 'warn' });
  expect(model().state).toBe('active');
  expect(lastTest(db, 1)).toMatchObject({ passed: 0, reason: 'MODEL_EXITED: exit code 1' });
});

it.each<[string, AnteroomError, number]>([
  ['gave way to runs', new AnteroomError('RUN_CANCELLED', 'gave way'), 5],
  ['lost its container', new AnteroomError('RUN_LOST', 'no container'), 60],
  ['had no room', new AnteroomError('MODEL_OOM', 'killed'), 60],
  ['could not be made', new AnteroomError('ENGINE_UNREACHABLE', 'no socket'), 60],
])('say nothing of a model where one %s, and are tried later', async (_, error, minutes) => {
  now = 107 * DAY;
  leaves = error;
  await repeat();
  expect(model()).toMatchObject({ state: 'active', test_due_at: now + minutes * 60_000 });
  expect(lastTest(db, 1)).toMatchObject({ cause: 'by-hand', passed: 1 });
});
