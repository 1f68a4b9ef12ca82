/** The package of an exported model, held against the head of its file: what is registered is the model and the image that the file says it has. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL_FILE, readModelPackage } from '../package.js';
import { refused, type ExportHead } from './manifest.js';

/**
 * The name that the image gets here. One with a registry's digest cannot be kept, as only a pull gives an image that: the package names a tag
 * instead, and the image's ID pins it.
 * @throws AnteroomError MODEL_FILE_REFUSED for the package of another model, of a program of this machine, or of another image
 */
export function nameImage(folder: string, head: ExportHead): string {
  const { reference, id } = head.image;
  demandSame(folder, head, reference);
  const [repository] = reference.split('@');
  if (repository === reference) return reference;
  const name = `${repository.replace(/:[^/:]+$/, '')}:imported-${id.slice(7, 19)}`;
  const path = join(folder, head.model.modelFile ?? MODEL_FILE);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(reference, name));
  demandSame(folder, head, name);
  return name;
}

function demandSame(folder: string, { model: expected }: ExportHead, reference: string): void {
  const { modelFile = MODEL_FILE } = expected;
  const { card, model } = readModelPackage(folder, { modelFile });
  if (card.name !== expected.name || card.version !== expected.version)
    throw refused(`its card is of ${card.name} ${card.version}, expected ${expected.name} ${expected.version}`);
  const image = model.runtime === 'docker' ? model.image : `no image but runtime: ${model.runtime}`;
  if (image !== reference) throw refused(`its ${modelFile} names ${image}, expected ${reference}, the image that is in the file`);
}
