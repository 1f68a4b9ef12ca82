/** The store: models that are installed and models that could be, by name, each with its card. */
import { parseYamlAgain } from '../foundation/yaml.js';
import { catalogueStamp, listCatalogue, type CatalogueRow } from '../ledger/catalogue.js';
import type { Db } from '../ledger/database.js';
import { listModels, type ModelRow } from '../ledger/models.js';
import { parseCard } from './card.js';
import type { ModelYaml } from './model-yaml.js';
import { CARD_FILE } from './package.js';
import { indexCard, type IndexedCard } from './search/indexed-card.js';
import type { Searchable } from './search/match.js';

export interface StoreModel extends Searchable {
  readonly name: string;
  /** The one that runs use, or else the last one registered. */
  readonly row?: ModelRow;
  /** Where it could be installed from, the last read first. */
  readonly offers: readonly CatalogueRow[];
  /** A version that the catalogue has and the node has not. */
  readonly otherVersion?: string;
}

/** Cards are parsed once, and the catalogue is read again when it has changed: a search of a thousand cards is not to read them all. */
export class Store {
  private cards = new Map<string, IndexedCard | undefined>();
  private offers: { readonly stamp: string; readonly byName: ReadonlyMap<string, readonly CatalogueRow[]> } | undefined;

  /** All models by name. A model that is installed is shown with the card that it was registered with. */
  models(db: Db): StoreModel[] {
    const rows = grouped(listModels(db));
    const offers = this.offersOf(db);
    const names = [...new Set([...rows.keys(), ...offers.keys()])].sort();
    return names.flatMap((name) => this.model(name, rows.get(name) ?? [], offers.get(name) ?? []) ?? []);
  }

  private offersOf(db: Db): ReadonlyMap<string, readonly CatalogueRow[]> {
    const stamp = catalogueStamp(db);
    if (this.offers?.stamp !== stamp) {
      this.offers = { stamp, byName: grouped(listCatalogue(db)) };
      this.cards = new Map();
    }
    return this.offers.byName;
  }

  private model(name: string, rows: readonly ModelRow[], offers: readonly CatalogueRow[]): StoreModel | undefined {
    const row = rows.find(({ state }) => state === 'active' || state === 'suspended') ?? rows.find(({ state }) => state !== 'retired');
    const indexed = this.indexed(row?.card ?? offers[0]?.card);
    if (indexed === undefined) return undefined;
    const offered = this.indexed(offers[0]?.card)?.card.version;
    return {
      name,
      indexed,
      ...(row === undefined ? {} : { row }),
      offers,
      installed: row !== undefined,
      tested: row !== undefined && isTested(row),
      ...(row === undefined ? {} : { gpu: (JSON.parse(row.package) as ModelYaml).gpu }),
      ...(row === undefined || offered === undefined || offered === '0' || offered === row.version ? {} : { otherVersion: offered }),
    };
  }

  private indexed(text: string | undefined): IndexedCard | undefined {
    if (text === undefined) return undefined;
    if (!this.cards.has(text)) {
      const checked = parseCard(parseYamlAgain(text, CARD_FILE));
      this.cards.set(text, checked.ok ? indexCard(checked.value) : undefined);
    }
    return this.cards.get(text);
  }
}

/** In use because of a passed test, not because somebody said so. */
function isTested({ state, override_reason: override }: ModelRow): boolean {
  return state === 'tested' || ((state === 'active' || state === 'suspended') && override === null);
}

function grouped<T extends { readonly name: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(row.name, [...(groups.get(row.name) ?? []), row]);
  return groups;
}
