/** Conditions as rules hold them. */
import type { Clause } from './operators.js';

/** Bounds of a count; exactly one of them. */
export interface CountBounds {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly between?: readonly [number, number] | undefined;
}

export interface Counted extends CountBounds {
  readonly where: Condition;
}

/** Asked of each member of a series or a study. */
export type Quantifier =
  | { readonly anyInstance: Condition }
  | { readonly allInstances: Condition }
  | { readonly noInstance: Condition }
  | { readonly countInstances: Counted }
  | { readonly anySeries: Condition }
  | { readonly allSeries: Condition }
  | { readonly noSeries: Condition }
  | { readonly countSeries: Counted };

/** A named condition; `is` is what it stands for, once the files are loaded. */
export interface Use {
  readonly use: string;
  readonly is?: Condition;
}

/** A list is short for `all`. */
export type Condition =
  | readonly Condition[]
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | Use
  | Quantifier
  | Clause;

/** What a condition can be asked of. */
export type Scope = 'instance' | 'series' | 'study';

export const QUANTIFIERS = {
  anyInstance: { of: 'instance', how: 'any', text: 'any instance' },
  allInstances: { of: 'instance', how: 'all', text: 'all instances' },
  noInstance: { of: 'instance', how: 'none', text: 'no instance' },
  countInstances: { of: 'instance', how: 'count', text: 'instances' },
  anySeries: { of: 'series', how: 'any', text: 'any series' },
  allSeries: { of: 'series', how: 'all', text: 'all series' },
  noSeries: { of: 'series', how: 'none', text: 'no series' },
  countSeries: { of: 'series', how: 'count', text: 'series' },
} as const satisfies Record<string, { of: Scope; how: 'any' | 'all' | 'none' | 'count'; text: string }>;

export type QuantifierName = keyof typeof QUANTIFIERS;

/** A condition taken apart, for whoever walks through one. `key` is what stands before the inner conditions in the file. */
export type Parts =
  | { readonly kind: 'group'; readonly join: 'all' | 'any'; readonly key?: 'all' | 'any'; readonly members: readonly Condition[] }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'use'; readonly name: string; readonly inner: Condition | undefined }
  | { readonly kind: 'quantifier'; readonly name: QuantifierName; readonly inner: Condition; readonly bounds?: CountBounds }
  | { readonly kind: 'clause'; readonly clause: Clause };

/** Takes a condition apart. */
export function partsOf(condition: Condition): Parts {
  if (isList(condition)) return { kind: 'group', join: 'all', members: condition };
  if ('all' in condition) return { kind: 'group', join: 'all', key: 'all', members: condition.all };
  if ('any' in condition) return { kind: 'group', join: 'any', key: 'any', members: condition.any };
  if ('not' in condition) return { kind: 'not', inner: condition.not };
  if ('use' in condition) return { kind: 'use', name: condition.use, inner: condition.is };
  const name = Object.keys(condition).find((key): key is QuantifierName => key in QUANTIFIERS);
  if (name === undefined) return { kind: 'clause', clause: condition as Clause };
  const asked = (condition as Readonly<Record<QuantifierName, Condition | Counted>>)[name];
  if (QUANTIFIERS[name].how !== 'count') return { kind: 'quantifier', name, inner: asked };
  const { where, ...bounds } = asked as Counted;
  return { kind: 'quantifier', name, inner: where, bounds };
}

function isList(condition: Condition): condition is readonly Condition[] {
  return Array.isArray(condition);
}
