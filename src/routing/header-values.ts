/** Values of headers for looking at: padding removed, numbers as numbers, nothing ever thrown. */
import { parseDecimal } from '../dicom/element/decimal.js';
import { tagKey } from '../dicom/element/tags.js';
import type { Header, HeaderValue } from '../dicom/header.js';

const PADDING = /[\s\0]/;

/** The items of a sequence; none where the tag is absent or no sequence. */
export function headersIn(header: Header, tag: number): Header[] {
  return valuesOf(header, tag).filter(isItem);
}

/** The texts of an element without padding; a person's name as its alphabetic group. Empty values are left out unless they hold a place. */
export function textsIn(header: Header, tag: number, options: { keepEmpty?: boolean } = {}): string[] {
  const texts = valuesOf(header, tag).map((value) => textOf(value) ?? '');
  return options.keepEmpty === true && texts.some((text) => text !== '') ? texts : texts.filter((text) => text !== '');
}

/** The numbers of an element; values that are none are left out. */
export function numbersIn(header: Header, tag: number): number[] {
  const values = valuesOf(header, tag);
  return values.every(isFiniteNumber) ? [...values] : values.flatMap((value) => numberOf(value) ?? []);
}

function isFiniteNumber(value: HeaderValue): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The first value as a number; undefined where it is absent or none. */
export function numberIn(header: Header, tag: number): number | undefined {
  const [first] = valuesOf(header, tag);
  return first === undefined ? undefined : numberOf(first);
}

/** The values of an element; none where it is absent or empty. */
export function valuesOf(header: Header, tag: number): readonly HeaderValue[] {
  const values: unknown = header[keyOf(tag)]?.Value;
  return Array.isArray(values) ? (values as HeaderValue[]) : [];
}

/** The keys of the few tags that are asked for, made once: a study has thousands of headers. */
const keys = new Map<number, string>();

function keyOf(tag: number): string {
  const known = keys.get(tag);
  if (known !== undefined) return known;
  const key = tagKey(tag);
  keys.set(tag, key);
  return key;
}

/** A value as text without DICOM's padding (PS3.5 6.2: spaces, and NUL after UIDs); undefined for items of sequences. */
export function textOf(value: HeaderValue): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return unpadded(value);
  if (typeof value !== 'object' || value === null) return value === null ? '' : undefined;
  const { Alphabetic: name } = value as { Alphabetic?: unknown };
  return typeof name === 'string' ? textOf(name) : undefined;
}

/** By hand: a regular expression looks at every run of blanks inside of a text anew from each of them. */
function unpadded(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && PADDING.test(text[start])) start++;
  while (end > start && PADDING.test(text[end - 1])) end--;
  return text.slice(start, end);
}

/** A value as a number, where it is one: DS and IS may come as text. */
export function numberOf(value: HeaderValue): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const text = typeof value === 'string' ? textOf(value) : undefined;
  const number = parseDecimal(text ?? '');
  return Number.isNaN(number) ? undefined : number;
}

/** True for an item of a sequence, not for a name. */
export function isItem(value: HeaderValue): value is Header {
  return typeof value === 'object' && value !== null && !('Alphabetic' in value) && !('Ideographic' in value) && !('Phonetic' in value);
}
