/** Images out of an engine and into another: what `models export`, `import` and `update` ask of it. */
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { freeBytesOf } from '../../foundation/disk-room.js';
import { AnteroomError } from '../../foundation/errors.js';
import { connectDocker, type DockerAddress } from './docker-engine.js';
import { failureAmong } from './docker-events.js';
import { imageMissing, resolveImage } from './docker-images.js';

/** Engines write the whole image to their own disk before its first byte comes, or after its last one has gone. */
const TRANSFER_TIMEOUT_MS = 60 * 60_000;

export interface ImageToExport {
  readonly id: string;
  readonly digest: string;
  readonly os: string;
  readonly architecture: string;
  /** On the engine's disk, its base included. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The platform of an engine, and where it keeps images, if that is a folder of this machine. */
export interface EnginePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly freeBytes?: number;
}

export interface ImageTransfer {
  /** Error: IMAGE_MISSING. */
  describe(reference: string): Promise<ImageToExport>;
  /** Undefined where the engine has no such image. */
  idOf(reference: string): Promise<string | undefined>;
  /** Whether the image has a file of that path; nothing is started. */
  hasFile(id: string, path: string): Promise<boolean>;
  platform(): Promise<EnginePlatform>;
  /** The image of that ID as a tar. */
  save(id: string): Promise<Readable>;
  /** Loads what `save` gave. Error: MODEL_FILE_REFUSED with the engine's words. */
  load(tar: Readable): Promise<void>;
  /** Has the engine pull an image from its registry. Error: IMAGE_MISSING with the engine's words. */
  pull(reference: string): Promise<void>;
  tag(id: string, reference: string): Promise<void>;
  /** Takes a name, or an image without one, away; what is not there or in use stays as it is. */
  remove(reference: string): Promise<void>;
}

/** Asks the engine at that address. Errors of all calls: ENGINE_UNREACHABLE. */
export function imageTransfer(address: DockerAddress): ImageTransfer {
  const engine = connectDocker(address);
  const inspect = (reference: string) => engine.call((docker) => docker.getImage(reference).inspect(), { refusal: 'IMAGE_MISSING' });
  return {
    async describe(reference) {
      const { id, digest, labels } = await resolveImage(engine, reference);
      const image = await inspect(id);
      if (!image) throw imageMissing(reference);
      return { id, digest, os: image.Os, architecture: image.Architecture, sizeBytes: image.Size, labels };
    },
    idOf: async (reference) => (await inspect(reference))?.Id,
    async hasFile(id, path) {
      const container = await engine.call((docker) => docker.createContainer({ Image: id, Cmd: ['-'], NetworkDisabled: true }));
      if (!container) throw imageMissing(id);
      try {
        const answer = await engine.call(() => container.infoArchive({ path }) as Promise<unknown>);
        // An answer that nobody reads keeps its connection, and with it the process
        if (answer instanceof Readable) answer.resume();
        return answer !== undefined;
      } finally {
        await engine.call(() => container.remove({ force: true, v: true }));
      }
    },
    async platform() {
      const version = await engine.call((docker) => docker.version(), { refusal: 'ENGINE_UNREACHABLE' });
      const info = await engine.call((docker): Promise<{ DockerRootDir?: string }> => docker.info(), { refusal: 'ENGINE_UNREACHABLE' });
      const folder = info?.DockerRootDir;
      return {
        os: version?.Os ?? 'unknown',
        architecture: version?.Arch ?? 'unknown',
        ...(folder === undefined || !existsSync(folder) ? {} : { freeBytes: freeBytesOf(folder) }),
      };
    },
    async save(id) {
      const stream = await engine.call((docker) => docker.getImage(id).get(), { timeoutMs: TRANSFER_TIMEOUT_MS, refusal: 'IMAGE_MISSING' });
      if (!stream) throw imageMissing(id);
      return stream as Readable;
    },
    async load(tar) {
      // A source that breaks does not end the request that it is sent with.
      const broken = new AbortController();
      tar.once('error', () => broken.abort());
      const options = { timeoutMs: TRANSFER_TIMEOUT_MS, refusal: 'MODEL_FILE_REFUSED' } as const;
      const events = await engine.call((docker) => docker.loadImage(tar, { quiet: true, abortSignal: broken.signal }), options);
      const failure = events === undefined ? 'it answered 404' : await engine.call((docker) => failureAmong(docker, events), options);
      if (failure !== undefined) throw new AnteroomError('MODEL_FILE_REFUSED', `the engine cannot load its image: ${failure}`);
    },
    async pull(reference) {
      const options = { timeoutMs: TRANSFER_TIMEOUT_MS, refusal: 'IMAGE_MISSING' } as const;
      const events = await engine.call((docker) => docker.pull(reference), options);
      const failure =
        events === undefined ? 'the registry has none of that name' : await engine.call((docker) => failureAmong(docker, events), options);
      if (failure !== undefined) throw new AnteroomError('IMAGE_MISSING', `the engine cannot pull ${reference}: ${failure}`);
    },
    async tag(id, reference) {
      const at = reference.lastIndexOf(':');
      const [repo, tag] = at > reference.lastIndexOf('/') ? [reference.slice(0, at), reference.slice(at + 1)] : [reference, 'latest'];
      const tagged = await engine.call((docker) => docker.getImage(id).tag({ repo, tag }) as Promise<unknown>);
      if (tagged === undefined) throw imageMissing(id);
    },
    async remove(reference) {
      await engine.call((docker) => docker.getImage(reference).remove() as Promise<unknown>, { fine: [409] });
    },
  };
}
