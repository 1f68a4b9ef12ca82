/**
 * Two hundred runs of three priorities on two slots of a real node, with a model that fails for a while and a kill -9 in the middle: who
 * starts when is read from the ledger's own events.
 */
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readFileSync } from 'node:fs';
import type { PauseView } from '../../src/api/queue-routes.js';
import type { RunView, StudyView } from '../../src/api/views.js';
import { dataFolders } from '../../src/archive/folders.js';
import { Db } from '../../src/ledger/database.js';
import { lungsSeg, makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const CARD = 'deploy/models/lungs/meta.json';
const BULK = 90;
const ROUTINE = 60;
const FLAKY = 20;
const STAT = 30;
const ALL = BULK + ROUTINE + FLAKY + STAT;

interface Event {
  readonly id: number;
  readonly run: number;
  readonly from: string | null;
  readonly to: string;
  readonly priority: number;
  readonly model: string;
}

describeWith('two hundred runs on two slots', missingForNode(), () => {
  let study: ChestStudy;
  let node: TestNode;
  let flaky: string;
  let runs: readonly RunView[];
  let events: readonly Event[];
  let suspended: RunView | undefined;

  const run = (model: string, priority: string) =>
    node.admin.post('/runs', { model, study: study.studyInstanceUid, priority, destinations: [], again: true });
  const list = () => node.admin.get<RunView[]>(`/runs?limit=${ALL}`);
  /** Of the ledger itself: the API would have to tell of each waiting run why it waits. */
  const endedRuns = () =>
    inLedger(node, (db) => {
      const sql = "SELECT count(*) AS n FROM runs WHERE state IN ('done', 'failed', 'rejected', 'cancelled')";
      return db.get<{ n: number }>(sql)?.n ?? 0;
    });

  beforeAll(async () => {
    study = makeChestStudy('two hundred runs', { spacingMm: [12, 12, 24] });
    node = await startNode({ settings: { runs: { concurrency: 2, resources: { cpus: 2, memoryMb: 1000 } } } });
    await addModel(node, modelFolder('quick', study, ''));
    flaky = modelFolder('flaky', study, '[ -e "$ANTEROOM_MODEL_DIR/broken" ] && { echo no weights; exit 1; }', { atOnce: 1 });
    await addModel(node, flaky);
    writeFileSync(join(flaky, 'broken'), '');
    await sendTo(node, study.files);
    await until('the study to settle', async () => (await node.admin.get<StudyView[]>('/studies'))[0]?.versions.length === 1);

    // All wait until everything is there.
    await node.command('pause', 'all', '--reason', 'until all are there');
    for (let n = 0; n < BULK; n++) await run('quick', 'bulk');
    for (let n = 0; n < FLAKY; n++) await run('flaky', 'routine');
    for (let n = 0; n < ROUTINE; n++) await run('quick', 'routine');
    expect((await list()).map(({ waitsFor }) => waitsFor)).toEqual(
      Array(ALL - STAT).fill(expect.stringMatching(/^everything is paused by .* since .*: until all are there$/)),
    );
    await node.command('resume', 'all');

    for (let n = 0; n < STAT / 2; n++) await run('quick', 'stat');
    suspended = await until('the flaky model to be suspended', async () =>
      (await list()).find(({ waitsFor }) => waitsFor?.includes('suspended')),
    );
    await until('a third to be done', () => endedRuns() >= ALL / 3, 30_000);
    await node.kill();
    await node.start();
    for (let n = 0; n < STAT / 2; n++) await run('quick', 'stat');
    await until('all but those of the suspended model to be done', () => endedRuns() === ALL - FLAKY + 3, 60_000);
    rmSync(join(flaky, 'broken'));
  }, 120_000);

  afterAll(() => node.remove());

  it('tells of a suspended model loudly, and of its runs what they wait for', async () => {
    expect(suspended?.waitsFor).toMatch(
      /^model flaky is suspended: 3 runs in a row failed, the last, run \d+, with MODEL_EXITED: exit code 1, expected 0; last line of its log: no weights$/,
    );
    expect(node.log.some(({ level, message, model }) => level === 'error' && message?.includes('is suspended') && model === 'flaky')).toBe(
      true,
    );
    const doctor = await node.command('doctor');
    expect(doctor.stdout).toMatch(new RegExp(`✗ model flaky: suspended, ${FLAKY - 3} run\\(s\\) wait: 3 runs in a row failed`));
    const waiting = await node.command('runs', '--limit', String(ALL));
    expect(waiting.stdout).toMatch(/run \d+ is queued: model flaky is suspended/);
  }, 30_000);

  it('lets the runs of the suspended model go on after it is resumed', async () => {
    const resumed = await node.command('resume', 'model', 'flaky');
    expect(resumed.stdout).toContain('model flaky goes on');
    await until('everything to have ended', () => endedRuns() === ALL, 30_000);
    runs = await list();
    expect((await node.admin.get<PauseView[]>('/pauses')).length).toBe(0);
    events = eventsOf(node);
    const states = (model: string) => runs.filter((one) => one.model === model).map(({ state }) => state);
    expect(states('quick').filter((state) => state !== 'done')).toEqual([]);
    expect(states('flaky').filter((state) => state === 'failed')).toHaveLength(3);
    expect(states('flaky').filter((state) => state === 'done')).toHaveLength(FLAKY - 3);
  }, 60_000);

  it('never starts anything else while a STAT run waits', () => {
    const stat = runs.filter(({ priority }) => priority === 'stat');
    expect(stat).toHaveLength(STAT);
    for (const { run: id } of stat) {
      const since = events.findIndex((event) => event.run === id && event.to === 'queued');
      const until = events.findIndex((event) => event.run === id && event.to === 'starting');
      expect(events.slice(since, until).filter((event) => event.to === 'starting' && event.priority > 0)).toEqual([]);
    }
  });

  it('runs each of them once, never more than two at a time, in the order in which they were asked for', () => {
    const ended = events.filter(({ to }) => to === 'produced' || to === 'failed').map((event) => event.run);
    expect(ended).toHaveLength(ALL);
    expect(new Set(ended).size).toBe(ALL);
    expect(runs.map(({ attempts }) => attempts)).toEqual(Array(ALL).fill(1));
    let underWay = 0;
    for (const { from, to } of events) {
      if (to === 'starting') underWay++;
      // Back to queued goes what was killed between its row and its container.
      else if (to === 'produced' || to === 'failed' || (to === 'queued' && from !== null)) underWay--;
      expect(underWay).toBeLessThanOrEqual(2);
    }
    for (const [model, priority] of [
      ['quick', 0],
      ['quick', 1],
      ['quick', 2],
      ['flaky', 1],
    ] as const) {
      const starts = events.filter((event) => event.to === 'starting' && event.model === model && event.priority === priority);
      const order = [...new Set(starts.map((event) => event.run))];
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    const lastRoutine = events.findLastIndex((event) => event.to === 'starting' && event.model === 'quick' && event.priority === 1);
    const firstBulk = events.findIndex((event) => event.to === 'starting' && event.priority === 2);
    expect(firstBulk).toBeGreaterThan(lastRoutine);
  });
});

/** A process model that leaves the truth about both lungs, after `before` has been run. */
function modelFolder(name: string, study: ChestStudy, before: string, settings: Readonly<Record<string, unknown>> = {}): string {
  const folder = tempFolder('model');
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...(JSON.parse(readFileSync(CARD, 'utf8')) as object), name }));
  writeFileSync(join(folder, 'right.dcm'), lungsSeg(study));
  writeFileSync(join(folder, 'model.sh'), `${before}\ncp "$ANTEROOM_MODEL_DIR/right.dcm" "$ANTEROOM_OUTPUT_DIR/"\n`);
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({ runtime: 'process', command: ['sh', 'model.sh'], memoryMb: 64, cpus: 0.5, ...settings }),
  );
  return folder;
}

/** Asks the ledger of a node, running or not. */
function inLedger<T>({ dataDir }: TestNode, ask: (db: Db) => T): T {
  const db = Db.open(dataFolders(dataDir).ledgerFile, { migrate: false });
  try {
    return ask(db);
  } finally {
    db.close();
  }
}

/** What happened to runs, in order. */
function eventsOf(node: TestNode): Event[] {
  return inLedger(node, (db) =>
    db.all<Event>(
      `SELECT e.id, r.id AS run, e.from_state AS "from", e.to_state AS "to", r.priority, r.model_name AS model
       FROM events e JOIN runs r ON r.id = e.row_id WHERE e.table_name = 'runs' ORDER BY e.id`,
    ),
  );
}
