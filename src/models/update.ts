/** What would change for a registered model if its package and its image were taken as they are now. Looks only; taking it is registering it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toAnteroomError } from '../foundation/errors.js';
import type { ModelRow } from '../ledger/models.js';
import { cardOf } from './answers.js';
import { structuresOf } from './card.js';
import type { RegisteredModelYaml } from './model-yaml.js';
import { isOfThisMachine, namesRegistry } from './image-name.js';
import { differences, type ModelChange } from './differences.js';
import { CARD_FILE, MODEL_FILE, readModelPackage, type ModelPackage } from './package.js';
import { pinOf, type ImageResolver, type ResolvedImage } from './register.js';
import { notClinical } from './use-gate.js';

/** What is asked about images. */
export interface UpdateSource {
  readonly resolveImage: ImageResolver;
  /** What a registry has under a name now. Rejects where it does not answer. */
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
  /** The name for which no registry was asked: the image may have been made here, and the name be another's there. Null also for what is of this machine only. */
  readonly notAsked: string | null;
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
  const card = readFileSync(join(now.dir, CARD_FILE), 'utf8');
  const yaml = JSON.parse(row.package) as RegisteredModelYaml;
  const { newDigest, ...asked } = await digestOfNow(now, row.from_registry === 1 ? imageOf(yaml) : null, source);
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
    ...asked,
    changes: changes.filter((change) => change.before !== change.after),
  };
}

/** `pulled`: the name under which the image came from a registry when the model was registered. */
async function digestOfNow(
  model: ModelPackage,
  pulled: string | null,
  source: UpdateSource,
): Promise<Pick<ModelUpdate, 'newDigest' | 'toPull' | 'notAsked' | 'registryFault'>> {
  const here = await answerOf(() => pinOf(model, source.resolveImage));
  const image = imageOf(model.model);
  const isAsked = image !== null && (image === pulled || here.answer?.fromRegistry === true || namesItsOrigin(image));
  const there = isAsked ? await answerOf(async () => source.registryDigest?.(image)) : {};
  const told = { notAsked: isAsked || image === null || isOfThisMachine(image) ? null : image, registryFault: there.fault ?? null };
  if (there.answer !== undefined && !isHere(there.answer, here.answer)) return { ...told, newDigest: there.answer, toPull: image };
  if (here.answer === undefined) throw here.thrown;
  return { ...told, newDigest: here.answer.digest, toPull: null };
}

function imageOf(yaml: RegisteredModelYaml): string | null {
  return yaml.runtime === 'docker' ? yaml.image : null;
}

/** Nobody else can have an image under a name with its registry or with its digest; what is of this machine nobody else has at all. */
function namesItsOrigin(image: string): boolean {
  return !isOfThisMachine(image) && (namesRegistry(image) || image.includes('@'));
}

/** One image may have several digests, such as that of a list of platforms and its own. */
function isHere(digest: string, image: ResolvedImage | undefined): boolean {
  return image?.digest === digest || image?.repoDigests?.some((entry) => entry.endsWith(`@${digest}`)) === true;
}

async function answerOf<T>(ask: () => Promise<T>): Promise<{ answer?: T; fault?: string; thrown?: unknown }> {
  try {
    return { answer: await ask() };
  } catch (thrown) {
    return { fault: toAnteroomError(thrown).seen, thrown };
  }
}
