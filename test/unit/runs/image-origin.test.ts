/** Where an image came from, as far as an engine's answers prove it: an engine that says what containerd's image store and Podman say. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { connectDocker } from '../../../src/runs/runtimes/docker-engine.js';
import { registryDigest, resolveImage } from '../../../src/runs/runtimes/docker-images.js';
import { tempFolder } from '../../support/temp.js';

const CONTAINERD = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };
const CLASSIC = { DriverStatus: [['Backing Filesystem', 'extfs']] };

describe.each([
  ['the classic store', CLASSIC, 'Engine', true],
  ["containerd's store, where each image has a digest", CONTAINERD, 'Engine', false],
  ['Podman, likewise', {}, 'Podman Engine', false],
])('%s', (_, info, component, provesOrigin) => {
  const socketPath = join(tempFolder('engine'), 'engine.sock');
  const engine = connectDocker({ socketPath });
  let repoDigests: string[];
  let server: Server;

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const answers: [RegExp, () => unknown][] = [
        [/\/version$/, () => ({ Version: '1', ApiVersion: '1.41', Components: [{ Name: component }] })],
        [/\/info$/, () => info],
        [/\/images\/.*\/json$/, () => ({ Id: 'sha256:1', RepoDigests: repoDigests, Config: {} })],
      ];
      const answer = answers.find(([path]) => path.test(url))?.[1];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer?.() ?? { message: 'not found' }));
    }).listen(socketPath);
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });

  it.each(['a/x', 'docker.io/a/x', 'index.docker.io/a/x'])('an image with a digest of %s', async (repository) => {
    repoDigests = [`${repository}@sha256:2`];
    expect(await resolveImage(engine, 'a/x:1')).toMatchObject({ digest: 'sha256:2', fromRegistry: provesOrigin });
    expect(await resolveImage(engine, 'b/x:1')).toMatchObject({ fromRegistry: false });
  });

  it('what no registry has, or the engine cannot ask, is said so', async () => {
    await expect(registryDigest(engine, 'a/x')).rejects.toMatchObject({
      code: 'IMAGE_MISSING',
      seen: expect.stringContaining('cannot ask') as string,
    });
  });
});
