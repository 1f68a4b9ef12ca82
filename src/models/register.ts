/** Registering a package: its digest is resolved and pinned, so that a run never takes what a tag points to today. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import { activateModel, modelById, registerModel, type ModelRow, type NewModel } from '../ledger/models.js';
import { queueRunsWaitingFor } from '../ledger/model-waits.js';
import type { RegisteredModelYaml } from './model-yaml.js';
import { organizerTargets } from './mhub-workflow.js';
import { CARD_FILE, type ModelPackage } from './package.js';

/** Asks the engine for what an image name stands for now; rejects with IMAGE_MISSING or ENGINE_UNREACHABLE. */
export type ImageResolver = (reference: string) => Promise<{ readonly digest: string }>;

/** One file of an image; undefined where the image has none of that path. */
export type ImageFileReader = (reference: string, path: string) => Promise<Uint8Array | undefined>;

export interface Registration {
  readonly row: ModelRow;
  /** Runs that waited for this model and are queued now. */
  readonly queuedRuns: number;
}

/**
 * Registers a package and, where `activate` gives a reason, makes it the one in use. Without a passed test on the same digest the reason is
 * recorded as an override.
 */
export async function register(
  db: Db,
  model: ModelPackage,
  options: { resolveImage: ImageResolver; readImageFile?: ImageFileReader; activate?: { reason: string }; at: EpochMs },
): Promise<Registration> {
  const digest = await digestOf(model, options.resolveImage);
  const read: NewModel = {
    name: model.card.name,
    version: model.card.version,
    digest,
    card: readFileSync(join(model.dir, CARD_FILE), 'utf8'),
    package: JSON.stringify(await withTargets(model, options.readImageFile)),
    folder: model.dir,
  };
  // Together: runs that wait for a model which is active would wait for ever.
  return db.transaction(() => {
    const { id, state } = registerModel(db, read, options.at);
    if (options.activate !== undefined) activateModel(db, id, state === 'tested' ? null : options.activate.reason, options.at);
    const row = modelById(db, id) as ModelRow;
    // One that was active already may have got the version that runs wait for.
    return { row, queuedRuns: row.state === 'active' ? queueRunsWaitingFor(db, row, options.at) : 0 };
  });
}

/** What pins a package's model: the digest of its image as the engine has it now, or of its program. Rejects as `resolveImage` does. */
export async function digestOf({ model, ...rest }: ModelPackage, resolveImage: ImageResolver): Promise<string> {
  return model.runtime === 'docker' ? (await resolveImage(model.image)).digest : programDigest({ model, ...rest });
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
