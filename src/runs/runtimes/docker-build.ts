/** Building the image of a model, and having it check itself as sealed as it will run. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { AnteroomError } from '../../foundation/errors.js';
import { connectDocker, type DockerAddress, type DockerEngine } from './docker-engine.js';
import { failureAmong } from './docker-events.js';
import { imageMissing, resolveImage } from './docker-images.js';
import { createDemultiplexer } from './docker-log.js';

const BUILD_TIMEOUT_MS = 30 * 60_000;
const CHECK_TIMEOUT_MS = 120_000;

export interface ImageBuild {
  /** The build context: a folder with a Dockerfile. */
  readonly folder: string;
  readonly image: string;
  /** The base, for `ARG BASE_IMAGE`. */
  readonly base: string;
}

/**
 * Builds without network. @returns the id of the image
 * @throws AnteroomError IMAGE_MISSING without the base, MODEL_PACK_FAILED with what the engine said, ENGINE_UNREACHABLE
 */
export async function buildImage(address: DockerAddress, { folder, image, base }: ImageBuild): Promise<string> {
  const engine = connectDocker(address);
  const found = await engine.call((docker) => docker.getImage(base).inspect(), { refusal: 'IMAGE_MISSING' });
  if (!found) throw imageMissing(base);
  const options = { t: image, networkmode: 'none', buildargs: { BASE_IMAGE: base }, forcerm: true };
  const stream = await engine.call((docker) => docker.buildImage(contextOf(folder), options), {
    timeoutMs: BUILD_TIMEOUT_MS,
    refusal: 'MODEL_PACK_FAILED',
  });
  if (stream === undefined) throw imageMissing(base);
  const failure = await engine.call((docker) => failureAmong(docker, stream), {
    timeoutMs: BUILD_TIMEOUT_MS,
    refusal: 'MODEL_PACK_FAILED',
  });
  if (failure !== undefined) throw new AnteroomError('MODEL_PACK_FAILED', failure);
  const built = await engine.call((docker) => docker.getImage(image).inspect());
  if (!built) throw new AnteroomError('MODEL_PACK_FAILED', `the engine has built no ${image}`);
  return built.Id;
}

/** The user that an image names, empty for root. @throws AnteroomError IMAGE_MISSING, ENGINE_UNREACHABLE */
export async function userOfImage(address: DockerAddress, image: string): Promise<string> {
  return (await resolveImage(connectDocker(address), image)).user;
}

/** The folder as a tar, everything readable for everyone: models do not run as root. */
function contextOf(folder: string): NodeJS.ReadableStream {
  const pack = tar.pack();
  const add = async () => {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) continue;
      await pipeline(createReadStream(path), pack.entry({ name, mode: 0o644, size: statSync(path).size }));
    }
    pack.finalize();
  };
  add().catch((thrown: unknown) => pack.destroy(thrown as Error));
  return pack.pipe(new PassThrough());
}

/**
 * Starts the image with `--check`: without network, as its own user, with a read-only root.
 * @returns what it printed
 * @throws AnteroomError MODEL_INVALID with what it printed, where it does not end with 0
 */
export async function checkImage(address: DockerAddress, image: string): Promise<string> {
  const engine = connectDocker(address);
  const container = await engine.call((docker) =>
    docker.createContainer({
      Image: image,
      Cmd: ['--check'],
      NetworkDisabled: true,
      HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
    }),
  );
  if (!container) throw imageMissing(image);
  try {
    await engine.call(() => container.start());
    const ended = await engine.call(() => container.wait() as Promise<{ StatusCode: number }>, { timeoutMs: CHECK_TIMEOUT_MS });
    const said = await printedBy(engine, container.id);
    if (ended?.StatusCode !== 0) throw new AnteroomError('MODEL_INVALID', said.trim());
    return said;
  } finally {
    await engine.call(() => container.remove({ force: true, v: true }));
  }
}

async function printedBy(engine: DockerEngine, id: string): Promise<string> {
  const frames = await engine.call((docker) => docker.getContainer(id).logs({ stdout: true, stderr: true, follow: false }));
  let text = '';
  createDemultiplexer((_, bytes) => (text += bytes.toString('utf8')))(frames ?? Buffer.alloc(0));
  return text;
}
