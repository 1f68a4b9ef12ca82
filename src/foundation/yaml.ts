/**
 * YAML that people write, read with the place of everything in it, and checked against a schema as a whole.
 * YAML 1.2: `yes`, `no` and `on` are texts. JSON is YAML, so JSON files are read the same way.
 */
import { LineCounter, isAlias, isMap, isNode, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { suggestionFor, type Fault } from './faults.js';

export type Path = readonly PropertyKey[];

export interface YamlDocument {
  readonly file: string;
  /** Plain data. A key without a value (`dimse:` and nothing behind it) counts as not written and is left out. */
  readonly value: unknown;
  /** Faults of the YAML itself: syntax, duplicate keys, unknown YAML tags. */
  readonly faults: readonly Fault[];
  /** True where `value` stands for what was written although there are `faults` (a key that is there twice). */
  readonly usable: boolean;
  /** A fault at this place; `at: 'key'` points to the key rather than to its value. */
  fault(path: Path, message: string, options?: { at?: 'key' | 'value'; suggestion?: string }): Fault;
}

export type Validation<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads one YAML (or JSON) document. Never throws: what is wrong is in `faults`. `file` is only used to name it. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const faults: Fault[] = [...document.errors, ...document.warnings].map((error) => ({
    ...placeOf(error.pos[0]),
    path: '',
    message: error.code === 'DUPLICATE_KEY' ? 'this key is written twice' : firstLine(error.message),
  }));
  let value: unknown;
  try {
    value = withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {});
  } catch (thrown) {
    // An alias without its anchor, or one that expands without bounds; the library throws only here.
    faults.push({ ...placeOf(0), path: '', message: thrown instanceof Error ? firstLine(thrown.message) : String(thrown) });
    return { file, value: undefined, faults, usable: false, fault: faultAt };
  }
  const usable = document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  return { file, value, faults, usable, fault: faultAt };

  function faultAt(path: Path, message: string, options: { at?: 'key' | 'value'; suggestion?: string } = {}): Fault {
    const offset = offsetOf(document, path, options.at ?? 'value');
    const suggestion = options.suggestion === undefined ? {} : { suggestion: options.suggestion };
    return { ...placeOf(offset), path: pathText(path), message, ...suggestion };
  }
}

/** As `parseYaml`, for a text that was checked when it came: where it is JSON this is many times faster, and tells of no key that is written twice. */
export function parseYamlAgain(text: string, file: string): YamlDocument {
  try {
    const value = withoutNulls(JSON.parse(text));
    return { file, value, faults: [], usable: true, fault: (...place) => parseYaml(text, file).fault(...place) };
  } catch {
    return parseYaml(text, file);
  }
}

/**
 * Checks a document against a schema and answers with every fault at once. Unknown keys of strict objects get a
 * "did you mean"; in a union the branch that the writer most probably meant is the one that is reported.
 */
export function validate<S extends z.ZodType>(document: YamlDocument, schema: S): Validation<z.output<S>> {
  if (!document.usable) return { ok: false, faults: document.faults };
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return document.faults.length > 0 ? { ok: false, faults: document.faults } : { ok: true, value: parsed.data };
  const found = parsed.error.issues.flatMap((issue) => faultsOfIssue(document, schema, issue, []));
  return { ok: false, faults: [...document.faults, ...found] };
}

/** The faults of a part of a document (`at`) that did not go with its schema. */
export function faultsOfPart(document: YamlDocument, at: Path, schema: z.ZodType, issues: readonly Issue[]): Fault[] {
  return issues.flatMap((issue) => faultsOfIssue(document, schema, issue, at, at.length));
}

type Issue = z.core.$ZodIssue;
type AnySchema = z.core.$ZodType;

