/** Reads a source of cards into the catalogue, in place of what it had before. */
import { resolve } from 'node:path';
import type { Clock } from '../../foundation/clock.js';
import type { Fault } from '../../foundation/faults.js';
import { replaceSource, type CatalogueKind } from '../../ledger/catalogue.js';
import type { Db } from '../../ledger/database.js';
import type { ReadCatalogue } from './check-card.js';
import { readCatalogueFolder } from './read-folder.js';
import { readCatalogueImage, type ImageReader } from './read-image.js';
import { readCatalogueUrl } from './read-url.js';

export type CatalogueSource = { readonly folder: string } | { readonly image: string } | { readonly url: string };

export interface SourceRead {
  readonly source: string;
  /** Names of the models whose cards were read. */
  readonly models: readonly string[];
  /** Of cards that were left out. */
  readonly faults: readonly Fault[];
}

/** Errors: CATALOGUE_UNREADABLE, IMAGE_MISSING, ENGINE_UNREACHABLE; the catalogue then stays as it was. */
export async function readSource(db: Db, asked: CatalogueSource, images: ImageReader, clock: Clock): Promise<SourceRead> {
  const { source, kind, read } = await readNow(asked, images);
  const cards = [...new Map(read.cards.map((card) => [card.name, card])).values()];
  replaceSource(db, source, kind, cards, clock());
  return { source, models: cards.map(({ name }) => name), faults: read.faults };
}

async function readNow(asked: CatalogueSource, images: ImageReader): Promise<{ source: string; kind: CatalogueKind; read: ReadCatalogue }> {
  if ('folder' in asked) {
    const source = resolve(asked.folder);
    return { source, kind: 'folder', read: readCatalogueFolder(source) };
  }
  if ('url' in asked) return { source: asked.url, kind: 'url', read: await readCatalogueUrl(asked.url) };
  return { source: asked.image, kind: 'image', read: await readCatalogueImage(images, asked.image) };
}
