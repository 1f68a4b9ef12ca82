/** What a licence allows, from the texts that cards have: "MIT license", "CC-BY-NC-SA-4.0", "N/A". A guess that a person can check: the text is always shown beside it. */

export type LicenceUse = 'commercial' | 'non-commercial' | 'unclear';

const NOT_FOR_TRADE = /\bnc\b|non ?commercial|research|academic|evaluation only/;
/** Licences that forbid no use, copyleft ones too: SPDX's names and the usual spellings, without "license" and "version". Nothing may stand beside them. */
const FREE = new RegExp(
  `^(${[
    'mit|expat|isc|zlib|unlicense|public domain|cc0|cc zero',
    'apache( software)?|mpl|mozilla public',
    '(new |modified |simplified )?bsd( [0-4] clause)?|[0-4] clause bsd',
    '(gnu )?[al]?gpl|(gnu )?((affero|lesser|library) )?general public',
    '(cc|creative commons) (by|attribution)( sa| share ?alike| nd| no ?derivatives)?',
  ].join('|')})( ?\\d+)*( only| or later)?( international| universal| generic| unported)?$`,
);

/** What one text allows. A text that is not the name of a licence we know, and nothing else, is unclear, and so is none. */
export function licenceUse(text: string): LicenceUse {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();
  if (NOT_FOR_TRADE.test(words)) return 'non-commercial';
  const name = words
    .replaceAll(/\b(the|licen[sc]e|version)\b/g, '')
    .replaceAll(/v(?=\d)/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
  return FREE.test(name) ? 'commercial' : 'unclear';
}

/** Nothing was learned, so nothing is licensed. */
const NO_WEIGHTS = /^no weights$/i;

/** What code and weights together allow: as little as the stricter of the two. */
export function usePermitted({ code, weights }: { readonly code: string; readonly weights: string }): LicenceUse {
  const uses = (NO_WEIGHTS.test(weights.trim()) ? [code] : [code, weights]).map(licenceUse);
  if (uses.includes('non-commercial')) return 'non-commercial';
  return uses.includes('unclear') ? 'unclear' : 'commercial';
}
