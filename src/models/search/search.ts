/** The search over all cards: conditions must be met, free words rank and, where any card has them, must be met too. */
import { match, wordMet, type Match, type Searchable } from './match.js';
import type { ModelQuery } from './query.js';

export interface Hit<T extends Searchable> extends Match {
  readonly model: T;
}

export interface SearchResult<T extends Searchable> {
  /** The best first. */
  readonly hits: readonly Hit<T>[];
  /** Words that no card and no lexicon has. */
  readonly notUnderstood: readonly string[];
}

/**
 * Searches models. Where no model gives what was asked for or a part of it, those that give the whole are found: "left upper
 * lobe" finds models of the left lung only when there is none of the lobe.
 */
export function searchModels<T extends Searchable>(models: readonly T[], query: ModelQuery): SearchResult<T> {
  const known = query.words.filter((word) => models.some(({ indexed }) => wordMet(indexed, word) !== undefined));
  const notUnderstood = query.words.filter((word) => !known.includes(word));
  const asked = { ...query, words: known };
  if (isEmpty(asked)) return { hits: [], notUnderstood };
  const strict = hitsOf(models, asked, false);
  return { hits: strict.length > 0 ? strict : hitsOf(models, asked, true), notUnderstood };
}

function isEmpty({ words, structures, modalities, bodyParts, ...rest }: ModelQuery): boolean {
  return (
    [words, structures, modalities, bodyParts].every((list) => list.length === 0) &&
    Object.values(rest).every((value) => value === undefined)
  );
}

function hitsOf<T extends Searchable>(models: readonly T[], query: ModelQuery, wholes: boolean): Hit<T>[] {
  return models
    .flatMap((model): Hit<T>[] => {
      const met = match(model, query, { wholes });
      const words = query.words.map((word) => wordMet(model.indexed, word));
      if (met === undefined || words.some((word) => word === undefined)) return [];
      const score = words.reduce((sum, word) => sum + (word?.score ?? 0), met.score);
      return [{ model, score, reasons: [...words.flatMap((word) => word?.reason ?? []), ...met.reasons] }];
    })
    .sort((a, b) => b.score - a.score || a.model.indexed.card.name.localeCompare(b.model.indexed.card.name));
}
