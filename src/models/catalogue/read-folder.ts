/** A catalogue in a folder: a clone of MHub's repository works as it is, and so does a folder of packages or a single one. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import type { CatalogueCard } from '../../ledger/catalogue.js';
import { CARD_FILE } from '../package.js';
import { checkCard, type ReadCatalogue } from './check-card.js';

const PICTURE = /\.(png|jpe?g|gif|webp|svg)$/i;

/**
 * Reads the cards of `folder`, which is absolute: `models/NAME/meta.json`, `NAME/meta.json` or `meta.json`.
 * @throws AnteroomError CATALOGUE_UNREADABLE where there is none
 */
export function readCatalogueFolder(folder: string): ReadCatalogue {
  const folders = [join(folder, 'models'), folder].flatMap(subfolders).filter(hasCard);
  const all = hasCard(folder) ? [folder] : folders;
  if (all.length === 0) throw new AnteroomError('CATALOGUE_UNREADABLE', `${folder} has no ${CARD_FILE}, nor has a folder in it`);
  const read = all.map((dir) => ({ dir, ...checkCard(readFileSync(join(dir, CARD_FILE), 'utf8'), join(dir, CARD_FILE)) }));
  return {
    cards: read.flatMap(({ dir, card }): CatalogueCard[] => (card === undefined ? [] : [{ ...card, pictures: picturesIn(dir) }])),
    faults: read.flatMap(({ faults }) => faults),
  };
}

function hasCard(folder: string): boolean {
  return existsSync(join(folder, CARD_FILE));
}

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => join(folder, name)).sort();
}

function picturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => PICTURE.test(name))
    .map((name) => join(folder, name))
    .sort();
}
