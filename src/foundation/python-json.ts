/** JSON as Python writes it: with NaN and Infinity, which JSON itself does not have. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** No key that a model writes. */
const MARK = '$anteroom.number';

/** What a text says, NaN and infinities as numbers; undefined where it is no JSON from its beginning to its end. */
export function parsePythonJson(text: string): { readonly value: Json } | undefined {
  return plainJson(text) ?? jsonWithNumbers(text);
}

function plainJson(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
}

/** A text of some megabytes beside a NaN is more than a regular expression takes: no JSON either. */
function jsonWithNumbers(text: string): { readonly value: Json } | undefined {
  try {
    // Texts are matched first, so that a NaN inside of one stays.
    const readable = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
      token.startsWith('"') ? token : `{"${MARK}":"${token}"}`,
    );
    return { value: JSON.parse(readable, (_, value: Json) => (isMark(value) ? Number(value[MARK]) : value)) as Json };
  } catch {
    return undefined;
  }
}

function isMark(value: Json): value is { [MARK]: string } {
  return typeof value === 'object' && value !== null && MARK in value;
}
