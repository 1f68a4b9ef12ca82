/** What every runtime promises, tried on each of them with real engines and processes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loggerOf } from '../../src/foundation/log.js';
import { createDockerRuntime } from '../../src/runs/runtimes/docker.js';
import { createProcessRuntime } from '../../src/runs/runtimes/process.js';
import { parseStat } from '../../src/runs/runtimes/process-group.js';
import type { RunExit, RunLimits, RunSpec, Runtime } from '../../src/runs/runtimes/runtime.js';
import { describeWith } from '../support/data.js';
import { importBusybox, missingForDockerd, startDockerd } from '../support/dockerd.js';
import { missingForPodman, startPodman } from '../support/podman.js';
import { listener, makeRun, WAIT_FOR_GO, type RunFolder } from '../support/runtimes.js';
import { until } from '../support/until.js';

const log = loggerOf('test');

/** One kind of runtime on this machine. */
interface Bench {
  /** A further object on the same engine, as after a restart of the node. */
  runtime(): Runtime;
  readonly image: string | undefined;
  /** What it says of a kill that is nobody's: Podman does not tell the kernel's from others. */
  readonly foreignKill: Partial<RunExit>;
  stop(): Promise<void>;
}

const BY_SIGNAL: Partial<RunExit> = { oomKilled: false, detail: 'killed by a signal that did not come from this node' };

async function dockerBench(): Promise<Bench> {
  const dockerd = await startDockerd();
  const image = await importBusybox(dockerd.docker);
  return {
    image,
    foreignKill: BY_SIGNAL,
    runtime: () => createDockerRuntime({ socketPath: dockerd.socketPath, log, pollMs: 250, engineStopMs: 500 }),
    stop: () => dockerd.remove(),
  };
}

async function podmanBench(): Promise<Bench> {
  const podman = await startPodman();
  const image = await importBusybox(podman.docker);
  return {
    image,
    foreignKill: { oomKilled: true },
    runtime: () => createDockerRuntime({ socketPath: podman.socketPath, log, pollMs: 250, engineStopMs: 500 }),
    stop: () => podman.remove(),
  };
}

async function processBench(): Promise<Bench> {
  const stateDir = await mkdtemp(join(tmpdir(), 'anteroom-processes-'));
  return {
    image: undefined,
    foreignKill: BY_SIGNAL,
    runtime: () => createProcessRuntime({ stateDir, log, pollMs: 100 }),
    stop: () => rm(stateDir, { recursive: true, force: true }),
  };
}

function progressLine(done: number): string {
  const modules = [{ label: 'Importer' }, { label: 'Runner' }, { label: 'Exporter' }, { label: 'Organizer' }];
  return JSON.stringify({
    current: { module: { label: 'Runner', index: done, num_instances: 1, instance_progress: 0 } },
    total: { modules },
  });
}

