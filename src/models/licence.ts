/** What a licence allows, from the texts that cards have: "MIT license", "CC-BY-NC-SA-4.0", "N/A". A guess that a person can check: the text is always shown beside it. */

export type LicenceUse = 'commercial' | 'non-commercial' | 'unclear';

const NOT_FOR_TRADE = /\bnc\b|non ?commercial|research|academic|evaluation only/;
/** Copyleft licences forbid no use. */
const FREE = /\b(mit|apache|bsd|isc|mpl|a?gpl|lgpl|gnu|cc by|cc0|public domain|unlicense|zlib)\b/;

/** What one text allows. A text that names no licence we know is unclear, and so is none. */
export function licenceUse(text: string): LicenceUse {
  const words = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, ' ');
  if (NOT_FOR_TRADE.test(words)) return 'non-commercial';
  return FREE.test(words) ? 'commercial' : 'unclear';
}

/** Nothing was learned, so nothing is licensed. */
const NO_WEIGHTS = /^no weights$/i;

/** What code and weights together allow: as little as the stricter of the two. */
export function usePermitted({ code, weights }: { readonly code: string; readonly weights: string }): LicenceUse {
  const uses = (NO_WEIGHTS.test(weights.trim()) ? [code] : [code, weights]).map(licenceUse);
  if (uses.includes('non-commercial')) return 'non-commercial';
  return uses.includes('unclear') ? 'unclear' : 'commercial';
}
