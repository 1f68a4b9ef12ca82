/** What only the docker runtime promises: least privilege, images, and an engine that dies and returns. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loggerOf } from '../../src/foundation/log.js';
import { createDockerRuntime } from '../../src/runs/runtimes/docker.js';
import type { RunSpec, Runtime } from '../../src/runs/runtimes/runtime.js';
import { describeWith } from '../support/data.js';
import { importBusybox, missingForDockerd, startDockerd, type Dockerd } from '../support/dockerd.js';
import { startRegistry } from '../support/registry.js';
import { keepingLogger, LIMITS, listener, makeRun, WAIT_FOR_GO, type RunFolder } from '../support/runtimes.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const log = loggerOf('test');

/** Passes on what is asked of an engine, and breaks the connection where that has started a container. */
async function startForgetfulFront(socketPath: string): Promise<Server> {
  const front = createServer((asked, told) => {
    const { method, url = '', headers } = asked;
    const onward = request({ socketPath, method, path: url, headers }, (answer) => {
      if (url.endsWith('/start')) asked.socket.destroy();
      else answer.pipe(told.writeHead(answer.statusCode ?? 500, answer.headers));
    });
    asked.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  return front;
}

const ENGINE_AWAY = 'the engine does not answer; the run is watched again when it is back';

describeWith('docker runtime on an engine of its own', [...missingForDockerd(), ...missingTools('docker-registry')], () => {
  let dockerd: Dockerd;
  let image: string;
  let runtime: Runtime;
  const runs: RunFolder[] = [];

  const run = async (script: string, spec: Partial<RunSpec> = {}): Promise<RunFolder> => {
    const made = await makeRun(script, { image, spec });
    runs.push(made);
    return made;
  };

  beforeAll(async () => {
    dockerd = await startDockerd();
    image = await importBusybox(dockerd.docker, { 'app/models/demo/meta.json': '{"name":"demo"}' });
    runtime = createDockerRuntime({ socketPath: dockerd.socketPath, log, pollMs: 250, nodeId: 'test-node' });
  });
  afterEach(async () => {
    for (const made of runs.splice(0)) {
      await runtime.remove(made.spec.name);
      await made.remove();
    }
  });
  afterAll(async () => {
    await dockerd.remove();
  });

  describe('isolation, seen from inside', () => {
    const LOOK = [
      'grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status',
      'echo net: $(ls /sys/class/net)',
      'echo user: $(id -u):$(id -g)',
      'touch /root-written 2>/dev/null && echo root written',
      'touch "$ANTEROOM_INPUT_DIR/x" 2>/dev/null && echo input written',
      'touch "$ANTEROOM_OUTPUT_DIR/x" && echo output written',
      'touch /tmp/x /app/tmp/x /app/data/sorted_data/x && echo scratch written',
      'head -c 20000000 /dev/zero 2>/dev/null >/tmp/big || echo scratch is limited',
      'cat /proc/1/cmdline | tr "\\0" " " | head -c 40; echo',
      'echo stdin: $(head -c 1 | tr "\\0" x)',
      'exit 0',
    ].join('\n');

    it('has only what it needs, as a user of ours', async () => {
      const made = await run(LOOK, { user: '10001:10001' });
      const exit = await (await runtime.start(made.spec, {})).done;
      const seen = (await made.log()).replaceAll('\t', ' ').split('\n');
      expect(exit.exitCode).toBe(0);
      expect(seen).toEqual(expect.arrayContaining(['CapEff: 0000000000000000', 'CapBnd: 0000000000000000', 'NoNewPrivs: 1', 'Seccomp: 2']));
      expect(seen).toEqual(
        expect.arrayContaining(['net: lo', 'user: 10001:10001', 'output written', 'scratch written', 'scratch is limited', 'stdin:']),
      );
      expect(seen).not.toContain('root written');
      expect(seen).not.toContain('input written');
      expect(seen.some((line) => line.includes('docker-init'))).toBe(true);
    });

    it("has no more as the image's root, who may write where it is told", async () => {
      const made = await run(LOOK);
      await (
        await runtime.start(made.spec, {})
      ).done;
      const seen = (await made.log()).replaceAll('\t', ' ').split('\n');
      expect(seen).toEqual(expect.arrayContaining(['CapEff: 0000000000000000', 'user: 0:0', 'output written', 'net: lo']));
      expect(seen).not.toContain('root written');
    });

    it('runs also where it may use more CPUs than the machine has', async () => {
      const made = await run('true', { limits: { ...LIMITS, cpus: 512 } });
      expect(await (await runtime.start(made.spec, {})).done).toMatchObject({ exitCode: 0 });
    });

    it('can write to its root where the model needs that', async () => {
      const made = await run('touch /root-written && echo root written', { readOnlyRoot: false });
      await (
        await runtime.start(made.spec, {})
      ).done;
      expect(await made.log()).toBe('root written\n');
    });
  });

  describe('refusals', () => {
    it('names a missing image', async () => {
      const made = await run('true', { image: 'localhost/anteroom-test:nowhere' });
      await expect(runtime.start(made.spec, {})).rejects.toMatchObject({
        code: 'IMAGE_MISSING',
        seen: expect.stringContaining('localhost/anteroom-test:nowhere') as string,
      });
      await expect(runtime.resolveImage?.('localhost/anteroom-test:nowhere')).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
    });

    it("gives the engine's words for a start that fails, and leaves nothing", async () => {
      const made = await run('true', { gpu: 'all' });
      await expect(runtime.start(made.spec, {})).rejects.toMatchObject({
        code: 'CONTAINER_START_FAILED',
        seen: expect.stringContaining('device driver') as string,
      });
      const folderless = await run('true', { inputDir: '/nowhere/at/all' });
      await expect(runtime.start(folderless.spec, {})).rejects.toMatchObject({
        code: 'CONTAINER_START_FAILED',
        seen: expect.stringContaining('/nowhere/at/all') as string,
      });
      expect(await runtime.list('test-node')).toEqual([]);
    });

    it('leaves alone what does not carry a label of a node', async () => {
      const foreign = await dockerd.docker.createContainer({
        name: 'somebody-elses',
        Image: image,
        Cmd: ['true'],
        HostConfig: { NetworkMode: 'none' },
      });
      await expect(runtime.remove('somebody-elses')).rejects.toMatchObject({ code: 'CONTAINER_FOREIGN' });
      expect((await foreign.inspect()).Name).toBe('/somebody-elses');
      await foreign.remove();
    });

    it('says that no engine answers', async () => {
      const nowhere = createDockerRuntime({ socketPath: '/nowhere/docker.sock', log });
      const made = await run('true');
      await expect(nowhere.check()).rejects.toMatchObject({
        code: 'ENGINE_UNREACHABLE',
        seen: expect.stringContaining('/nowhere/docker.sock') as string,
      });
      await expect(nowhere.start(made.spec, {})).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    });
  });

  describe('images', () => {
    it('resolves a tag to what pins it, and runs by that', async () => {
      const facts = await runtime.resolveImage?.(image);
      expect(facts?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(facts?.digest).toBe(facts?.id);
      const made = await run('echo pinned', { image: facts?.digest ?? '' });
      expect(await (await runtime.start(made.spec, {})).done).toMatchObject({ exitCode: 0 });
    });

    it('finds an image by the digest that a registry gave it, under whatever name it is here', async () => {
      const registry = await startRegistry();
      try {
        const pulled = await registry.throughRegistry(dockerd.docker, image, 'busybox');
        const { id, digest } = (await runtime.resolveImage?.(pulled)) ?? {};
        expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(digest).not.toBe(id);
        const made = await run('echo from a registry', { image: digest });
        expect(await (await runtime.start(made.spec, {})).done).toMatchObject({ exitCode: 0 });
        expect((await runtime.resolveImage?.(digest ?? ''))?.id).toBe(id);
        await dockerd.docker.getImage(pulled).remove();
      } finally {
        await registry.remove();
      }
    });

    it('reads one file without starting anything', async () => {
      expect((await runtime.readImageFile?.(image, '/app/models/demo/meta.json'))?.toString()).toBe('{"name":"demo"}');
      expect(await runtime.readImageFile?.(image, '/app/models/demo/nothing.json')).toBeUndefined();
      await expect(runtime.readImageFile?.(image, '/app/models')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
      expect(await runtime.list('test-node')).toEqual([]);
    });
  });

  it("keeps beginning and end of a log that the engine's own rotation tears", async () => {
    const made = await run('echo first; seq 1000000 1400000; echo last words', { limits: { ...LIMITS, maxLogMb: 1 } });
    await (
      await runtime.start(made.spec, {})
    ).done;
    const lines = (await made.log()).trimEnd().split('\n');
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(['first', '1400000', 'last words']);
    expect(lines.filter((line) => line.includes('left out'))).toHaveLength(1);
  });

  it('says that a container may be at work before it asks for that: the answer may be lost', async () => {
    const front = await startForgetfulFront(dockerd.socketPath);
    try {
      const { port } = front.address() as AddressInfo;
      const behind = createDockerRuntime({ host: '127.0.0.1', port, protocol: 'http', log });
      const made = await run('sleep 600');
      const told = { starting: false };
      const onStarting = () => (told.starting = true);
      await expect(behind.start({ ...made.spec, image: 'localhost/anteroom-test:nowhere' }, { onStarting })).rejects.toMatchObject({
        code: 'IMAGE_MISSING',
      });
      expect(told.starting).toBe(false);
      await expect(behind.start(made.spec, { onStarting })).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
      expect(told.starting).toBe(true);
      expect((await dockerd.docker.getContainer(made.spec.name).inspect()).State.Running).toBe(true);
    } finally {
      front.close();
    }
  });

  it('makes a container again that was only created', async () => {
    const made = await run('echo ran');
    await dockerd.docker.createContainer({
      name: made.spec.name,
      Image: image,
      Labels: { ...made.spec.labels },
      Cmd: ['true'],
      HostConfig: { NetworkMode: 'none' },
    });
    expect(await runtime.adopt(made.spec, {})).toBeUndefined();
    expect(await (await runtime.start(made.spec, {})).done).toMatchObject({ exitCode: 0 });
    expect(await made.log()).toBe('ran\n');
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('an engine that dies of %s during a run: the run is lost, not failed', async (signal) => {
    const made = await run(`echo started; ${WAIT_FOR_GO}`);
    const heard = listener();
    const kept = keepingLogger();
    const own = createDockerRuntime({ socketPath: dockerd.socketPath, log: kept, pollMs: 250 });
    const { done } = await own.start(made.spec, heard.events);
    let exited = false;
    void done.then(() => (exited = true));
    await until('a line', () => heard.lines.length > 0);
    await dockerd.kill(signal);
    await until('the watch notices', () => kept.kept.some(({ message }) => message === ENGINE_AWAY));
    expect(exited).toBe(false);
    await dockerd.start();
    expect(await done).toMatchObject({ lost: true, exitCode: undefined, oomKilled: false, cancelled: false });
  });
});

describeWith('docker runtime on an engine that keeps containers alive', missingForDockerd(), () => {
  let dockerd: Dockerd;

  beforeAll(async () => {
    dockerd = await startDockerd({ flags: ['--live-restore'] });
  });
  afterAll(async () => {
    await dockerd.remove();
  });

  it('goes on watching when the engine is back', async () => {
    const kept = keepingLogger();
    const runtime = createDockerRuntime({ socketPath: dockerd.socketPath, log: kept, pollMs: 250 });
    const made = await makeRun(`echo before; ${WAIT_FOR_GO}; echo after; exit 4`, { image: await importBusybox(dockerd.docker) });
    const heard = listener();
    const { done } = await runtime.start(made.spec, heard.events);
    await until('a line', () => heard.lines.length > 0);
    await dockerd.kill('SIGKILL');
    await until('the watch notices', () => kept.kept.some(({ message }) => message === ENGINE_AWAY));
    await dockerd.start();
    await made.letGo();
    expect(await done).toMatchObject({ exitCode: 4, lost: false });
    expect(heard.lines).toEqual(['before', 'after']);
    await runtime.remove(made.spec.name);
    await made.remove();
  });
});
