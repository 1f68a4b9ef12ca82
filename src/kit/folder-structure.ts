/**
 * Structures of MHub's FileStructureImporter: `$patientID@instance/ct@dicom:mod=ct`. A path below the input folder, part by part; a part is
 * a name, `$key` for any name (kept as metadata), `name$key` or `re:EXPRESSION::`, and can be marked as the folder of a case
 * (`@instance`), as one that only groups (`@bundle`, `@`), or as data (`@nifti:mod=seg`).
 */
import { closest } from '../foundation/faults.js';
import { DATA_NAMES } from './items.js';
import type { DataName, Meta } from './items.js';

export interface Structure {
  readonly text: string;
  readonly parts: readonly Part[];
  /** Where among the parts the case begins; undefined where another structure says so. */
  readonly caseAt?: number;
  /** Keys that a case gets from this structure: those captured up to its folder, and those written beside `@instance`. */
  readonly caseKeys: readonly string[];
  readonly toJSON: () => string;
}

export interface Part {
  /** What the name of a file or folder gives where it fits; undefined where it does not. */
  readonly fits: (name: string) => Meta | undefined;
  /** Keys that it captures. */
  readonly keys: readonly string[];
  /** Attributes written beside `@instance`. */
  readonly caseAttributes: Meta;
  readonly data?: { readonly type: DataName; readonly meta: Meta };
}

class StructureFault extends Error {}

/** Reads a structure; a text that says what is wrong where it is none. */
export function parseStructure(text: string): Structure | string {
  try {
    const read = partTexts(text).map(partOf);
    const parts = read.map(({ part }) => part);
    const caseAt = read.findIndex(({ isCase }) => isCase);
    if (read.filter(({ isCase }) => isCase).length > 1) throw new StructureFault('has @instance twice, expected it once');
    if (parts.every((part) => part.data === undefined)) throw new StructureFault(`names no data, expected such as @dicom:mod=ct`);
    const caseKeys = parts.slice(0, caseAt + 1).flatMap((part) => [...part.keys, ...Object.keys(part.caseAttributes)]);
    return { text, parts, caseKeys, ...(caseAt < 0 ? {} : { caseAt }), toJSON: () => text };
  } catch (thrown) {
    if (thrown instanceof StructureFault) return `"${text}" ${thrown.message}`;
    throw thrown;
  }
}

const EXPRESSION = 're:';
const EXPRESSION_END = '::';

/** Splits at `/`, but not inside of an expression. */
function partTexts(text: string): string[] {
  const texts: string[] = [];
  for (let rest = text; ;) {
    const from = rest.startsWith(EXPRESSION) ? endOfExpression(rest) : 0;
    const slash = rest.indexOf('/', from);
    texts.push(slash < 0 ? rest : rest.slice(0, slash));
    if (slash < 0) return texts;
    rest = rest.slice(slash + 1);
  }
}

function endOfExpression(text: string): number {
  const end = text.indexOf(EXPRESSION_END);
  if (end < 0) throw new StructureFault(`has an expression without its end, expected ${EXPRESSION}…${EXPRESSION_END}`);
  return end + EXPRESSION_END.length;
}

function partOf(text: string): { part: Part; isCase: boolean } {
  const end = text.startsWith(EXPRESSION) ? endOfExpression(text) : 0;
  const [first, ...marks] = text.slice(end).split('@');
  if (end > 0 && first !== '') throw new StructureFault(`has "${first}" after its expression; name groups in it: (?<key>…)`);
  const name = end > 0 ? expressionOf(text.slice(EXPRESSION.length, end - EXPRESSION_END.length)) : nameOf(first);
  let data: Part['data'];
  let caseAttributes: Meta | undefined;
  for (const mark of marks) {
    const [word, ...pairs] = mark.split(':');
    const values = Object.fromEntries(pairs.map(pairOf));
    if (word === 'instance') caseAttributes = values;
    else if (word !== 'bundle' && word !== '') data = { type: typeOf(word), meta: values };
  }
  return {
    part: { ...name, caseAttributes: caseAttributes ?? {}, ...(data === undefined ? {} : { data }) },
    isCase: caseAttributes !== undefined,
  };
}

function nameOf(text: string): Pick<Part, 'fits' | 'keys'> {
  const [, literal, , key] = /^([^$]*)(\$([\w-]+))?$/.exec(text) ?? [];
  if (literal === undefined || text === '') throw new StructureFault(`has the part "${text}", expected a name, $key or name$key`);
  const captured = (name: string): Meta => (key === undefined ? {} : { [key]: name });
  return { fits: (name) => (literal === '' || literal === name ? captured(name) : undefined), keys: key === undefined ? [] : [key] };
}

/** Named groups are kept; Python's way of writing them is taken as well. */
function expressionOf(text: string): Pick<Part, 'fits' | 'keys'> {
  const source = text.replaceAll('(?P<', '(?<');
  const keys = [...source.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map(([, key]) => key);
  let pattern: RegExp;
  try {
    pattern = new RegExp(source);
  } catch {
    throw new StructureFault(`has "${text}", which is no regular expression`);
  }
  return {
    keys,
    fits: (name) => {
      const found = pattern.exec(name);
      return found === null ? undefined : Object.fromEntries(Object.entries(found.groups ?? {}).filter(([, value]) => value !== undefined));
    },
  };
}

function typeOf(word: string): DataName {
  const known = DATA_NAMES.find((one) => one === word.toLowerCase());
  if (known !== undefined) return known;
  const near = closest(word, DATA_NAMES);
  throw new StructureFault(`has @${word}, which is no type of data${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}

function pairOf(text: string): [string, string] {
  const [, key, value] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined) throw new StructureFault(`has "${text}", expected key=value`);
  return [key, value];
}
