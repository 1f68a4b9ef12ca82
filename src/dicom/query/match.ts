/** Attribute matching of QIDO-RS searches and C-FIND (PS3.18 8.3.4.1, PS3.4 C.2.2.2). Pure. */
import { dictionaryVr, tagKey } from '../element/tags.js';
import type { Header, HeaderElement, HeaderValue, PersonName } from '../header.js';
import { AnteroomError } from '../../foundation/errors.js';

/** One attribute and what it must match: `tags` leads through sequences to it. */
export interface Condition {
  readonly tags: readonly number[];
  /** As the request wrote it; empty matches everything, absent attributes included. */
  readonly value: string;
  readonly matchesText: (text: string) => boolean;
}

type TextMatcher = (text: string) => boolean;

/** VRs in whose values `*` and `?` are wildcards (PS3.4 C.2.2.2.4). */
const WILDCARD_VRS: ReadonlySet<string> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const NUMBER_VRS: ReadonlySet<string> = new Set(['DS', 'IS', 'FL', 'FD', 'SL', 'SS', 'SV', 'UL', 'US', 'UV']);
/** What a value of these may look like, alone or as the end of a range. */
const TIME_FORMS: Readonly<Record<string, RegExp>> = { DA: /^\d{8}$/, TM: /^\d{2,6}(\.\d{1,6})?$/, DT: /^\d{4,14}(\.\d{1,6})?$/ };
/** Longer than any value of these VRs, so that padded ends of a range compare as text. */
const PADDED_LENGTH = 24;

/**
 * Makes a condition.
 * @throws AnteroomError QUERY_INVALID where the value cannot be one of the attribute's VR; the value itself is not repeated.
 */
export function condition(tags: readonly number[], value: string, name: string): Condition {
  const vr = dictionaryVr(tags.at(-1) ?? 0);
  return { tags, value, matchesText: value === '' ? () => true : textMatcher(vr, value, name) };
}

/** Whether a header matches every condition. A value of several matches where one of its values does. */
export function matches(header: Header, conditions: readonly Condition[]): boolean {
  return conditions.every((one) => matchesAt(header, one, 0));
}

function matchesAt(header: Header, one: Condition, depth: number): boolean {
  if (one.value === '' || one.value === '*') return true;
  const element = header[tagKey(one.tags[depth] ?? 0)];
  if (depth === one.tags.length - 1) return textsOf(element).some(one.matchesText);
  return (element?.Value ?? []).some((item) => isHeader(item) && matchesAt(item, one, depth + 1));
}

function textMatcher(vr: string, value: string, name: string): TextMatcher {
  if (vr === 'SQ')
    throw new AnteroomError('QUERY_INVALID', `${name} is a sequence; name an attribute in it, ${name}.CodeValue for example`);
  if (vr === 'UI') return oneOf(value.split(/[,\\]/));
  if (vr in TIME_FORMS) return timeMatcher(vr, value, name);
  if (NUMBER_VRS.has(vr)) return numberMatcher(value, name);
  if (vr === 'PN') return wildcardMatcher(value.toLowerCase().replace(/\^+$/, ''));
  // No code string holds a comma: some clients list several modalities so.
  if (vr === 'CS') return anyOf(value.split(/[,\\]/).map(wildcardMatcher));
  return WILDCARD_VRS.has(vr) ? wildcardMatcher(value) : oneOf([value]);
}

function oneOf(values: readonly string[]): TextMatcher {
  const wanted = new Set(values.map((value) => value.trim()));
  return (text) => wanted.has(text);
}

function anyOf(matchers: readonly TextMatcher[]): TextMatcher {
  return (text) => matchers.some((matcher) => matcher(text));
}

function numberMatcher(value: string, name: string): TextMatcher {
  const wanted = Number(value);
  if (value.trim() === '' || Number.isNaN(wanted))
    throw new AnteroomError('QUERY_INVALID', `${name} is compared with something that is no number`);
  return (text) => Number(text) === wanted;
}

/** Single values and ranges `a-b`, `a-`, `-b` of dates and times; both ends belong to the range, a shorter value stands for all that begin with it. */
function timeMatcher(vr: string, value: string, name: string): TextMatcher {
  const [from = '', to, ...more] = value.split('-');
  const form = TIME_FORMS[vr] ?? /^$/;
  const wellFormed = [from, to ?? ''].every((end) => end === '' || form.test(end)) && more.length === 0 && value !== '-';
  if (!wellFormed)
    throw new AnteroomError(
      'QUERY_INVALID',
      `${name} wants a ${vr} such as ${{ DA: '20240131', TM: '120000', DT: '20240131120000' }[vr] ?? ''}, or a range of two with a hyphen`,
    );
  const low = from.padEnd(PADDED_LENGTH, '0');
  const high = (to ?? from) === '' ? '9'.repeat(PADDED_LENGTH) : (to ?? from).padEnd(PADDED_LENGTH, '9');
  return (text) => {
    const padded = text.padEnd(PADDED_LENGTH, '0');
    return padded >= low && padded <= high;
  };
}

/** `*` for any text, `?` for one character. Two pointers and one place to go back to, so that no pattern takes exponential time. */
export function wildcardMatcher(pattern: string): TextMatcher {
  return (text) => {
    let [at, inPattern, star, afterStar] = [0, 0, -1, 0];
    while (at < text.length) {
      const wanted = pattern[inPattern];
      if (wanted === '*') {
        star = inPattern++;
        afterStar = at;
      } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
        inPattern++;
        at++;
      } else if (star >= 0) {
        inPattern = star + 1;
        at = ++afterStar;
      } else return false;
    }
    while (pattern[inPattern] === '*') inPattern++;
    return inPattern === pattern.length;
  };
}

/** The values as the matchers compare them: names in lower case, each component group and all together (PS3.4 C.2.2.2.1). */
function textsOf(element: HeaderElement | undefined): string[] {
  return (element?.Value ?? []).flatMap((value) => {
    if (typeof value === 'string' || typeof value === 'number') return [String(value)];
    return isPersonName(value) ? nameTexts(value) : [];
  });
}

function nameTexts({ Alphabetic = '', Ideographic = '', Phonetic = '' }: PersonName): string[] {
  const groups = [Alphabetic, Ideographic, Phonetic].map((group) => group.toLowerCase().replace(/\^+$/, ''));
  return [...groups.filter((group) => group !== ''), groups.join('=').replace(/=+$/, '')];
}

function isPersonName(value: HeaderValue): value is PersonName {
  return typeof value === 'object' && value !== null && ('Alphabetic' in value || 'Ideographic' in value || 'Phonetic' in value);
}

function isHeader(value: HeaderValue): value is Header {
  return typeof value === 'object' && value !== null && !isPersonName(value);
}
