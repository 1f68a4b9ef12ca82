/** A card on its way into the catalogue. One that cannot be read is told of and left out: it must not hide the others. */
import type { Fault } from '../../foundation/faults.js';
import { parseYaml } from '../../foundation/yaml.js';
import type { CatalogueCard } from '../../ledger/catalogue.js';
import { parseCard } from '../card.js';

export interface ReadCatalogue {
  readonly cards: readonly CatalogueCard[];
  /** Of the cards that were left out. */
  readonly faults: readonly Fault[];
}

/** The card of a text in the form of meta.json, or its faults. `file` is named in them. */
export function checkCard(text: string, file: string): { readonly card?: CatalogueCard; readonly faults: readonly Fault[] } {
  const checked = parseCard(parseYaml(text, file));
  if (!checked.ok) return { faults: checked.faults };
  return { card: { name: checked.value.name, card: text, pictures: [] }, faults: [] };
}
