/** A model goes from one site to another in a file: the same image under the same digest, or nothing. */
import { jest } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
  copyFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelView } from '../../src/api/views.js';
import { describeWith } from '../support/data.js';
import { dockerAt, engineSocket, missingForDocker } from '../support/docker.js';
import { importBusybox, missingForDockerd } from '../support/dockerd.js';
import { changedPart, rewritten } from '../support/exported-model.js';
import { makeModelPackage } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';

const NAME = 'travelling';
const TAG = `travelling-${process.pid}`;
const REFERENCE = `localhost/anteroom-test:${TAG}`;
const FAILPOINTS = fileURLToPath(new URL('../support/failpoints.mjs', import.meta.url));
const TRANSFER = new URL('../../dist/runs/runtimes/docker-transfer.js', import.meta.url).href;

jest.setTimeout(60_000);

const missing = [...missingForNode(), ...missingForDocker(), ...missingForDockerd().filter((name) => name === 'busybox-static')];

describeWith('models export and import', missing, () => {
  const docker = dockerAt(engineSocket());
  const file = join(tempFolder('export'), 'travelling.tar');
  let node: TestNode;
  let folder: string;
  let id: string;

  beforeAll(async () => {
    await importBusybox(docker, { made: String(process.pid) }, TAG);
    id = (await docker.getImage(REFERENCE).inspect()).Id;
    folder = makeModelPackage(NAME, REFERENCE, 'true');
    mkdirSync(join(folder, 'test/default/sample'), { recursive: true });
    writeFileSync(join(folder, 'test/default/sample/1.dcm'), 'pixels');
    node = await startNode({ settings: { docker: { socket: engineSocket() } } });
    expect(await node.command('models', 'export', folder, '--out', file)).toMatchObject({ exitCode: 0, stderr: '' });
    await docker.getImage(REFERENCE).remove();
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    for (const reference of [REFERENCE, `${REFERENCE}-arm`])
      await docker
        .getImage(reference)
        .remove()
        .catch(() => undefined);
  });

  /** Nothing is registered, and no image and no file of it are here. */
  async function expectNothing(): Promise<void> {
    expect(await node.admin.get<ModelView[]>('/models')).toEqual([]);
    await expect(docker.getImage(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(models()).toEqual([]);
  }

  function models(): string[] {
    const modelsDir = join(node.folder, 'models');
    return existsSync(modelsDir) ? readdirSync(modelsDir) : [];
  }

  it('refuses a file with one other byte, and leaves nothing behind', async () => {
    const damaged = join(tempFolder('damaged'), 'travelling.tar');
    copyFileSync(file, damaged);
    const handle = openSync(damaged, 'r+');
    writeSync(handle, Buffer.from('?'), 0, 1, Math.floor(statSync(file).size / 2));
    closeSync(handle);
    const { exitCode, stderr } = await node.command('models', 'import', damaged);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/The exported model cannot be taken in: image\/000000 has .* it was changed/);
    await expectNothing();
  });

  it('refuses an image for another kind of machine', async () => {
    const forArm = join(tempFolder('arm'), 'travelling.tar');
    copyFileSync(file, forArm);
    await rewritten(
      forArm,
      changedPart('head.json', (head) => Buffer.from(String(head).replace(/"architecture": "\w+"/, '"architecture": "s390x"')), true),
    );
    const { exitCode, stderr } = await node.command('models', 'import', forArm);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/its image is for linux\/s390x, expected one for linux\/\w+, which the engine here runs/);
    await expectNothing();
  });

  it('leaves nothing behind where the node refuses the model', async () => {
    const { exitCode, stderr } = await node.command('models', 'import', file, '--activate');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/expected a passed one, or a name and a reason/);
    await expectNothing();
  });

  it.each(['import.checked', 'import.loaded'])('may be killed at %s', async (failpoint) => {
    const args = ['--import', FAILPOINTS, resolve('dist/anteroom.cjs'), 'models', 'import', file, '--config', node.settingsFile];
    const child = spawn(process.execPath, args, { env: { ...process.env, ANTEROOM_FAILPOINT: failpoint }, stdio: 'ignore' });
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
    expect(await node.admin.get<ModelView[]>('/models')).toEqual([]);
    // Another import may be at work there: what a killed one has left goes after a day.
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    for (const left of models()) utimesSync(join(node.folder, 'models', left), twoDaysAgo, twoDaysAgo);
    expect(models()).toEqual([expect.stringMatching(/^\.anteroom-import-/)]);
  });

  it.each([
    ['answers then', false],
    ['does not', true],
  ])('keeps what the node has registered where its answer was lost, if the node %s', async (_, gone) => {
    await docker
      .getImage(id)
      .remove({ force: true })
      .catch(() => undefined);
    const [dataDir, into] = [tempFolder('lost'), tempFolder('into')];
    let isLost = false;
    const proxy = createServer((asked, response) => {
      const body = asked.method === 'POST' ? buffer(asked).then((bytes) => JSON.parse(String(bytes)) as unknown) : undefined;
      const answer = body === undefined ? node.admin.get(asked.url ?? '') : body.then((value) => node.admin.post(asked.url ?? '', value));
      void answer.then((value) => {
        isLost ||= body !== undefined;
        if (body !== undefined || (isLost && gone)) response.destroy();
        else response.end(JSON.stringify(value));
      });
    }).listen(join(dataDir, 'anteroom.sock'));
    const args = ['models', 'import', file, '--config', node.settingsFile, '--data', dataDir, '--into', into];
    const child = spawn(process.execPath, [resolve('dist/anteroom.cjs'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [stderr] = await Promise.all([buffer(child.stderr), once(child, 'close')]);
    proxy.close();
    expect(String(stderr)).toMatch(/it went away while travelling 1\.0\.0 was registered.* are kept: see `anteroom models list`/);
    expect(child.exitCode).toBe(1);
    expect(await node.admin.get<ModelView[]>('/models')).toMatchObject([{ digest: id, folder: join(into, `${NAME}-1.0.0`) }]);
    expect((await docker.getImage(REFERENCE).inspect()).Id).toBe(id);
    expect(readdirSync(into)).toEqual([`${NAME}-1.0.0`]);
  });

  it('registers the model under the digest that it had, however often, twice at once included', async () => {
    const imported = () => node.command('models', 'import', file, '--activate', '--reason', 'test');
    for (const outcome of [...(await Promise.all([imported(), imported()])), await imported()])
      expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const [model, ...more] = await node.admin.get<ModelView[]>('/models');
    expect(more).toEqual([]);
    expect(model).toMatchObject({ name: NAME, state: 'active', digest: id, folder: join(node.folder, 'models', `${NAME}-1.0.0`) });
    expect((await docker.getImage(REFERENCE).inspect()).Id).toBe(id);
    expect(models()).toEqual([`${NAME}-1.0.0`]);
    expect(readFileSync(join(model.folder ?? '', 'test/default/sample/1.dcm'), 'utf8')).toBe('pixels');
    // The node may be another user than whoever has imported it.
    for (const path of ['.', 'test/default/sample', 'test/default/sample/1.dcm'])
      expect([path, statSync(join(model.folder ?? '', path)).mode & 0o777]).toEqual([path, path.endsWith('.dcm') ? 0o644 : 0o755]);
  });

  it('tests what was imported by its name, although its folder is called otherwise', async () => {
    const { stderr } = await node.command('models', 'test', NAME, '--out', tempFolder('tested'));
    expect(stderr).not.toMatch(/is not registered|cannot be read: .*travelling \(ENOENT\)/);
    expect(await node.command('models', 'test', 'nowhere')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no running node knows it') as string,
    });
  });

  it('takes along which model.yaml it was registered with', async () => {
    const two = makeModelPackage(NAME, 'localhost/anteroom-test:nowhere', 'true');
    copyFileSync(join(folder, 'model.yaml'), join(two, 'model.second.yaml'));
    const [out, into] = [join(tempFolder('second'), 'travelling.tar'), tempFolder('into')];
    for (const command of [
      ['add', two, '--model-file', 'model.second.yaml'],
      ['export', NAME, '--out', out],
      ['import', out, '--into', into],
    ])
      expect(await node.command('models', ...command)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await node.admin.get<ModelView[]>('/models')).toMatchObject([
      { digest: id, folder: join(into, `${NAME}-1.0.0`), modelFile: 'model.second.yaml' },
    ]);
  });

  it('exports a registered model by its name, as it was registered, whatever its image name stands for now', async () => {
    await importBusybox(docker, { made: 'another' }, TAG);
    const again = join(tempFolder('again'), 'travelling.tar');
    const { exitCode, stdout } = await node.command('models', 'export', NAME, '--out', again);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(id);
    await docker.getImage(id).remove();
  });

  it('asks for a file of an image without a connection that would keep the command from ending', async () => {
    const reference = await importBusybox(docker, { made: `${process.pid}-asked` }, `${TAG}-asked`);
    const asks = `import { imageTransfer } from ${JSON.stringify(TRANSFER)};
      process.stdout.write(String(await imageTransfer({ socketPath: process.argv[1] }).hasFile(process.argv[2], '/bin')));`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', asks, engineSocket(), reference], {
      timeout: 20_000,
    });
    await docker.getImage(reference).remove();
    expect({ printed: String(stdout), status }).toEqual({ printed: 'true', status: 0 });
  });

  it('leaves the package alone that is there already and is another', async () => {
    writeFileSync(join(node.folder, 'models', `${NAME}-1.0.0`, 'model.yaml'), '# mine');
    const { exitCode, stderr } = await node.command('models', 'import', file);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/model\.yaml/);
  });
});
