/** One attempt of a run with a disk, a ledger or an engine that fails at a bad moment: nothing ends the node, and nothing is lost or left. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { modelById } from '../../../src/ledger/models.js';
import { outputsOfRun } from '../../../src/ledger/results.js';
import { lastAttempt, type AttemptRow } from '../../../src/ledger/runs.js';
import type { RegisteredModelYaml } from '../../../src/models/model-yaml.js';
import { Endings } from '../../../src/runs/endings.js';
import { EnginePatience } from '../../../src/runs/engine-patience.js';
import { LogTail } from '../../../src/runs/log-tail.js';
import { attemptFolders } from '../../../src/runs/run-folders.js';
import { parseSettings } from '../../../src/settings/load.js';
import { describeWith } from '../../support/data.js';
import { ENDED, LOST, QueueNode } from '../../support/queue-node.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

const CONTAINER = 'anteroom-test-run-1-1';
/** Deeper than a path may be long, so that not even root can remove it by its path. */
const TOO_DEEP = 'n=$(printf %0200d 0); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; i=$((i+1)); done';

const foldersOf = (node: QueueNode, attempt = 1) => attemptFolders(node.folders.runs, 1, attempt);

/** What a container left that went well. */
function leaveAnswer(outputDir: string): void {
  writeFileSync(join(outputDir, 'seg.dcm'), Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]));
}

/** Counts the transactions that the ledger refused. */
function refusalsOf({ db }: QueueNode): { count: number } {
  const refusals = { count: 0 };
  const transaction = db.transaction.bind(db);
  db.transaction = (work) => {
    try {
      return transaction(work);
    } catch (thrown) {
      refusals.count++;
      throw thrown;
    }
  };
  return refusals;
}

