/** What a condition shall answer, in logic of three values: `not true` is false or missing. */
import { QUANTIFIERS, partsOf, type CountBounds, type Condition, type Scope } from '../language/condition-types.js';
import type { Clause } from '../language/operators.js';
import type { Truth } from '../truth.js';

export type Wanted = 'true' | 'false' | 'not true' | 'not false';

/** Whether an answer is as wanted. */
export function meets(truth: Truth, wanted: Wanted): boolean {
  return wanted === 'not true' || wanted === 'not false' ? truth !== wanted.slice(4) : truth === wanted;
}

/** What the inside of a `not` must answer for the whole to be as wanted; missing stays missing. */
export function underNot(wanted: Wanted): Wanted {
  return ({ true: 'false', false: 'true', 'not true': 'not false', 'not false': 'not true' } as const)[wanted];
}

/** What excludes `wanted` and nothing more. */
export function opposite(wanted: Wanted): Wanted {
  return ({ true: 'not true', false: 'not false', 'not true': 'true', 'not false': 'false' } as const)[wanted];
}

/** One question that is not taken apart further, and what it shall answer. */
export type Literal = ClauseLiteral | MembersLiteral;

export interface ClauseLiteral {
  readonly kind: 'clause';
  readonly scope: Scope;
  readonly clause: Clause;
  readonly wanted: Wanted;
}

/** A quantifier; `noInstance` and `noSeries` are the opposite answer of `any`. */
export interface MembersLiteral {
  readonly kind: 'members';
  /** Where the quantifier stands, and what it asks. */
  readonly scope: Scope;
  readonly of: Scope;
  readonly how: 'any' | 'all' | 'count';
  readonly inner: Condition;
  readonly bounds: CountBounds | undefined;
  readonly wanted: Wanted;
}

/** Each of these ways, with all of its literals, makes the condition answer as wanted; there is no other way. */
export type Ways = readonly (readonly Literal[])[];

/** More ways than these are not looked at: whoever asks must take everything for possible. */
const MOST_WAYS = 400;

/**
 * The ways in which conditions asked of the same subject all answer as wanted. `isPossible` drops ways that contradict themselves as
 * early as it can; undefined where there are too many to look at. `before`: the ways of others of which the same is known already.
 */
export function waysOf(
  asked: readonly { readonly condition: Condition; readonly wanted: Wanted }[],
  scope: Scope,
  isPossible: (way: readonly Literal[]) => boolean,
  before: Ways = [[]],
): Ways | undefined {
  try {
    return together(
      asked.map(({ condition, wanted }) => expand(condition, wanted, scope, isPossible)),
      isPossible,
      before,
    );
  } catch (thrown) {
    if (thrown instanceof TooMany) return undefined;
    throw thrown;
  }
}

class TooMany extends Error {}

function expand(condition: Condition, wanted: Wanted, scope: Scope, isPossible: (way: readonly Literal[]) => boolean): Ways {
  const parts = partsOf(condition);
  switch (parts.kind) {
    case 'group': {
      const members = parts.members.map((member) => expand(member, wanted, scope, isPossible));
      const needsEach = (parts.join === 'all') === (wanted === 'true' || wanted === 'not false');
      return needsEach ? together(members, isPossible) : limited(members.flat());
    }
    case 'not':
      return expand(parts.inner, underNot(wanted), scope, isPossible);
    case 'use':
      return parts.inner === undefined ? [[]] : expand(parts.inner, wanted, scope, isPossible);
    case 'quantifier': {
      const { of, how } = QUANTIFIERS[parts.name];
      const { inner, bounds } = parts;
      const asked = how === 'none' ? ({ how: 'any', wanted: underNot(wanted) } as const) : { how, wanted };
      const literal: MembersLiteral = { kind: 'members', scope, of, inner, bounds, ...asked };
      return [[literal]].filter(isPossible);
    }
    case 'clause':
      return [[{ kind: 'clause' as const, scope, clause: parts.clause, wanted }]].filter(isPossible);
  }
}

function together(all: readonly Ways[], isPossible: (way: readonly Literal[]) => boolean, start: Ways = [[]]): Ways {
  return all.reduce<Ways>(
    (before, next) => limited(before.flatMap((way) => next.map((other) => [...way, ...other])).filter(isPossible)),
    start,
  );
}

function limited(ways: Ways): Ways {
  if (ways.length > MOST_WAYS) throw new TooMany();
  return ways;
}
