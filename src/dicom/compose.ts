/** Headers written down by keyword: `headerOf({ Modality: 'SEG', Rows: 512, SegmentSequence: [item, …] })`. */
import { formatDecimal, parseDecimal } from './element/decimal.js';
import { dictionaryVr, tagKey } from './element/dictionary.js';
import { TAG } from './element/tags.js';
import type { Keyword } from './element/tags.js';
import type { Header, HeaderElement, HeaderValue } from './header.js';
import type { Code } from './structures/code.js';

type Value = string | number | Header;

/** An empty list is an element without a value (type 2); an undefined one is left out (type 3). */
export type Attributes = { readonly [keyword in Keyword]?: Value | readonly Value[] | undefined };

/** The greatest length of a value in characters (PS3.5 table 6.2-1), for the VRs in which we write free text. */
const MAX_CHARACTERS: Readonly<Record<string, number>> = { CS: 16, SH: 16, LO: 64, ST: 1024, LT: 10240 };

/** A header from values by keyword, with the dictionary's VRs. Text that is too long for its VR is cut. */
export function headerOf(attributes: Attributes): Header {
  const header: Record<string, HeaderElement> = {};
  for (const [keyword, value] of Object.entries(attributes) as [Keyword, Attributes[Keyword]][]) {
    if (value === undefined) continue;
    const vr = dictionaryVr(TAG[keyword]);
    const values = (Array.isArray(value) ? value : [value]) as readonly Value[];
    header[tagKey(TAG[keyword])] = values.length === 0 ? { vr } : { vr, Value: values.map((one) => fitting(vr, one)) };
  }
  return header;
}

/** A code sequence item (PS3.3 table 8.8-1). */
export function codeItem(code: Code): Header {
  return headerOf({ CodeValue: code.value, CodingSchemeDesignator: code.scheme, CodeMeaning: code.meaning });
}

/** A backslash would part the value in two in VRs that can have several (PS3.5 6.2). */
function fitting(vr: string, value: Value): HeaderValue {
  if (typeof value !== 'string') return value;
  const whole = vr === 'LO' || vr === 'SH' ? value.replaceAll('\\', '/') : value;
  const characters = Array.from(whole);
  const limit = MAX_CHARACTERS[vr] ?? Infinity;
  return characters.length <= limit ? whole : characters.slice(0, limit).join('').trimEnd();
}

/**
 * A decimal string as written where it is a valid DS (at most 16 characters, PS3.5 6.2), so that what we refer to
 * compares as equal; else the nearest number that fits.
 */
export function decimalString(written: string): string {
  const text = written.trim();
  return text.length <= 16 && !Number.isNaN(parseDecimal(text)) ? text : formatDecimal(Number(text));
}
