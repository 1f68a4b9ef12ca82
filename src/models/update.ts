/** What would change for a registered model if its package and its image were taken as they are now. Looks only; taking it is registering it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toAnteroomError } from '../foundation/errors.js';
import type { ModelRow } from '../ledger/models.js';
import { cardOf } from './answers.js';
import { structuresOf } from './card.js';
import type { RegisteredModelYaml } from './model-yaml.js';
import { differences, type ModelChange } from './differences.js';
import { CARD_FILE, MODEL_FILE, readModelPackage, type ModelPackage } from './package.js';
import { digestOf, type ImageResolver } from './register.js';
import { notClinical } from './use-gate.js';

/** What is asked about images. */
export interface UpdateSource {
  readonly resolveImage: ImageResolver;
  /** What a registry has under a name now; undefined where none is to be asked. Rejects where it does not answer. */
  readonly registryDigest?: (reference: string) => Promise<string | undefined>;
}

export interface ModelUpdate {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly newVersion: string;
  readonly newDigest: string;
  /** The name under which a registry has an image that is not here yet. */
  readonly toPull: string | null;
  /** Why a registry could not be asked; then only what is here was looked at. */
  readonly registryFault: string | null;
  /** None where it is as it was registered. */
  readonly changes: readonly ModelChange[];
}

/**
 * Compares a model with what its folder and its image's name stand for now: in the registry that the image came from, or else here.
 * @throws {AnteroomError} FILE_UNREADABLE, MODEL_INVALID, IMAGE_MISSING, ENGINE_UNREACHABLE.
 */
export async function lookForUpdate(row: ModelRow & { readonly folder: string }, source: UpdateSource): Promise<ModelUpdate> {
  const now = readModelPackage(row.folder, row.model_file === null ? {} : { modelFile: row.model_file });
  const { newDigest, toPull, registryFault } = await digestOfNow(now, source);
  const card = readFileSync(join(now.dir, CARD_FILE), 'utf8');
  const yaml = JSON.parse(row.package) as RegisteredModelYaml;
  const [before, after] = [cardOf(row), now.card];
  const plain = (text: string | undefined) => text ?? 'on patients';
  const changes = [
    { what: 'digest', before: row.digest, after: newDigest },
    { what: 'use', before: plain(notClinical(row)), after: plain(notClinical({ card, package: JSON.stringify(now.model) })) },
    { what: 'structures', before: structuresOf(before).sort().join(', '), after: structuresOf(after).sort().join(', ') },
    ...differences(before.raw, after.raw, CARD_FILE),
    ...differences({ ...yaml, organizerTargets: undefined }, { ...now.model, organizerTargets: undefined }, row.model_file ?? MODEL_FILE),
  ];
  return {
    name: row.name,
    version: row.version,
    digest: row.digest,
    newVersion: after.version,
    newDigest,
    toPull,
    registryFault,
    changes: changes.filter((change) => change.before !== change.after),
  };
}

async function digestOfNow(
  model: ModelPackage,
  source: UpdateSource,
): Promise<Pick<ModelUpdate, 'newDigest' | 'toPull' | 'registryFault'>> {
  const image = model.model.runtime === 'docker' ? model.model.image : null;
  const inRegistry = image === null ? {} : await answerOf(async () => source.registryDigest?.(image));
  const here = await answerOf(() => digestOf(model, source.resolveImage));
  if (inRegistry.digest !== undefined && inRegistry.digest !== here.digest)
    return { newDigest: inRegistry.digest, toPull: image, registryFault: null };
  if (here.digest === undefined) throw here.thrown;
  return { newDigest: here.digest, toPull: null, registryFault: inRegistry.fault ?? null };
}

async function answerOf(ask: () => Promise<string | undefined>): Promise<{ digest?: string; fault?: string; thrown?: unknown }> {
  try {
    const digest = await ask();
    return digest === undefined ? {} : { digest };
  } catch (thrown) {
    return { fault: toAnteroomError(thrown).seen, thrown };
  }
}
