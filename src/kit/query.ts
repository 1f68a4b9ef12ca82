/**
 * MHub's semantic data queries: which items of a case are meant. `dicom:mod=ct`, `nifti:mod=seg:roi=LEFT_LUNG|RIGHT_LUNG`,
 * `dicom OR nifti AND NOT any:mod=seg`. The same words with the same sense; where MHub's engine stumbles (`>=`, fractions, case that
 * counts for `!=` only, conditions on lists that are none) this one answers.
 */
import { z } from 'zod';
import { closest } from '../foundation/faults.js';
import { DATA_NAMES } from './items.js';
import type { DataName, Meta } from './items.js';

/** `maybe`: it depends on metadata that is not known before the workflow runs. */
export type Answer = 'yes' | 'maybe' | 'no';

/** What can be said of an item before there is one. */
export interface Kind {
  readonly type: DataName;
  /** Metadata that it will have; null where only the run can tell its value, or whether there is one. */
  readonly meta: Readonly<Record<string, string | null>>;
  /** True where it can have other metadata as well. */
  readonly open?: boolean;
}

type Node =
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'term'; readonly types: readonly DataName[] | 'any'; readonly conditions: readonly Condition[] };

interface Condition {
  readonly key: string;
  /** What it says of a value; undefined where an item has none of that key. */
  readonly holds: (value: string | undefined) => boolean;
}

/** A query that was read and can be asked. */
export class Query {
  private constructor(
    readonly text: string,
    private readonly root: Node,
  ) {}

  /** Reads a query; a text that says what is wrong where it is none. */
  static parse(text: string): Query | string {
    try {
      return new Query(text, new Parser(text).whole());
    } catch (thrown) {
      if (thrown instanceof QueryFault) return `"${text}": ${thrown.message}`;
      throw thrown;
    }
  }

  matches({ type, meta }: { readonly type: DataName; readonly meta: Meta }): boolean {
    return this.answer({ type, meta }) === 'yes';
  }

  /** Whether an item of a kind will be meant. */
  answer(kind: Kind): Answer {
    return answerOf(this.root, kind);
  }

  /** In `--list` a setting is shown as it was written. */
  toJSON(): string {
    return this.text;
  }
}

/** A setting that is a query. */
export const query = z.string().transform((text, context): Query => {
  const parsed = Query.parse(text);
  if (parsed instanceof Query) return parsed;
  context.issues.push({ code: 'custom', message: parsed, input: text });
  return z.NEVER;
});

/** A query that stands in our own code. */
export function queryOf(text: string): Query {
  const parsed = Query.parse(text);
  if (typeof parsed === 'string') throw new TypeError(parsed);
  return parsed;
}

/** Three-valued logic after Kleene. */
function answerOf(node: Node, kind: Kind): Answer {
  switch (node.kind) {
    case 'not':
      return ({ yes: 'no', maybe: 'maybe', no: 'yes' } as const)[answerOf(node.of, kind)];
    case 'and':
      return least([answerOf(node.left, kind), answerOf(node.right, kind)]);
    case 'or':
      return most([answerOf(node.left, kind), answerOf(node.right, kind)]);
    case 'term':
      if (node.types !== 'any' && !node.types.includes(kind.type)) return 'no';
      return least(node.conditions.map((condition) => conditionAnswer(condition, kind)));
  }
}

function least(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('maybe') ? 'maybe' : 'yes';
}

function most(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('maybe') ? 'maybe' : 'no';
}

const LENGTH = '.length';

/** `roi.length` is how many values separated by commas `roi` has. */
function conditionAnswer({ key, holds }: Condition, { meta, open = false }: Kind): Answer {
  const asksLength = key.endsWith(LENGTH) && !Object.hasOwn(meta, key);
  const source = asksLength ? key.slice(0, -LENGTH.length) : key;
  if (!Object.hasOwn(meta, source)) return open ? 'maybe' : holds(undefined) ? 'yes' : 'no';
  const value = meta[source];
  if (value === null) return 'maybe';
  return holds(asksLength ? String(value.split(',').length) : value) ? 'yes' : 'no';
}

class QueryFault extends Error {}

const WORDS = ['NOT', 'AND', 'OR'];

