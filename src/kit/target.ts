/** Targets of MHub's DataOrganizer: `dicomseg:mod=seg-->[i:sid]/[d:model].seg.dcm`. */
import { isAbsolute, normalize } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import type { Case } from './case.js';
import { itemText } from './items.js';
import type { Item } from './items.js';
import { Query } from './query.js';

export interface Target {
  readonly query: Query;
  /** Attributes of the case that the path names. */
  readonly attributes: readonly string[];
  /** Where in the output folder the item goes. */
  readonly pathOf: (item: Item, one: Case) => string;
  readonly toJSON: () => string;
}

const ARROW = '-->';
const PLACEHOLDER = /\[([^\]]*)\]/g;
const OF_THE_NAME = ['path', 'basename', 'filename', 'filext'] as const;

/** Reads `QUERY-->PATH`; a text that says what is wrong where it is none. */
export function parseTarget(text: string): Target | string {
  const at = text.indexOf(ARROW);
  if (at < 0) return `"${text}" is not QUERY-->PATH`;
  const query = Query.parse(text.slice(0, at).trim());
  const pattern = text.slice(at + ARROW.length).trim();
  if (typeof query === 'string') return query;
  if (!isInside(pattern)) return `"${text}" must name a path inside the output folder`;
  const names = [...pattern.matchAll(PLACEHOLDER)].map(([, name]) => name);
  const unknown = names.find((name) => !/^[id]:[\w.-]+$/.test(name) && !OF_THE_NAME.some((known) => known === name));
  if (unknown !== undefined)
    return `"${text}" has the unknown placeholder [${unknown}], expected [i:…], [d:…], [${OF_THE_NAME.join('], [')}]`;
  return {
    query,
    attributes: names.filter((name) => name.startsWith('i:')).map((name) => name.slice(2)),
    pathOf: (item, one) => pathOf(pattern, item, one),
    toJSON: () => text,
  };
}

function pathOf(pattern: string, item: Item, one: Case): string {
  const path = pattern.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const value = valueOf(name, item, one);
    if (value === undefined) throw new AnteroomError('CASE_DATA_OTHER', `no ${whole} for ${itemText(item)} in "${pattern}"`);
    return value;
  });
  if (!isInside(path)) throw new AnteroomError('CASE_DATA_OTHER', `"${pattern}" leads out of the output folder: ${path}`);
  return normalize(path);
}

function valueOf(name: string, item: Item, one: Case): string | undefined {
  if (name.startsWith('i:')) return own(one.attributes, name.slice(2));
  if (name.startsWith('d:')) return own(item.meta, name.slice(2));
  if (name === 'path') return item.name;
  const basename = item.name.slice(item.name.lastIndexOf('/') + 1);
  const [filename, ...endings] = basename.split('.');
  return { basename, filename, filext: endings.join('.') }[name];
}

function own(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function isInside(path: string): boolean {
  const plain = normalize(path);
  return path !== '' && plain !== '.' && plain.split('/')[0] !== '..' && !isAbsolute(plain);
}