function conformance(makeBench: () => Promise<Bench>): void {
  let bench: Bench;
  let runtime: Runtime;
  const runs: RunFolder[] = [];

  const run = async (script: string, limits: Partial<RunLimits> = {}, spec: Partial<RunSpec> = {}): Promise<RunFolder> => {
    const made = await makeRun(script, { ...(bench.image === undefined ? {} : { image: bench.image }), limits, spec });
    runs.push(made);
    return made;
  };

  beforeAll(async () => {
    bench = await makeBench();
    runtime = bench.runtime();
  });
  afterEach(async () => {
    for (const made of runs.splice(0)) {
      await runtime.cancel(made.spec.name);
      await made.remove();
    }
  });
  afterAll(async () => {
    await bench.stop();
  });

  it('says what answers and what it isolates', async () => {
    const { version, isolation } = await runtime.check();
    expect(version).toMatch(/\d+\.\d+/);
    expect(isolation).not.toBe('');
  });

  it('carries input to output and keeps the log', async () => {
    const made = await run(
      'cp "$ANTEROOM_INPUT_DIR/greeting" "$ANTEROOM_OUTPUT_DIR/answer"; echo to stdout; echo to stderr >&2; printf "no line end"',
    );
    const heard = listener();
    const exit = await (await runtime.start(made.spec, heard.events)).done;
    expect(exit).toMatchObject({ exitCode: 0, oomKilled: false, timedOut: false, cancelled: false, outputTooLarge: false, lost: false });
    expect(exit.endedAt).toBeGreaterThanOrEqual(exit.startedAt ?? Number.NaN);
    expect(await made.output('answer')).toBe('hello');
    expect((await made.log()).split('\n').sort()).toEqual(['', 'no line end', 'to stderr', 'to stdout']);
    expect(heard.lines).toHaveLength(3);
  });

  it('reports the exit code of a failed model, and no output as it is', async () => {
    const made = await run('echo cannot; exit 1');
    const exit = await (await runtime.start(made.spec, {})).done;
    expect(exit).toMatchObject({ exitCode: 1, lost: false, outputTooLarge: false });
    expect(await made.log()).toBe('cannot\n');
  });

  it('ends a model that hangs and ignores SIGTERM', async () => {
    const made = await run('trap "" TERM; while :; do sleep 0.1; done', { timeoutMs: 500 });
    const exit = await (await runtime.start(made.spec, {})).done;
    expect(exit).toMatchObject({ timedOut: true, lost: false, cancelled: false });
  });

  it('cancels: the watch ends, and nothing of it is left', async () => {
    const made = await run('echo started; sleep 600');
    const heard = listener();
    const { done } = await runtime.start(made.spec, heard.events);
    await until('a line', () => heard.lines.length > 0);
    await runtime.cancel(made.spec.name);
    expect(await done).toMatchObject({ cancelled: true, lost: false, timedOut: false });
    expect(await made.log()).toBe('started\n');
    expect(await runtime.list('test-node')).toEqual([]);
    await runtime.cancel(made.spec.name);
  });

  it('reports a model that runs out of memory', async () => {
    const made = await run(
      'piece=$(head -c 1000000 /dev/zero | tr "\\0" x); i=0; while [ $i -lt 200 ]; do all="$all$piece"; i=$((i+1)); done; echo survived',
    );
    const exit = await (await runtime.start(made.spec, {})).done;
    expect(exit).toMatchObject({ oomKilled: true, lost: false });
    expect(await made.log()).not.toContain('survived');
  });

  it('ends a model that fills its output', async () => {
    const made = await run('while :; do head -c 1000000 /dev/zero >>"$ANTEROOM_OUTPUT_DIR/big"; sleep 0.02; done');
    const exit = await (await runtime.start(made.spec, {})).done;
    expect(exit).toMatchObject({ outputTooLarge: true, lost: false, timedOut: false });
  });

  it('sees too much output also of a model that ended before it was measured', async () => {
    const made = await run('head -c 9000000 /dev/zero >"$ANTEROOM_OUTPUT_DIR/big"');
    expect(await (await runtime.start(made.spec, {})).done).toMatchObject({ outputTooLarge: true });
  });

  it('keeps a long log within its limit, with its beginning and its end', async () => {
    const made = await run('echo first; seq 1000000 1060000; echo last words', { maxLogMb: 0.25 });
    await (
      await runtime.start(made.spec, {})
    ).done;
    const lines = (await made.log()).trimEnd().split('\n');
    expect(lines[0]).toBe('first');
    expect(lines.at(-1)).toBe('last words');
    expect(lines.filter((line) => line.includes('left out'))).toHaveLength(1);
    expect((await stat(made.spec.logPath)).size).toBeLessThan(256 * 1024 + 500);
  });

  it('tells progress while the model runs, and keeps it out of the log', async () => {
    const made = await run(`echo '${progressLine(1)}'; ${WAIT_FOR_GO}; echo '${progressLine(3)}'; echo done`);
    const heard = listener();
    const { done } = await runtime.start(made.spec, heard.events);
    await until('the first progress', () => heard.progress.length > 0);
    expect(heard.progress).toEqual([{ fraction: 0.25, text: 'Runner (step 2 of 4)' }]);
    await made.letGo();
    await done;
    expect(heard.progress.map(({ fraction }) => fraction)).toEqual([0.25, 0.75]);
    expect(await made.log()).toBe('done\n');
  });

  it('watches again after a restart of the node, with the whole log', async () => {
    const made = await run(`echo before; touch "$ANTEROOM_OUTPUT_DIR/started"; ${WAIT_FOR_GO}; echo after; exit 3`);
    const first = await runtime.start(made.spec, {});
    await made.outputThere('started');
    first.release();
    const heard = listener();
    const adopted = await bench.runtime().adopt(made.spec, heard.events);
    await until('the log from its beginning', () => heard.lines.includes('before'));
    await made.letGo();
    expect(await adopted?.done).toMatchObject({ exitCode: 3, lost: false });
    expect(await made.log()).toBe('before\nafter\n');
  });

  it('collects what ended while no node was there', async () => {
    const made = await run('echo alone; exit 5');
    const before = bench.runtime();
    await (
      await before.start(made.spec, {})
    ).done;
    const adopted = await bench.runtime().adopt(made.spec, {});
    expect(await adopted?.done).toMatchObject({ exitCode: 5, lost: false });
    expect(await made.log()).toBe('alone\n');
  });

  it('counts the time limit from the start, not from the adoption', async () => {
    const made = await run('touch "$ANTEROOM_OUTPUT_DIR/started"; sleep 600', { timeoutMs: 60_000 });
    const first = await runtime.start(made.spec, {});
    await made.outputThere('started');
    first.release();
    const adopted = await bench.runtime().adopt({ ...made.spec, limits: { ...made.spec.limits, timeoutMs: 1 } }, {});
    expect(await adopted?.done).toMatchObject({ timedOut: true });
  });

  it('reports what was killed while nobody watched as lost', async () => {
    const made = await run('touch "$ANTEROOM_OUTPUT_DIR/started"; until [ -e "$ANTEROOM_INPUT_DIR/go" ]; do sleep 0.05; done; kill -9 $$');
    const first = await runtime.start(made.spec, {});
    await made.outputThere('started');
    first.release();
    await made.letGo();
    const seenEnded = await bench.runtime().adopt(made.spec, {});
    await seenEnded?.done;
    const adopted = await bench.runtime().adopt(made.spec, {});
    expect(await adopted?.done).toMatchObject({ lost: true, exitCode: undefined });
  });

  it('reports what killed itself under its eyes as a failure of the model', async () => {
    const made = await run('kill -9 $$');
    const exit = await (await runtime.start(made.spec, {})).done;
    expect(exit).toMatchObject({ exitCode: 137, lost: false, ...bench.foreignKill });
  });

  it('adopts nothing where nothing is', async () => {
    const made = await run('true');
    expect(await runtime.adopt(made.spec, {})).toBeUndefined();
  });

  it('starts once for one name, in one node and over a restart', async () => {
    const made = await run(`echo ran >>"$ANTEROOM_OUTPUT_DIR/count"; ${WAIT_FOR_GO}`);
    const [one, two] = await Promise.all([runtime.start(made.spec, {}), runtime.start(made.spec, {})]);
    const three = await bench.runtime().start(made.spec, {});
    await made.outputThere('count');
    await made.letGo();
    expect([await one.done, await two.done, await three.done]).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }, { exitCode: 0 }]);
    const after = await runtime.start(made.spec, {});
    expect(await after.done).toMatchObject({ exitCode: 0 });
    expect(await made.output('count')).toBe('ran\n');
  });

  it('refuses a name that belongs to another node', async () => {
    const made = await run('sleep 600');
    await runtime.start(made.spec, {});
    const others = { ...made.spec, labels: { ...made.spec.labels, 'anteroom.node': 'other-node' } };
    await expect(bench.runtime().start(others, {})).rejects.toMatchObject({ code: 'CONTAINER_FOREIGN' });
    await expect(bench.runtime().adopt(others, {})).rejects.toMatchObject({ code: 'CONTAINER_FOREIGN' });
  });

  it('lists what is there by node, and removes it', async () => {
    const made = await run('true');
    await (
      await runtime.start(made.spec, {})
    ).done;
    expect(await bench.runtime().list('test-node')).toEqual([made.spec.name]);
    expect(await runtime.list('other-node')).toEqual([]);
    await runtime.remove(made.spec.name);
    await runtime.remove(made.spec.name);
    expect(await runtime.list('test-node')).toEqual([]);
    expect(await made.log()).toBe('');
  });
}

