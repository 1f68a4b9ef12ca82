/** Images: what is there, and single files out of them. An image is asked for by inspecting it; the texts of engines differ. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ImageInspectInfo } from 'dockerode';
import tar from 'tar-stream';
import { AnteroomError } from '../../foundation/errors.js';
import { repositoryOf } from '../../models/image-name.js';
import type { DockerEngine } from './docker-engine.js';
import type { ImageFacts } from './runtime.js';

/** Model cards and workflows are kilobytes; weights are not read this way. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const READ_TIMEOUT_MS = 60_000;

const BARE_DIGEST = /^sha256:[0-9a-f]{64}$/;

/** An image by its name, its ID, or the digest under which a registry gave it. Error: IMAGE_MISSING. */
export async function resolveImage(engine: DockerEngine, reference: string): Promise<ImageFacts> {
  const image = (await inspectImage(engine, reference)) ?? (await imageOfDigest(engine, reference));
  if (!image) throw imageMissing(reference);
  const repoDigests = image.RepoDigests ?? [];
  const id = image.Id.startsWith('sha256:') ? image.Id : `sha256:${image.Id}`;
  return {
    id,
    digest: digestFor(reference, repoDigests) ?? id,
    repoDigests,
    fromRegistry: ownDigest(reference, repoDigests) !== undefined && (await engine.facts()).provesOrigin,
    labels: image.Config.Labels ?? {},
    user: image.Config.User,
  };
}

/**
 * The digest that a registry has for a name now, which need not be the one that is here. Whoever asks knows that the name is the registry's: that
 * of an image made here is nobody's business, and there it may be another's. Errors: IMAGE_MISSING with the registry's words, ENGINE_UNREACHABLE.
 */
export async function registryDigest(engine: DockerEngine, reference: string): Promise<string> {
  const [, pinned] = reference.split('@');
  if (pinned !== undefined) return pinned;
  const told = await engine.call((docker) => docker.getImage(reference).distribution(), { refusal: 'IMAGE_MISSING' });
  // Podman's answer to any such question
  if (told === undefined) throw new AnteroomError('IMAGE_MISSING', 'the engine cannot ask registries, or there is none of that name');
  return told.Descriptor.digest;
}

function inspectImage(engine: DockerEngine, reference: string): Promise<ImageInspectInfo | undefined> {
  return engine.call((docker) => docker.getImage(reference).inspect(), { refusal: 'IMAGE_MISSING' });
}

/** Engines find a registry's digest only behind the repository's name, and a model keeps the digest alone: its image may have been given other names. */
async function imageOfDigest(engine: DockerEngine, digest: string): Promise<ImageInspectInfo | undefined> {
  if (!BARE_DIGEST.test(digest)) return undefined;
  const images = await engine.call((docker) => docker.listImages({ digests: true }), { refusal: 'IMAGE_MISSING' });
  const found = images?.find(({ RepoDigests }) => RepoDigests?.some((entry) => entry.endsWith(`@${digest}`)));
  return found === undefined ? undefined : inspectImage(engine, found.Id);
}

/** The error for an image that the engine does not have. */
export function imageMissing(reference: string): AnteroomError {
  return new AnteroomError('IMAGE_MISSING', `the engine has no image ${reference}`);
}

/** The digest under the reference's own repository, or the first one: the same content may have been pulled from two. */
function digestFor(reference: string, repoDigests: readonly string[]): string | undefined {
  return (ownDigest(reference, repoDigests) ?? repoDigests[0])?.split('@')[1];
}

/** `repository@digest` of the reference's own repository, however its registry is written. */
function ownDigest(reference: string, repoDigests: readonly string[]): string | undefined {
  const repository = repositoryOf(reference);
  return repoDigests.find((entry) => repositoryOf(entry) === repository);
}

/**
 * Reads one file of an image out of a container that is created and removed, never started.
 * `labels` let a sweep find the container should the node die in between. Errors: IMAGE_MISSING, FILE_UNREADABLE (not a plain file, or above 16 MB).
 */
export async function readImageFile(
  engine: DockerEngine,
  reference: string,
  path: string,
  labels: Record<string, string>,
): Promise<Buffer | undefined> {
  const { id } = await resolveImage(engine, reference);
  const container = await engine.call((docker) => docker.createContainer({ Image: id, Cmd: ['-'], Labels: labels, NetworkDisabled: true }));
  if (!container) throw imageMissing(reference);
  try {
    const archive = await engine.call(() => container.getArchive({ path }) as Promise<unknown> as Promise<Readable>);
    return archive && (await firstFile(archive, path));
  } finally {
    await engine.call(() => container.remove({ force: true, v: true }));
  }
}

/** The engine sends a tar with the one entry that was asked for. */
async function firstFile(archive: Readable, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let refusal: string | undefined;
  const extract = tar.extract();
  extract.on('entry', (header, content, next) => {
    if (header.type !== 'file') refusal ??= `${path} in the image is a ${header.type ?? 'thing of no type'}, expected a file`;
    else if ((header.size ?? 0) > MAX_FILE_BYTES)
      refusal ??= `${path} in the image has ${header.size} bytes, expected at most ${MAX_FILE_BYTES}`;
    if (refusal === undefined) content.on('data', (chunk: Buffer) => chunks.push(chunk));
    content.on('end', () => {
      next();
    });
    content.resume();
  });
  await pipeline(archive, extract, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
  if (refusal !== undefined) throw new AnteroomError('FILE_UNREADABLE', refusal);
  return Buffer.concat(chunks);
}