/** Recursive descent; NOT binds before AND, AND before OR. */
class Parser {
  readonly #tokens: string[];

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  whole(): Node {
    const node = this.#or();
    if (this.#tokens.length > 0) throw new QueryFault(`"${this.#tokens[0]}" stands where AND, OR or the end belongs`);
    return node;
  }

  #or(): Node {
    let left = this.#and();
    while (this.#take('OR')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Node {
    let left = this.#not();
    while (this.#take('AND')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Node {
    if (this.#take('NOT')) return { kind: 'not', of: this.#not() };
    if (!this.#take('(')) return this.#term();
    const inside = this.#or();
    if (!this.#take(')')) throw new QueryFault('a ( without its )');
    return inside;
  }

  #term(): Node {
    const token = this.#tokens.shift();
    if (token === undefined || token === ')' || WORDS.includes(token))
      throw new QueryFault(`${token === undefined ? 'it ends' : `"${token}" stands`} where a type belongs`);
    const [types, ...conditions] = splitOutside(token, ':');
    return { kind: 'term', types: typesOf(types), conditions: conditions.map(conditionOf) };
  }

  #take(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }
}

/** Words, terms and groups. A parenthesis inside of a term belongs to it: `roi~=(LEFT|RIGHT)_LUNG`. */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at])) at++;
    else if (text[at] === '(' || text[at] === ')') tokens.push(text[at++]);
    else {
      const end = endOfTerm(text, at);
      tokens.push(text.slice(at, end));
      at = end;
    }
  }
  return tokens;
}

function endOfTerm(text: string, start: number): number {
  let depth = 0;
  let end = start;
  for (; end < text.length; end++) {
    if (text[end] === '(') depth++;
    else if (text[end] === ')' && depth-- === 0) break;
    else if (/\s/.test(text[end])) break;
  }
  return end;
}

function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

function typesOf(text: string): readonly DataName[] | 'any' {
  const names = text.split('|').map((name) => name.toLowerCase());
  if (names.includes('any')) return 'any';
  return names.map((name) => {
    const known = DATA_NAMES.find((one) => one === name);
    if (known !== undefined) return known;
    const word = WORDS.find((one) => one.toLowerCase() === name);
    const near = word ?? closest(name, DATA_NAMES);
    throw new QueryFault(
      `"${name}" is no type of data${near === undefined ? '' : ` (did you mean ${near}?)`}, expected any, ${DATA_NAMES.join(', ')}`,
    );
  });
}

const CONDITION = /^([\w.-]+)(!=|~=|><|<>|<=|>=|=|<|>)(.+)$/s;

function conditionOf(text: string): Condition {
  const [, key, operator, operand] = CONDITION.exec(text) ?? [];
  if (key === undefined) throw new QueryFault(`"${text}" is no condition, expected such as mod=ct, with one of = != ~= >< <> <= >= < >`);
  return { key, holds: testOf(operator, operand) };
}

function testOf(operator: string, operand: string): Condition['holds'] {
  const options = operand.toLowerCase().split('|');
  const isOneOf = (value: string | undefined) => value !== undefined && (operand === '*' || options.includes(value.toLowerCase()));
  const listed = listOf(operand);
  const number = numberOf(operand);
  const present =
    (test: (value: string) => boolean): Condition['holds'] =>
    (value) =>
      value !== undefined && test(value);
  const compared = (test: (a: number, b: number) => boolean) => {
    if (number === undefined) throw new QueryFault(`"${operand}" is no number, which ${operator} compares`);
    return present((value) => test(numberOf(value) ?? NaN, number));
  };
  switch (operator) {
    case '=':
      return isOneOf;
    case '!=':
      return (value) => !isOneOf(value);
    case '~=': {
      const pattern = patternOf(operand);
      return present((value) => pattern.test(value));
    }
    case '><':
      return present((value) => isWithin(listOf(value), listed) && isWithin(listed, listOf(value)));
    case '<>':
      return present((value) => listOf(value).every((one) => !listed.includes(one)));
    case '<=':
      return number === undefined ? present((value) => isWithin(listOf(value), listed)) : compared((a, b) => a <= b);
    case '>=':
      return number === undefined ? present((value) => isWithin(listed, listOf(value))) : compared((a, b) => a >= b);
    case '<':
      return compared((a, b) => a < b);
    default:
      return compared((a, b) => a > b);
  }
}

/** Anchored at the start, as MHub does. */
function patternOf(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})`, 'i');
  } catch {
    throw new QueryFault(`"${text}" is no regular expression`);
  }
}

function listOf(text: string): string[] {
  return text.toLowerCase().split(',');
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}

function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : undefined;
}