describeWith('docker runtime', missingForDockerd(), () => {
  conformance(dockerBench);
});

describeWith(
  'docker runtime on Podman',
  [...missingForPodman(), ...missingForDockerd().filter((name) => name === 'busybox-static')],
  () => {
    conformance(podmanBench);

    it('refuses a GPU, which Podman would leave out without a word', async () => {
      const podman = await startPodman();
      const made = await makeRun('true', { image: await importBusybox(podman.docker), spec: { gpu: 'all' } });
      const runtime = createDockerRuntime({ socketPath: podman.socketPath, log });
      await expect(runtime.start(made.spec, {})).rejects.toMatchObject({
        code: 'CONTAINER_START_FAILED',
        seen: expect.stringContaining('Podman') as string,
      });
      await made.remove();
      await podman.remove();
    });
  },
);

describe('process runtime', () => {
  conformance(processBench);

  describe('of a program that outlives its wrapper', () => {
    let bench: Bench;
    let made: RunFolder;
    /** Once it may, it kills the wrapper, and sleeps on. */
    const ORPHAN = `${WAIT_FOR_GO}; kill -9 $PPID; sleep 600`;
    const pids = async () => (await made.output('pids')).trim().split(' ').map(Number);

    beforeEach(async () => {
      bench = await processBench();
      made = await makeRun(
        `echo $$ $PPID >"$ANTEROOM_OUTPUT_DIR/pids.part"; mv "$ANTEROOM_OUTPUT_DIR/pids.part" "$ANTEROOM_OUTPUT_DIR/pids"; ${ORPHAN}`,
      );
    });
    afterEach(async () => {
      const [program] = await pids();
      if (isRunning(program)) process.kill(program, 'SIGKILL');
      await bench.stop();
      await made.remove();
    });

    it('has ended only when nothing of it is left', async () => {
      const { done } = await bench.runtime().start(made.spec, {});
      await made.outputThere('pids');
      await made.letGo();
      expect(await done).toMatchObject({ lost: true });
      expect((await pids()).filter(isRunning)).toEqual([]);
    });

    it.each(['remove', 'cancel'] as const)('is ended by `%s` after a restart of the node', async (way) => {
      const first = await bench.runtime().start(made.spec, {});
      await made.outputThere('pids');
      first.release();
      const [program, wrapper] = await pids();
      await made.letGo();
      await until('the wrapper to be gone', () => !isRunning(wrapper));
      expect(isRunning(program)).toBe(true);
      await bench.runtime()[way](made.spec.name);
      expect(isRunning(program)).toBe(false);
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state !== 'Z';
  } catch {
    return false;
  }
}
