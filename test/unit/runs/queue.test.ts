/** The queue of runs with an engine that is made up: away, slow, losing containers; the ledger tells what came of it. */
import { existsSync, mkdirSync } from 'node:fs';
import { setLogLevel } from '../../../src/foundation/log.js';
import type { Db } from '../../../src/ledger/database.js';
import { requestCancel } from '../../../src/ledger/runs.js';
import { attemptFolders } from '../../../src/runs/run-folders.js';
import { LOST, QueueNode } from '../../support/queue-node.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

const attempts = (db: Db) => db.get<{ n: number }>('SELECT count(*) AS n FROM attempts')?.n;

describe('the queue of runs', () => {
  it('probes an engine that is away with one run, not with all that wait', async () => {
    const node = new QueueNode(20);
    node.engine.away = true;
    node.queue.start();
    const probed = await until('an attempt in vain', () => node.run(1).failure_code === 'ENGINE_UNREACHABLE' && node.run(1));
    expect(probed).toMatchObject({ state: 'queued', attempts: 0 });
    node.bell.ring('runs');
    await new Promise((resolve) => setImmediate(resolve));
    expect(attempts(node.db)).toBe(1);
  });

  it('keeps the wish to cancel when the container is lost meanwhile', async () => {
    const node = new QueueNode(1);
    node.queue.start();
    await node.reaches(1, 'running');
    requestCancel(node.db, 1);
    node.engine.end('anteroom-test-run-1-1', LOST);
    expect(await node.reaches(1, 'cancelled')).toMatchObject({ failure_code: 'RUN_CANCELLED' });
    expect(node.engine.started).toHaveLength(1);
  });

  it('does not start what the model does not take, and starts what cannot be asked', async () => {
    const node = new QueueNode(2);
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
    const node = new QueueNode(1);
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
    const node = new QueueNode(2);
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
    const node = new QueueNode(1);
    let ready = (): void => undefined;
    node.engine.ready = new Promise((resolve) => (ready = resolve));
    node.queue.start();
    await until('the engine to be asked', () => node.engine.asked.length === 1);
    await node.queue.stop();
    ready();
    await until('the watch to be released', () => node.engine.released.length === 1);
    expect(node.run(1).state).toBe('starting');
  });

  it('starts no container any more once the node ends, though its input is being made', async () => {
    const node = new QueueNode(1);
    node.queue.start();
    expect(node.run(1).state).toBe('starting');
    await node.queue.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect([node.engine.asked, node.run(1).state]).toEqual([[], 'starting']);
  });

  it('queues a run again whose container is not there after a restart, and takes its input folder away', async () => {
    const node = new QueueNode(1);
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
    const node = new QueueNode(1, { withoutFile: true });
    node.queue.start();
    expect(await node.reaches(1, 'failed')).toMatchObject({
      failure_code: 'FILE_UNREADABLE',
      reason: expect.stringContaining('1.2.1.1') as string,
    });
  });
});
