/** Finding words of a closed list in what people wrote as a description: whole words only, in any of the list's languages. Pure. */

/** What each phrase means; the phrase is in lower case without accents, its words one space apart, or is Chinese or Japanese. */
export class PhraseTable<Meaning> {
  readonly #phrases = new Map<string, readonly Meaning[]>();
  readonly #ideographs = new Map<string, readonly Meaning[]>();
  /** The series of a study share their descriptions, and studies of one protocol too. */
  readonly #answers = new Map<string, readonly Meaning[]>();
  #longestWords = 1;
  #longestIdeographs = 1;

  /**
   * Each row holds meanings and the phrases that have them, separated by commas. A row without meanings names phrases that say
   * nothing though they hold a word that else would: `head first` says how the patient lies.
   */
  constructor(rows: readonly (readonly [meanings: readonly Meaning[], phrases: string])[]) {
    for (const [meanings, phrases] of rows) {
      for (const phrase of phrases.split(',').map((one) => one.trim())) this.#add(phrase, meanings);
    }
  }

  #add(phrase: string, meanings: readonly Meaning[]): void {
    if (IDEOGRAPH.test(phrase)) {
      this.#ideographs.set(phrase, meanings);
      this.#longestIdeographs = Math.max(this.#longestIdeographs, phrase.length);
    } else {
      this.#phrases.set(phrase, meanings);
      this.#longestWords = Math.max(this.#longestWords, phrase.split(' ').length);
    }
  }

  /** The meanings that a text has, each once, in the order of the text. Of overlapping phrases the longest one counts. */
  find(text: string): readonly Meaning[] {
    const known = this.#answers.get(text);
    if (known !== undefined) return known;
    const found = new Set<Meaning>();
    const words = wordsOf(text);
    let at = 0;
    while (at < words.length) at += this.#match(words, at, found);
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear();
    const answer = [...found];
    this.#answers.set(text, answer);
    return answer;
  }

  /** Adds the meanings of the longest phrase that begins at a word; returns how many words it took, at least 1. */
  #match(words: readonly string[], at: number, found: Set<Meaning>): number {
    const word = words[at] ?? '';
    if (IDEOGRAPH.test(word)) this.#findIdeographs(word, found);
    for (let count = Math.min(this.#longestWords, words.length - at); count > 0; count--) {
      const phrase = words.slice(at, at + count).join(' ');
      const meanings = this.#phrases.get(phrase) ?? (count === 1 ? this.#bare(word) : undefined);
      if (meanings === undefined) continue;
      for (const meaning of meanings) found.add(meaning);
      return count;
    }
    return 1;
  }

  /** A word without the signs and then without the numbers at its ends: `abdomen-`, `thorax1`, `1head`. */
  #bare(word: string): readonly Meaning[] | undefined {
    const plain = word.replace(/[+*-]$/, '');
    return this.#phrases.get(plain) ?? this.#phrases.get(plain.replace(/^\d+|\d+$/g, ''));
  }

  /** Chinese and Japanese are written without spaces. */
  #findIdeographs(run: string, found: Set<Meaning>): void {
    for (let at = 0; at < run.length;) {
      let length = Math.min(this.#longestIdeographs, run.length - at);
      while (length > 0 && !this.#ideographs.has(run.slice(at, at + length))) length--;
      for (const meaning of this.#ideographs.get(run.slice(at, at + length)) ?? []) found.add(meaning);
      at += Math.max(1, length);
    }
  }
}

const MOST_ANSWERS = 2000;

/** Han, Hiragana and Katakana. */
const IDEOGRAPH = /[\u3040-\u30ff\u3400-\u9fff]/;

/** The last word of every text, so that a phrase can ask for the end. */
export const END = '$';

/**
 * The words of a text: lower case, without accents, `+` and a final `-` kept (`c+`, `c-`), `w/o` and `w/` as without and
 * with. Capitals inside a word begin a new one: protocol names are written ThoraxRoutine, AThoraxRoutine and HeadNeck.
 */
export function wordsOf(text: string): string[] {
  const plain = text
    .slice(0, LONGEST_TEXT)
    .normalize('NFKC')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
  const spaced = plain
    .replace(/ß/g, 'ss')
    .replace(/\bw\s?\/\s?o\b/gi, ' without ')
    .replace(/\bw\s?\/\s?(?=[a-z])/gi, ' with ')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase();
  return [...(spaced.match(WORD) ?? []), END];
}

/** A description has at most 64 characters (LO); a text that somebody filled with more says nothing more. */
const LONGEST_TEXT = 256;
const WORD = /[\u3040-\u30ff\u3400-\u9fff]+|(?:(?![\u3040-\u30ff\u3400-\u9fff])[\p{L}\p{N}])+(?:[+*]|-(?![\p{L}\p{N}]))?|\+(?=\s?c\b)/gu;
