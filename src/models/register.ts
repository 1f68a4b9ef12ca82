/** Registering a package: its digest is resolved and pinned, so that a run never takes what a tag points to today. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import { lastTest } from '../ledger/model-tests.js';
import { startAnew } from '../ledger/model-renewal.js';
import { activateModel, modelById, modelOfDigest, registerModel, type ModelRow, type NewModel, type Override } from '../ledger/models.js';
import { queueRunsWaitingFor } from '../ledger/model-waits.js';
import { descriptionChanges, type ModelChange } from './differences.js';
import type { RegisteredModelYaml } from './model-yaml.js';
import { organizerTargets } from './mhub-workflow.js';
import { CARD_FILE, type ModelPackage } from './package.js';

/** What an engine has under an image's name. */
export interface ResolvedImage {
  readonly digest: string;
  /** `repository@digest` of every registry that is known to have it. */
  readonly repoDigests?: readonly string[];
  /** It is known to have come from a registry under that name. */
  readonly fromRegistry?: boolean;
}

/** Asks the engine for what an image name stands for now; rejects with IMAGE_MISSING or ENGINE_UNREACHABLE. */
export type ImageResolver = (reference: string) => Promise<ResolvedImage>;

/** One file of an image; undefined where the image has none of that path. */
export type ImageFileReader = (reference: string, path: string) => Promise<Uint8Array | undefined>;

export interface Registration {
  readonly row: ModelRow;
  /** Runs that waited for this model and are queued now. */
  readonly queuedRuns: number;
}

/** How a package is registered. */
export interface RegisterOptions {
  /** Another model.yaml of the package. */
  readonly modelFile?: string;
  /** Takes it into use at once: without a passed test on the same digest only with an override. */
  readonly activate?: Partial<Override>;
}

/**
 * Registers a package and, where asked for, makes it the one in use.
 * A digest that says other things of itself than before starts anew; one in use does so only where somebody answers for it.
 * @throws {AnteroomError} MODEL_IN_USE, MODEL_UNTESTED, MODEL_INVALID, and what `resolveImage` throws.
 */
export async function register(
  db: Db,
  model: ModelPackage,
  options: RegisterOptions & { resolveImage: ImageResolver; readImageFile?: ImageFileReader; at: EpochMs },
): Promise<Registration> {
  const { activate, modelFile, at } = options;
  const { digest, fromRegistry = false } = await pinOf(model, options.resolveImage);
  const read: NewModel = {
    name: model.card.name,
    version: model.card.version,
    digest,
    card: readFileSync(join(model.dir, CARD_FILE), 'utf8'),
    package: JSON.stringify(await withTargets(model, options.readImageFile)),
    folder: model.dir,
    fromRegistry,
    ...(modelFile === undefined ? {} : { modelFile }),
  };
  // Together: runs that wait for a model which is active would wait for ever.
  return db.transaction(() => {
    const before = modelOfDigest(db, read.name, digest);
    const changes = before === undefined ? [] : descriptionChanges(before, read);
    const inUse = before?.state === 'active' || before?.state === 'suspended';
    if (before !== undefined && inUse && changes.length > 0 && !isWhole(activate))
      throw new AnteroomError(
        'MODEL_IN_USE',
        `${read.name} (${digest}) is ${before.state}, and another now: ${changes.map(changeText).join('; ')}`,
      );
    const { id } = registerModel(db, read, at);
    if (changes.length > 0) startAnew(db, id, isWhole(activate) ? activate : null, `changed: ${changes.map(changeText).join('; ')}`, at);
    return activate === undefined ? registration(db, id, at) : takeIntoUse(db, id, activate, at);
  });
}

/**
 * Makes a registered model the one in use: what passed its test on this digest, or what somebody answers for.
 * @throws {AnteroomError} MODEL_UNTESTED where neither is so, and nothing is changed.
 */
export function takeIntoUse(db: Db, id: number, { by, reason }: Partial<Override>, at: EpochMs): Registration {
  const row = modelById(db, id) as ModelRow;
  const override = isTested(db, row) || row.state === 'active' ? null : { by, reason };
  if (override !== null && !isWhole(override)) {
    const last = lastTest(db, id);
    const seen = last === undefined ? 'no test of it was told of' : `its last test did not pass: ${last.reason ?? 'see its report'}`;
    throw new AnteroomError('MODEL_UNTESTED', `${row.name} (${row.digest}): ${seen}; expected a passed one, or a name and a reason`);
  }
  activateModel(db, id, override, at);
  return registration(db, id, at);
}

function changeText({ what, before, after }: ModelChange): string {
  return `${what} was ${before}, is ${after}`;
}

function isWhole(override: Partial<Override> | undefined): override is Override {
  return override?.by !== undefined && override.reason !== undefined;
}

/** Whether the last test of this digest was passed. A model that an earlier release tested has no row of it, and no override. */
export function isTested(db: Db, { id, state, override_reason: override }: ModelRow): boolean {
  const last = lastTest(db, id);
  if (last !== undefined) return last.passed === 1;
  return state === 'tested' || ((state === 'active' || state === 'suspended') && override === null);
}

/** The row, and the runs that wait for it queued: one that was active already may have got the version that they ask for. */
function registration(db: Db, id: number, at: EpochMs): Registration {
  const row = modelById(db, id) as ModelRow;
  return { row, queuedRuns: row.state === 'active' ? queueRunsWaitingFor(db, row, at) : 0 };
}

/** What pins a package's model: the digest of its image as the engine has it now, or of its program. Rejects as `resolveImage` does. */
export async function digestOf(model: ModelPackage, resolveImage: ImageResolver): Promise<string> {
  return (await pinOf(model, resolveImage)).digest;
}

/** The same, with what is known of where an image came from. */
export async function pinOf(model: ModelPackage, resolveImage: ImageResolver): Promise<ResolvedImage> {
  return model.model.runtime === 'docker' ? resolveImage(model.model.image) : { digest: programDigest(model) };
}

/** What is kept of model.yaml: where logs are to be exported, with the targets of the workflow that they are added to. */
async function withTargets(model: ModelPackage, readImageFile: ImageFileReader | undefined): Promise<RegisteredModelYaml> {
  const { model: yaml, card, dir } = model;
  if (!yaml.exportLogs) return yaml;
  const file = `config/${yaml.workflow}.yml`;
  const path = yaml.runtime === 'docker' ? `/app/models/${card.name}/${file}` : join(dir, file);
  const text = yaml.runtime === 'docker' ? await readImageFile?.(yaml.image, path) : existsSync(path) ? readFileSync(path) : undefined;
  if (text === undefined) throw new AnteroomError('MODEL_INVALID', `exportLogs: there is no ${path}, expected the workflow that is run`);
  return { ...yaml, organizerTargets: { [yaml.workflow]: organizerTargets(Buffer.from(text).toString('utf8'), path) } };
}

/** A model without an image is pinned by its package and the program files that its command names. */
function programDigest(model: ModelPackage): string {
  const hash = createHash('sha256').update(model.digest);
  const command = model.model.runtime === 'process' ? model.model.command : [];
  for (const word of command) {
    const file = resolve(model.dir, word);
    if (existsSync(file) && statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return `sha256:${hash.digest('hex')}`;
}
