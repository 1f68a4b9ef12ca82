/** Places in the answer of a model: `cancerinfo.casecancerprobability`, `findings[0].x`, `["a.b"]`; a column of a CSV file is its name alone. */
import type { Json } from '../foundation/python-json.js';

/** A key or, of a list, a position from 0. */
export type AnswerPath = readonly (string | number)[];

/** A key without brackets, a key in brackets and quotes, or a position. Keys may hold blanks and hyphens, as MHub's models have them. */
const STEP = /^(?:\.?([^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\])/;

/** The path of a text; undefined where it is none. `.` is the answer itself. */
export function parsePath(text: string): AnswerPath | undefined {
  if (text === '.') return [];
  const steps: (string | number)[] = [];
  for (let rest = text; rest !== '';) {
    const found = STEP.exec(rest);
    if (found === null || (steps.length === 0 && rest.startsWith('.'))) return undefined;
    const [whole, key, quoted, position] = found as unknown as [string, ...(string | undefined)[]];
    steps.push(key ?? (quoted === undefined ? Number(position) : quoted.replace(/\\(.)/g, '$1')));
    rest = rest.slice(whole.length);
  }
  return steps.length === 0 ? undefined : steps;
}

/** What stands at a place; undefined where there is no such place. */
export function valueAt(answer: Json, path: AnswerPath): Json | undefined {
  return path.reduce<Json | undefined>((at, step) => {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) return typeof step === 'number' ? at[step] : undefined;
    return Object.hasOwn(at, step) ? at[step] : undefined;
  }, answer);
}
