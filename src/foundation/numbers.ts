/** Numbers as programs write them into texts. */

// No digit can be read in two ways: a long text that is no number after all takes no longer than one that is.
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const NAMED: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
]);

/** The number that a text is, in the spellings of JSON, Python and R; undefined where it is none. */
export function numberIn(text: string): number | undefined {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  const named = NAMED.get(trimmed.toLowerCase().replace(/^[+-]/, ''));
  return named === undefined ? undefined : trimmed.startsWith('-') ? -named : named;
}
