/** The card in an image, read without starting it. */
import { AnteroomError } from '../../foundation/errors.js';
import { CARD_FILE } from '../package.js';
import { checkCard, type ReadCatalogue } from './check-card.js';

/** What the engine can tell of an image without starting it. */
export interface ImageReader {
  resolveImage(reference: string): Promise<{ readonly digest: string }>;
  /** Undefined where the image has no such file. */
  readImageFile(reference: string, path: string): Promise<Buffer | undefined>;
}

/** Where MHub's images and the kit's have the card; the model is called like the image. */
function pathsIn(reference: string): string[] {
  const name = (reference.split('@')[0].split('/').at(-1) ?? '').split(':')[0];
  return [`/app/models/${name}/${CARD_FILE}`, `/app/${CARD_FILE}`];
}

/** @throws AnteroomError IMAGE_MISSING, ENGINE_UNREACHABLE, CATALOGUE_UNREADABLE where the image has no card */
export async function readCatalogueImage(reader: ImageReader, reference: string): Promise<ReadCatalogue> {
  const { digest } = await reader.resolveImage(reference);
  for (const path of pathsIn(reference)) {
    const file = await reader.readImageFile(reference, path);
    if (file === undefined) continue;
    const { card, faults } = checkCard(file.toString('utf8'), `${reference}:${path}`);
    return { cards: card === undefined ? [] : [{ ...card, digest }], faults };
  }
  throw new AnteroomError('CATALOGUE_UNREADABLE', `image ${reference} has no card at ${pathsIn(reference).join(' or ')}`);
}
