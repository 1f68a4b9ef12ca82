/**
 * Tags as rules name them: by keyword, by number, private ones with their creator, and nested ones by path:
 * `Modality`, `(0018,0050)`, `0029,"SIEMENS CSA HEADER",08`, `RequestAttributesSequence[0].RequestedProcedureDescription`.
 */
import { dictionaryVr, keywordOf, keywords, tagKey, tagOf } from '../../dicom/element/tags.js';
import type { Header, HeaderElement, HeaderValue } from '../../dicom/header.js';
import { closest } from '../../foundation/faults.js';
import { isItem, textOf } from '../header-values.js';
import type { SeenValue } from './explained.js';

/** One step of a path. Without `item` every item of a sequence counts. */
export type Step = ({ readonly key: string } | PrivateTag) & { readonly item?: number };

interface PrivateTag {
  /** Four hexadecimal digits. */
  readonly group: string;
  readonly creator: string;
  /** Two hexadecimal digits: the element within the block that the creator has reserved (PS3.5 7.8.1). */
  readonly element: string;
}

export interface TagPath {
  readonly text: string;
  readonly steps: readonly Step[];
  /** The key of a path of one step that is no private tag. */
  readonly key: string | undefined;
  /** Keyword and VR of the last step, as the dictionary has them; `UN` for private tags. */
  readonly keyword: string | undefined;
  readonly vr: string;
}

/** A path as it is written, or what is wrong with it. */
export function parseTagPath(text: string): TagPath | { readonly fault: string } {
  const parts = text.match(/(?:"[^"]*"|[^."])+/g) ?? [];
  if (parts.length === 0 || parts.join('.') !== text) return { fault: `"${text}" is no tag` };
  const steps: Step[] = [];
  let last: { keyword: string | undefined; vr: string } = { keyword: undefined, vr: 'UN' };
  for (const [index, part] of parts.entries()) {
    const [, name = part, item] = /^(.*?)(?:\[(\d{1,5})\])?$/.exec(part) ?? [];
    const isLast = index === parts.length - 1;
    if (isLast && item !== undefined) return { fault: `"${part}" needs an element after it: ${part}.…` };
    const step = stepOf(name);
    if (step === undefined) return { fault: unknownTag(name) };
    last = describe(step);
    if (!isLast && last.vr !== 'SQ' && last.vr !== 'UN') return { fault: `${name} is no sequence: nothing is inside it` };
    steps.push(item === undefined ? step : { ...step, item: Number(item) });
  }
  const [only] = steps;
  const key = steps.length === 1 && only !== undefined && 'key' in only ? only.key : undefined;
  return { text, steps, key, ...last };
}

function stepOf(name: string): Step | undefined {
  const [, group, creator, element] = /^\(?([0-9a-f]{4}),\s*"([^"]+)"\s*,\s*([0-9a-f]{2})\)?$/i.exec(name) ?? [];
  if (group !== undefined && creator !== undefined && element !== undefined) {
    const isPrivate = Number.parseInt(group, 16) % 2 === 1;
    return isPrivate ? { group: group.toUpperCase(), creator: creator.trim(), element: element.toUpperCase() } : undefined;
  }
  const tag = tagOf(name);
  return tag === undefined ? undefined : { key: tagKey(tag) };
}

function describe(step: Step): { keyword: string | undefined; vr: string } {
  if (!('key' in step)) return { keyword: undefined, vr: 'UN' };
  const tag = Number.parseInt(step.key, 16);
  return { keyword: keywordOf(tag), vr: dictionaryVr(tag) };
}

function unknownTag(name: string): string {
  if (name.includes('"')) return `"${name}" is no private tag; one is written like 0029,"SIEMENS CSA HEADER",08, its group being odd`;
  const near = closest(name, keywords());
  return `no tag is called "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** The values found at a path and, where there are none, why. */
export interface Found {
  readonly values: readonly SeenValue[];
  readonly source: string;
}

/** Reads a path in several data sets at once, with where the values are from or why there are none. Never throws. */
export function readTag(headers: readonly Header[], path: TagPath): Found {
  const values = tagValues(headers, path);
  if (values.length > 0) return { values, source: path.text };
  const elements = headers.flatMap((header) => elementsAt(header, path.steps, 0));
  return { values, source: `${path.text} is ${whyNothing(elements, elements.flatMap(valuesIn))}` };
}

const NOTHING: readonly SeenValue[] = [];

/** The values alone: each different value of several data sets once, in the order in which they are met. */
export function tagValues(headers: readonly Header[], path: TagPath): readonly SeenValue[] {
  const [first] = headers;
  if (headers.length === 1 && first !== undefined && path.key !== undefined) return scalarsIn(first[path.key]);
  const values = headers.flatMap((header) => elementsAt(header, path.steps, 0).flatMap(scalarsIn));
  return headers.length > 1 ? [...new Set(values)] : values;
}

/** Values of an element of the header: the same ones are asked by many clauses. */
const scalars = new WeakMap<HeaderElement, readonly SeenValue[]>();

function scalarsIn(element: HeaderElement | null | undefined): readonly SeenValue[] {
  if (typeof element !== 'object' || element === null) return NOTHING;
  const known = scalars.get(element);
  if (known !== undefined) return known;
  const values = valuesIn(element).flatMap(scalarOf);
  scalars.set(element, values);
  return values;
}

function whyNothing(elements: readonly HeaderElement[], written: readonly HeaderValue[]): string {
  if (elements.length === 0) return 'absent';
  if (written.some(isItem)) return 'a sequence';
  return written.some((value) => typeof value === 'object' && value !== null) ? 'a name without its alphabetic form' : 'empty';
}

function elementsAt(header: Header, steps: readonly Step[], depth: number): HeaderElement[] {
  const step = steps[depth];
  if (step === undefined) return [];
  const elements = keysOf(header, step).flatMap((key) => header[key] ?? []);
  if (depth === steps.length - 1) return elements;
  const items = elements.flatMap(valuesIn).filter(isItem);
  const asked = step.item === undefined ? items : items.slice(step.item, step.item + 1);
  return asked.flatMap((item) => elementsAt(item, steps, depth + 1));
}

/** The key of a step in this data set; a private creator may have reserved any block, and more than one. */
function keysOf(header: Header, step: Step): string[] {
  if ('key' in step) return [step.key];
  const keys: string[] = [];
  for (const [key, element] of Object.entries(header)) {
    const reserves = key.length === 8 && key.startsWith(`${step.group}00`) && key >= `${step.group}0010`;
    if (reserves && valuesIn(element).some((value) => textOf(value) === step.creator))
      keys.push(`${step.group}${key.slice(6)}${step.element}`);
  }
  return keys;
}

function valuesIn(element: HeaderElement | null): readonly HeaderValue[] {
  const values: unknown = element?.Value;
  return Array.isArray(values) ? (values as HeaderValue[]) : [];
}

function scalarOf(value: HeaderValue): SeenValue[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [value] : [];
  const text = textOf(value);
  return text === undefined || text === '' ? [] : [text];
}
