/** Updates of a model whose image is in a registry: told before they are pulled, and pulled only when they are taken. */
import { jest } from '@jest/globals';
import type { ModelView } from '../../src/api/views.js';
import { describeWith } from '../support/data.js';
import { dockerAt, engineSocket, missingForDocker } from '../support/docker.js';
import { importBusybox, missingForDockerd } from '../support/dockerd.js';
import { makeModelPackage } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { missingTools } from '../support/tools.js';

jest.setTimeout(60_000);

const missing = [
  ...missingForNode(),
  ...missingForDocker(),
  ...missingForDockerd().filter((name) => name === 'busybox-static'),
  ...missingTools('docker-registry'),
];

describeWith('a model from a registry', missing, () => {
  const docker = dockerAt(engineSocket());
  const ids: string[] = [];
  let node: TestNode;
  let registry: Registry;
  let image: string;

  /** An image of this content goes into the registry, under the name of all of them, and is here under that name. */
  async function inRegistry(content: string): Promise<string> {
    const own = await importBusybox(docker, { content }, `update-${process.pid}-${content}`);
    image = await registry.throughRegistry(docker, own, `updated-${process.pid}`);
    await docker.getImage(own).remove();
    ids.push((await docker.getImage(image).inspect()).Id);
    return image;
  }

  const update = (...args: string[]) => node.command('models', 'update', 'pulled', ...args);

  beforeAll(async () => {
    registry = await startRegistry();
    node = await startNode({ settings: { docker: { socket: engineSocket() } } });
    const folder = makeModelPackage('pulled', await inRegistry('first'), 'true');
    expect(await node.command('models', 'add', folder)).toMatchObject({ exitCode: 0, stderr: '' });
  });
  afterAll(async () => {
    await node.remove();
    for (const id of ids)
      await docker
        .getImage(id)
        .remove({ force: true })
        .catch(() => undefined);
  });

  it('is told of an image that is not here yet, or any more; taking it pulls it; a registry that does not answer is named', async () => {
    expect(await update()).toMatchObject({ exitCode: 0, stdout: 'pulled 1.0.0: nothing has changed\n' });
    const [{ digest: first }] = await node.admin.get<ModelView[]>('/models');
    await inRegistry('second');
    const [repo, tag] = [image.slice(0, image.lastIndexOf(':')), '1'];
    // As on a machine on which nobody has pulled since: the name stands for the first one.
    await docker.getImage(ids[0]).tag({ repo, tag });

    const told = /digest: (\S+) → (\S+) \(in the registry\)/.exec((await update()).stdout) ?? [];
    expect(told[1]).toBe(first);
    expect((await docker.getImage(image).inspect()).Id).toBe(ids[0]);
    expect((await update('--take')).stdout).toContain(`pulled 1.0.0 is registered (${told[2]})`);
    expect((await docker.getImage(image).inspect()).Id).toBe(ids[1]);
    expect((await node.admin.get<ModelView[]>('/models')).map(({ digest }) => digest)).toEqual([told[2], first]);

    for (const id of ids) await docker.getImage(id).remove({ force: true });
    expect((await update()).stdout).toBe(
      `pulled 1.0.0: nothing has changed, but ${image} is not on this machine as its registry has it: \`--take\` pulls it\n`,
    );
    expect((await update('--take')).exitCode).toBe(0);
    expect((await docker.getImage(image).inspect()).Id).toBe(ids[1]);

    await registry.remove();
    expect((await update()).stdout).toMatch(/its registry could not be asked, so this is what is here \(.*refused/);
  });
});
