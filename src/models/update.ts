/** What would change for a registered model if its package and its image were taken as they are now. Looks only; taking it is registering it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelRow } from '../ledger/models.js';
import { cardOf } from './answers.js';
import { structuresOf } from './card.js';
import type { RegisteredModelYaml } from './model-yaml.js';
import { differences, type ModelChange } from './differences.js';
import { CARD_FILE, MODEL_FILE, readModelPackage } from './package.js';
import { digestOf, type ImageResolver } from './register.js';
import { notClinical } from './use-gate.js';

export interface ModelUpdate {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly newVersion: string;
  readonly newDigest: string;
  /** None where it is as it was registered. */
  readonly changes: readonly ModelChange[];
}

/**
 * Compares a model with what its folder and its image's tag stand for now.
 * @throws {AnteroomError} FILE_UNREADABLE, MODEL_INVALID, IMAGE_MISSING, ENGINE_UNREACHABLE.
 */
export async function lookForUpdate(row: ModelRow & { readonly folder: string }, resolveImage: ImageResolver): Promise<ModelUpdate> {
  const now = readModelPackage(row.folder, row.model_file === null ? {} : { modelFile: row.model_file });
  const newDigest = await digestOf(now, resolveImage);
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
    changes: changes.filter((change) => change.before !== change.after),
  };
}