/** `depth`: how far down in the document the schema begins. */
function faultsOfIssue(document: YamlDocument, schema: AnySchema, issue: Issue, prefix: Path, depth = 0): Fault[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && !issue.errors.every(failsAtRoot)) {
    return likeliestBranch(issue.errors).flatMap((inner) => faultsOfIssue(document, schema, inner, path, depth));
  }
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path.slice(depth));
    return issue.keys.map((key) => {
      if (known.includes(key)) return document.fault([...path, key], `"${key}" does not go with the other keys here`, { at: 'key' });
      return document.fault([...path, key], `unknown key "${key}"`, { at: 'key', ...suggestionFor(key, known) });
    });
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => document.fault(path, messageOf(inner), { at: 'key' }));
  const written = valueAt(document.value, path);
  if (written === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union')) {
    return [document.fault(path, 'is missing')];
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const choice = known.length === 1 ? `must be ${known[0]}` : `must be one of ${known.join(', ')}`;
    return [document.fault(path, choice, typeof written === 'string' ? suggestionFor(written, known) : {})];
  }
  if (issue.code === 'invalid_type') return [document.fault(path, `must be ${kindName(issue.expected)}, is ${kindOf(written)}`)];
  return [document.fault(path, messageOf(issue))];
}

/** The schema's own text where it has one; the library's defaults for sizes and ranges in plain words. */
function messageOf(issue: Issue): string {
  if (issue.code === 'too_small' && issue.message.startsWith('Too small')) {
    if (issue.origin === 'number' || issue.origin === 'int')
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    return issue.origin === 'array' ? `needs at least ${issue.minimum} of them` : 'must not be empty';
  }
  if (issue.code === 'too_big' && issue.message.startsWith('Too big')) {
    if (issue.origin === 'number' || issue.origin === 'int')
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    return `is too long, at most ${issue.maximum} are allowed`;
  }
  return issue.message;
}

/** True for a branch of a union that was not even the right kind of value. */
function failsAtRoot(branch: readonly Issue[]): boolean {
  return branch.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'));
}

/**
 * The branch whose faults lie deepest: a branch that does not even know the keys that stand there, or misses its own,
 * is not the one that was meant.
 */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const misfit = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => {
      if (issue.code === 'unrecognized_keys' && issue.path.length === 0) return sum + issue.keys.length;
      if (issue.code === 'invalid_type') return sum + ([100, 1][issue.path.length] ?? 0);
      return sum;
    }, 0);
  return branches.reduce((best, branch) => (misfit(branch) < misfit(best) ? branch : best));
}

/** The keys that any schema reachable at this path knows. */
function keysAt(schema: AnySchema, path: Path): string[] {
  let reached = unwrapped(schema);
  for (const step of path) reached = reached.flatMap((node) => childAt(node, step)).flatMap(unwrapped);
  return [...new Set(reached.flatMap((node) => (node._zod.def.type === 'object' ? Object.keys(shapeOf(node)) : [])))];
}

function childAt(node: AnySchema, step: PropertyKey): AnySchema[] {
  const def = node._zod.def as { type: string; element?: AnySchema; valueType?: AnySchema };
  if (def.type === 'object') return [shapeOf(node)[String(step)]].filter((child) => child !== undefined);
  return [def.element, def.valueType].filter((child) => child !== undefined);
}

function shapeOf(node: AnySchema): Record<string, AnySchema | undefined> {
  return (node._zod.def as unknown as { shape: Record<string, AnySchema> }).shape;
}

/** The schemas behind optional, default, lazy, pipe and union, in one flat list. */
function unwrapped(schema: AnySchema): AnySchema[] {
  const def = schema._zod.def as { type: string; innerType?: AnySchema; getter?: () => AnySchema; in?: AnySchema; options?: AnySchema[] };
  if (def.type === 'union') return (def.options ?? []).flatMap(unwrapped);
  const inner = def.innerType ?? def.getter?.() ?? def.in;
  return inner === undefined ? [schema] : unwrapped(inner);
}

function offsetOf(document: Document, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      const wanted = at === 'key' && depth === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      [node, offset] = [pair.value, startOf(wanted, offset)];
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node, offset);
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown, otherwise: number): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? otherwise) : otherwise;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step], value);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const written = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(written.map(([key, inner]) => [key, withoutNulls(inner)]));
}

function pathText(path: Path): string {
  return path.map((step, depth) => (typeof step === 'number' ? `[${step}]` : `${depth > 0 ? '.' : ''}${String(step)}`)).join('');
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
  tuple: 'a list',
};

function kindName(expected: string): string {
  return KIND_NAMES[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  return kindName(Array.isArray(value) ? 'array' : typeof value);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
