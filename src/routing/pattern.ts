/**
 * The regular expressions of rules. They come from people and meet texts that come from outside, so they run on re2js,
 * whose time grows only linearly with the text: no expression can stall the node, and none has to be guessed at by a checker.
 * The price is RE2's syntax, without look-around and back-references.
 */
import { RE2JS } from 're2js';

export const MAX_PATTERN_LENGTH = 200;
/** `a{1000}` repeated makes a program of tens of thousands of steps out of a short pattern: linear in the text, and seconds all the same. */
const MAX_PROGRAM_SIZE = 1000;
/** Longer values are looked at only so far. */
const MAX_TEXT_LENGTH = 2048;

/** What was found in the texts that were looked at last: the same few descriptions come again and again. */
const MAX_REMEMBERED = 2000;
const MAX_REMEMBERED_LENGTH = 200;

interface Compiled {
  readonly pattern: RE2JS;
  readonly found: Map<string, boolean>;
}

const compiled = new Map<string, Compiled>();

/** What is wrong with a pattern, in words; undefined where nothing is. */
export function patternFault(source: string): string | undefined {
  if (source.length > MAX_PATTERN_LENGTH) return `is too long for a pattern, at most ${MAX_PATTERN_LENGTH} characters are allowed`;
  try {
    const size = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE).programSize();
    return size > MAX_PROGRAM_SIZE ? 'repeats too much for a pattern: write smaller numbers in braces, or * and + instead' : undefined;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/^error parsing regexp: /, '').replace('`(?i)', '`') : String(thrown);
    return `is not a regular expression in RE2's syntax (${reason})`;
  }
}

/** True if the pattern is found anywhere in the text; upper and lower case are the same. The pattern must be without fault. */
export function patternFound(source: string, text: string): boolean {
  const { pattern, found } = compile(source);
  // What is cut goes on: its last character is not the end that `$` asks for.
  const looked = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}\n` : text;
  const known = found.get(looked);
  if (known !== undefined) return known;
  const answer = pattern.matcher(looked).find();
  if (found.size >= MAX_REMEMBERED) found.clear();
  if (looked.length <= MAX_REMEMBERED_LENGTH) found.set(looked, answer);
  return answer;
}

function compile(source: string): Compiled {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const made: Compiled = { pattern: RE2JS.compile(source, RE2JS.CASE_INSENSITIVE), found: new Map() };
  compiled.set(source, made);
  return made;
}
