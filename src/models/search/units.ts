/** How texts of queries, names and cards are cut into units that can be compared: words, and single Chinese characters. */

const CHINESE = /\p{Script=Han}/u;

/** Lower-case words and single Chinese characters, in order; everything between them is dropped. */
export function unitsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/\p{Script=Han}|[\p{L}\p{N}]+(?:\.\d+)?(?<!\p{Script=Han})/gu)
      ?.flatMap(split) ?? []
  );
}

/** `mr肺` is a word and a character. */
function split(unit: string): string[] {
  return CHINESE.test(unit) ? (unit.match(/\p{Script=Han}|[^\p{Script=Han}]+/gu) ?? []) : [unit];
}

/** The units as one key: words by blanks, Chinese characters without. */
export function keyOf(units: readonly string[]): string {
  return units.reduce(
    (key, unit) => (key === '' || CHINESE.test(unit) || CHINESE.test(key.at(-1) ?? '') ? key + unit : `${key} ${unit}`),
    '',
  );
}

/** A word without the plural's ending, as far as that is safe. */
export function singular(word: string): string {
  if (word.length < 4 || !word.endsWith('s') || word.endsWith('ss') || word.endsWith('us') || word.endsWith('is')) return word;
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.slice(0, -1);
}

/** True for a Chinese character. */
export function isChinese(unit: string): boolean {
  return CHINESE.test(unit);
}
