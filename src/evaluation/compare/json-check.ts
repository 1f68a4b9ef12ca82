/** Two JSON files, value by value. */
import type { Check, Remark } from './finding.js';
import { sameNumber } from './numbers.js';

/** At most so many differences are named. */
const MAX_FINDINGS = 50;

/** Compares two JSON texts. Python writes NaN and Infinity, which JSON does not have: they are read as what they mean. */
export function checkJson(reference: string, output: string): Check {
  const checker = 'JsonContentCheck';
  const [expected, seen] = [parse(reference), parse(output)];
  if (expected === undefined || seen === undefined) {
    const which = expected === undefined ? 'the reference' : 'the output';
    return { checker, notes: [], findings: [{ label: 'JSON Format', description: `${which} is no JSON` }] };
  }
  const findings = differences(expected.value, seen.value, '$');
  return { checker, notes: [], findings: findings.slice(0, MAX_FINDINGS) };
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function parse(text: string): { value: Json } | undefined {
  // Texts are matched first, so that a NaN inside of one stays.
  const readable = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
    token.startsWith('"') ? token : `{"${MARK}":"${token}"}`,
  );
  try {
    return { value: JSON.parse(readable, (_, value: Json) => (isMark(value) ? Number(value[MARK]) : value)) as Json };
  } catch {
    return undefined;
  }
}

/** No key that a model writes. */
const MARK = '$anteroom.number';

function isMark(value: Json): value is { [MARK]: string } {
  return typeof value === 'object' && value !== null && MARK in value;
}

function differences(expected: Json, seen: Json, path: string): Remark[] {
  if (typeof expected === 'number' && typeof seen === 'number')
    return sameNumber(expected, seen) ? [] : [valueDiffers(expected, seen, path)];
  if (!isBranch(expected) || !isBranch(seen) || Array.isArray(expected) !== Array.isArray(seen))
    return expected === seen ? [] : [valueDiffers(expected, seen, path)];
  const [before, after] = [new Map(Object.entries(expected)), new Map(Object.entries(seen))];
  const step = (key: string) => (Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    if (one === undefined) return [{ label: 'JSON Key', description: 'is only in the output', subpath: step(key) }];
    if (other === undefined) return [{ label: 'JSON Key', description: 'is missing in the output', subpath: step(key) }];
    return differences(one, other, step(key));
  });
}

function isBranch(value: Json): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null;
}

function valueDiffers(expected: Json, seen: Json, subpath: string): Remark {
  return { label: 'JSON Value', description: `is ${told(seen)}, expected ${told(expected)}`, subpath };
}

function told(value: Json): string {
  if (typeof value === 'number') return String(value);
  return isBranch(value) ? (Array.isArray(value) ? 'a list' : 'an object') : JSON.stringify(value);
}
