/** Two JSON files, value by value. */
import { parsePythonJson, type Json } from '../../foundation/python-json.js';
import type { Check, Remark } from './finding.js';
import { sameNumber } from './numbers.js';

/** At most so many differences are named. */
const MAX_FINDINGS = 50;

/** Compares two JSON texts. Python writes NaN and Infinity, which JSON does not have: they are read as what they mean. */
export function checkJson(reference: string, output: string): Check {
  const checker = 'JsonContentCheck';
  const [expected, seen] = [parsePythonJson(reference), parsePythonJson(output)];
  if (expected === undefined || seen === undefined) {
    const which = expected === undefined ? 'the reference' : 'the output';
    return { checker, notes: [], findings: [{ label: 'JSON Format', description: `${which} is no JSON` }] };
  }
  const findings = differences(expected.value, seen.value, '$');
  return { checker, notes: [], findings: findings.slice(0, MAX_FINDINGS) };
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