describe('an attempt', () => {
  it('ends also where its input cannot be removed, and its container goes all the same', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = ({ inputDir }) => execFileSync('sh', ['-c', TOO_DEEP], { cwd: inputDir });
    node.queue.start();
    await node.reaches(1, 'running');
    try {
      node.engine.end(CONTAINER, { ...ENDED, exitCode: 1 });
      await node.reaches(1, 'failed');
      await until('the container to be removed', () => node.engine.removed.includes(CONTAINER));
      await node.queue.stop();
      expect(existsSync(foldersOf(node).inputDir)).toBe(true);
    } finally {
      execFileSync('rm', ['-rf', foldersOf(node).inputDir]);
    }
  });

  it('drops its input before its container is gone, which is no news to a sweep', async () => {
    const node = new QueueNode(2, { atOnce: 2 });
    let gone = (): void => undefined;
    node.engine.removal = new Promise((resolve) => (gone = resolve));
    node.queue.start();
    await node.reaches(2, 'running');
    node.engine.end(CONTAINER, { ...ENDED, exitCode: 1 });
    await until('the removal', () => node.engine.removed.length === 1);
    expect(existsSync(foldersOf(node).inputDir)).toBe(false);

    node.engine.present = [CONTAINER];
    const { lists } = node.engine;
    node.engine.onStart = () => {
      throw new AnteroomError('CONTAINER_START_FAILED', 'no');
    };
    node.db.run("UPDATE runs SET state = 'queued', due_at = 1 WHERE id = 1");
    node.bell.ring('runs');
    await node.reaches(1, 'failed');
    await until('a sweep', () => node.engine.lists >= lists + 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.engine.removed.filter((name) => name === CONTAINER)).toHaveLength(1);
    gone();
  });

  it('leaves what a container that may be at work has written, until it is swept', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = ({ name, outputDir }, events) => {
      events.onStarting?.();
      writeFileSync(join(outputDir, 'half'), 'x');
      node.engine.present = [name];
      node.engine.onStart = () => undefined;
      throw new AnteroomError('ENGINE_UNREACHABLE', 'no answer within 120000 ms');
    };
    node.queue.start();
    await until('the start in vain', () => node.run(1).failure_code === 'ENGINE_UNREACHABLE');
    const { inputDir, outputDir } = foldersOf(node);
    expect(existsSync(join(outputDir, 'half'))).toBe(true);
    node.bell.ring('runs');
    await until('the sweep', () => node.engine.removed.includes(CONTAINER) && !existsSync(inputDir));
    expect(existsSync(join(outputDir, 'half'))).toBe(true);
  });

  it('leaves nothing of a container that has certainly not started', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = (_spec, events) => {
      events.onStarting?.();
      throw new AnteroomError('CONTAINER_START_FAILED', 'no such device');
    };
    node.queue.start();
    await node.reaches(1, 'failed');
    expect(existsSync(foldersOf(node).root)).toBe(false);
  });

  it('whose start failed is written down as soon as the ledger takes it', async () => {
    const node = new QueueNode(1);
    const refusals = refusalsOf(node);
    node.db.run("CREATE TRIGGER full BEFORE UPDATE ON attempts BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
    node.engine.onStart = () => {
      throw new AnteroomError('CONTAINER_START_FAILED', 'no such device');
    };
    node.queue.start();
    await until('a write in vain', () => refusals.count > 0);
    expect(node.run(1).state).toBe('starting');
    node.db.run('DROP TRIGGER full');
    expect(await node.reaches(1, 'failed')).toMatchObject({ failure_code: 'CONTAINER_START_FAILED' });
  });

  it('is at work though the ledger cannot say so yet', async () => {
    const node = new QueueNode(1);
    const refusals = refusalsOf(node);
    node.db.run("CREATE TRIGGER full BEFORE UPDATE ON runs WHEN NEW.state = 'running' BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END");
    node.queue.start();
    await until('a write in vain', () => refusals.count > 0);
    expect(node.run(1).state).toBe('starting');
    node.db.run('DROP TRIGGER full');
    await node.reaches(1, 'running');
    expect(node.engine.started).toEqual([CONTAINER]);
  });

  it('that ended well is produced as soon as the ledger takes it', async () => {
    const node = new QueueNode(1);
    const refusals = refusalsOf(node);
    node.db.run("CREATE TRIGGER full BEFORE INSERT ON outputs BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
    node.engine.onStart = ({ outputDir }) => {
      leaveAnswer(outputDir);
    };
    node.queue.start();
    await node.reaches(1, 'running');
    node.engine.end(CONTAINER, ENDED);
    await until('a write in vain', () => refusals.count > 0);
    expect(node.run(1).state).toBe('running');
    expect(node.engine.removed).toEqual([]);
    node.db.run('DROP TRIGGER full');
    await node.reaches(1, 'produced');
    expect(outputsOfRun(node.db, 1)).toHaveLength(1);
  });

  it('is written down once by a ledger that wrote it and failed to say so', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = ({ outputDir }) => {
      leaveAnswer(outputDir);
    };
    node.queue.start();
    await node.reaches(1, 'running');
    const transaction = node.db.transaction.bind(node.db);
    node.db.transaction = (work) => {
      const done = transaction(work);
      if (node.run(1).state !== 'produced') return done;
      node.db.transaction = transaction;
      throw new Error('disk I/O error');
    };
    node.engine.end(CONTAINER, ENDED);
    await until('the container to be removed', () => node.engine.removed.includes(CONTAINER));
    expect(node.run(1)).toMatchObject({ state: 'produced', failure_code: null });
    expect(outputsOfRun(node.db, 1)).toHaveLength(1);
  });

  it('that is queued again has no progress', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = (_spec, events) => events.onProgress?.({ fraction: 0.75, text: 'Runner (step 3 of 4)' });
    node.queue.start();
    await node.reaches(1, 'running');
    expect(node.run(1)).toMatchObject({ progress: 0.75 });
    node.engine.end(CONTAINER, LOST);
    expect(await node.reaches(1, 'queued')).toMatchObject({ progress: null, progress_text: null });
  });

  it('of which a kill left input and container is swept with both', async () => {
    const node = new QueueNode(1);
    const { inputDir, outputDir } = foldersOf(node);
    for (const folder of [inputDir, outputDir]) mkdirSync(folder, { recursive: true });
    node.db.run('INSERT INTO attempts (run_id, number, container, started_at, ended_at) VALUES (1, 1, ?, 1, 2)', CONTAINER);
    for (const state of ['starting', 'running', 'failed'] as const) node.db.move('runs', 1, state, { at: 1 });
    node.engine.present = [CONTAINER];
    node.queue.start();
    await until('the input to be gone', () => !existsSync(inputDir));
    expect(node.engine.removed).toContain(CONTAINER);
    expect(existsSync(outputDir)).toBe(true);
  });

  it('rings for its results though the container of another run cannot be looked for', async () => {
    const node = new QueueNode(2, { atOnce: 2 });
    node.engine.adopt = () => Promise.reject(new AnteroomError('ENGINE_UNREACHABLE', 'no socket'));
    node.db.run("INSERT INTO attempts (run_id, number, container, started_at) VALUES (2, 1, 'anteroom-test-run-2-1', 1)");
    node.db.move('runs', 2, 'starting', { at: 1 });
    node.queue.start();
    await node.reaches(1, 'running');
    let rung = false;
    node.bell.listen('results', () => (rung = true));
    node.engine.end(CONTAINER, { ...ENDED, exitCode: 1 });
    await until('the results to be rung for', () => rung, 1_000);
  });

  it.each([
    ['ENOSPC', 'DISK_LOW'],
    ['EDQUOT', 'DISK_LOW'],
    ['EIO', 'STORE_FAILED'],
    ['EROFS', 'STORE_FAILED'],
  ])('whose log or state the disk refuses with %s is queued again, and does not count', async (code, failure) => {
    const node = new QueueNode(1);
    node.engine.onStart = () => {
      throw Object.assign(new Error(`${code}: open`), { code });
    };
    node.queue.start();
    await until('the end of the attempt', () => node.run(1).failure_code !== null);
    expect(node.run(1)).toMatchObject({ state: 'queued', failure_code: failure, attempts: 0 });
    expect(node.run(1).due_at).toBeGreaterThan(Date.now());
  });

  it('whose folders cannot be made for a while is queued again, and the queue behind it too', async () => {
    const node = new QueueNode(2);
    rmdirSync(node.folders.runs);
    symlinkSync('nowhere', node.folders.runs);
    node.queue.start();
    await until('both in vain', () => [1, 2].every((id) => node.run(id).failure_code !== null));
    for (const id of [1, 2]) expect(node.run(id)).toMatchObject({ state: 'queued', failure_code: 'STORE_FAILED', attempts: 0 });
    rmSync(node.folders.runs);
    mkdirSync(node.folders.runs);
    node.db.run('UPDATE runs SET due_at = 1');
    node.bell.ring('runs');
    await node.reaches(1, 'running');
  });

  it('is not given up for one reading in vain after a ledger that was locked for long', async () => {
    const node = new QueueNode(1);
    node.engine.onStart = ({ outputDir }) => {
      leaveAnswer(outputDir);
    };
    // From the beginning: the queue must not write the end before it is asked for here.
    node.db.run("CREATE TRIGGER locked BEFORE INSERT ON outputs BEGIN SELECT RAISE(ABORT, 'database is locked'); END");
    node.queue.start();
    const run = await node.reaches(1, 'running');
    const { runs } = parseSettings('', '/anteroom.yaml', {});
    let inVain = 0;
    const settings = {
      ...runs,
      get limits() {
        if (inVain-- > 0) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
        return runs.limits;
      },
    };
    const endings = new Endings({ db: node.db, clock: Date.now, runsFolder: node.folders.runs, settings, patience: new EnginePatience() });
    const yaml = JSON.parse(modelById(node.db, run.model_id ?? 0)?.package ?? '') as RegisteredModelYaml;
    const ended = { run, attempt: lastAttempt(node.db, 1) as AttemptRow, exit: ENDED, yaml, tail: new LogTail(), unjudged: 0 };
    for (let tries = 0; tries < 5; tries++) await expect(endings.finish(ended)).rejects.toThrow('locked');
    node.db.run('DROP TRIGGER locked');
    inVain = 1;
    await expect(endings.finish(ended)).rejects.toThrow('EMFILE');
    await endings.finish(ended);
    expect(node.run(1)).toMatchObject({ state: 'produced', failure_code: null });
  });
});

describeWith('an attempt on a disk that takes no folder', process.getuid?.() === 0 ? [] : ['root, to mount one'], () => {
  it.each([
    ['nr_inodes=1', 'DISK_LOW'],
    ['ro', 'STORE_FAILED'],
  ])('(%s) is queued again as %s', async (option, failure) => {
    const node = new QueueNode(1);
    execFileSync('mount', ['-t', 'tmpfs', '-o', option, 'none', node.folders.runs]);
    try {
      node.queue.start();
      await until('the end of the attempt', () => node.run(1).failure_code !== null);
      expect(node.run(1)).toMatchObject({ state: 'queued', failure_code: failure, attempts: 0 });
    } finally {
      await node.queue.stop();
      execFileSync('umount', ['-l', node.folders.runs]);
    }
  });
});
