/** Weights: the files whose SHA-256 a package's workflows state, and how they get into the image. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readFileSync } from 'node:fs';
import { AnteroomError } from '../foundation/errors.js';
import { parseYaml } from '../foundation/yaml.js';
import type { ModelPackage } from './package.js';

export interface WeightsFile {
  /** Relative to the package. */
  readonly file: string;
  readonly sha256: string;
  /** An https URL, or an absolute path. */
  readonly from: string;
}

/** All weights that the workflows of a package name: settings of a module that has both `file` and `sha256`. */
export function weightsOf({ dir, files, model }: ModelPackage): WeightsFile[] {
  const sources = model.runtime === 'docker' ? model.weights : {};
  const stated = files.filter((name) => /^config\/[^/]+\.yml$/.test(name)).flatMap((name) => statedIn(join(dir, name)));
  const named = new Map(stated.map((one) => [one.file, one]));
  return [...named.values()].map(({ file, sha256 }) => {
    const source = sources[file];
    return { file, sha256, from: source?.startsWith('https://') ? source : resolve(dir, source ?? file) };
  });
}

function statedIn(path: string): { file: string; sha256: string }[] {
  const { value } = parseYaml(readFileSync(path, 'utf8'), path);
  const modules = (value as { modules?: Record<string, unknown> } | undefined)?.modules ?? {};
  return Object.values(modules).filter(
    (settings): settings is { file: string; sha256: string } =>
      typeof settings === 'object' &&
      settings !== null &&
      typeof (settings as { file?: unknown }).file === 'string' &&
      typeof (settings as { sha256?: unknown }).sha256 === 'string',
  );
}

/**
 * Copies or downloads one file into `folder`; its bytes are hashed on the way.
 * @throws AnteroomError WEIGHTS_REFUSED where it cannot be had or is another file
 */
export async function fetchWeights({ file, sha256, from }: WeightsFile, folder: string): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(await opened(from), hashing, createWriteStream(path));
  const seen = hash.digest('hex');
  if (seen === sha256) return;
  await rm(path, { force: true });
  throw new AnteroomError('WEIGHTS_REFUSED', `${from} has SHA-256 ${seen}, expected ${sha256}`);
}

async function opened(from: string): Promise<Readable> {
  if (!from.startsWith('https://')) {
    if (!existsSync(from))
      throw new AnteroomError('WEIGHTS_REFUSED', `${from} is not there; \`weights\` in model.yaml says where files are taken from`);
    return createReadStream(from);
  }
  const answer = await fetch(from).catch((thrown: unknown) => {
    throw new AnteroomError('WEIGHTS_REFUSED', `${from} does not answer`, { cause: thrown });
  });
  if (!answer.ok || answer.body === null) throw new AnteroomError('WEIGHTS_REFUSED', `${from} answered ${answer.status}`);
  return Readable.fromWeb(answer.body);
}
