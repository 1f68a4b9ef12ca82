/** Whether conditions can be true, alone or together, and whether one follows from others. In doubt a thing is possible. Pure. */
import type { Condition, Scope } from '../language/condition-types.js';
import { aboutOf, canHoldTogether, type WantedClause } from './clauses-together.js';
import { mayHaveSeveral, subjectKey } from './subjects.js';
import { opposite, waysOf, type ClauseLiteral, type Literal, type MembersLiteral, type Wanted, type Ways } from './wanted.js';

export interface Asked {
  readonly condition: Condition;
  readonly wanted: Wanted;
}

/** Whether all conditions can be true of one subject of this scope at the same time. */
export function canBeTrue(conditions: readonly Condition[], scope: Scope): boolean {
  return canAnswer(
    conditions.map((condition) => ({ condition, wanted: 'true' })),
    scope,
  );
}

/** Whether one subject of this scope can answer each as wanted. */
export function canAnswer(asked: readonly Asked[], scope: Scope): boolean {
  const ways = waysOf(asked, scope, isPossible);
  return ways === undefined || ways.length > 0;
}

/** True where `then` is surely true of every subject of which all of `given` are; false in doubt. */
export function implies(given: readonly Condition[], then: Condition, scope: Scope): boolean {
  return !canAlso(given, { condition: then, wanted: opposite('true') }, scope);
}

/** Whether a subject of which all of `given` are true can answer one more as wanted. */
export function canAlso(given: readonly Condition[], asked: Asked, scope: Scope): boolean {
  const known = waysOfGiven(given, scope);
  const ways = known && waysOf([asked], scope, isPossible, known);
  return ways === undefined || ways.length > 0;
}

/** The ways of each list: whoever asks much about one list, as each rule is compared with all others, gives the same list each time. */
const known = new WeakMap<readonly Condition[], Map<Scope, Ways | undefined>>();

function waysOfGiven(given: readonly Condition[], scope: Scope): Ways | undefined {
  const byScope = known.get(given) ?? new Map<Scope, Ways | undefined>();
  known.set(given, byScope);
  if (!byScope.has(scope)) {
    const asked = given.map((condition) => ({ condition, wanted: 'true' as const }));
    byScope.set(scope, waysOf(asked, scope, isPossible));
  }
  return byScope.get(scope);
}

function isPossible(way: readonly Literal[]): boolean {
  const clauses = way.filter((literal) => literal.kind === 'clause');
  const members = way.filter((literal) => literal.kind === 'members');
  return [...bySubject(clauses).values()].every(oneSubjectCan) && !disagree(members) && members.every(membersCan);
}

function bySubject(literals: readonly ClauseLiteral[]): Map<string, ClauseLiteral[]> {
  const groups = new Map<string, ClauseLiteral[]>();
  for (const literal of literals) {
    const about = aboutOf(literal.clause);
    if (about === undefined) continue;
    const key = subjectKey(about);
    groups.set(key, [...(groups.get(key) ?? []), literal]);
  }
  return groups;
}

function oneSubjectCan(literals: readonly ClauseLiteral[]): boolean {
  const [first] = literals;
  const about = first && aboutOf(first.clause);
  if (first === undefined || about === undefined) return true;
  const asked: readonly WantedClause[] = literals;
  return canHoldTogether(asked, about, mayHaveSeveral(about, first.scope));
}

/** The same quantifier over the same condition, wanted with answers that exclude each other. */
function disagree(literals: readonly MembersLiteral[]): boolean {
  const seen = new Map<string, Wanted[]>();
  for (const { how, of, inner, bounds, wanted } of literals) {
    const key = JSON.stringify([how, of, inner, bounds]);
    const before = seen.get(key) ?? [];
    if (before.some((other) => exclude(other, wanted))) return true;
    seen.set(key, [...before, wanted]);
  }
  return false;
}

function exclude(a: Wanted, b: Wanted): boolean {
  return opposite(a) === b || (a === 'true' && b === 'false') || (a === 'false' && b === 'true');
}

/** Whether a quantifier alone can answer as wanted: its members must be able to. A series has instances; a study may have no series. */
function membersCan({ how, of, inner, bounds, wanted }: MembersLiteral): boolean {
  const mayBeNone = of !== 'instance';
  const aMemberCan = (answer: Wanted) => canAnswer([{ condition: inner, wanted: answer }], of);
  if (how === 'count') return countCan(bounds ?? {}, wanted, aMemberCan('true'));
  const needsOne = how === 'any' ? wanted === 'true' || wanted === 'not false' : wanted === 'false' || wanted === 'not true';
  return (mayBeNone && !needsOne) || aMemberCan(wanted);
}

function countCan({ atLeast, between }: NonNullable<MembersLiteral['bounds']>, wanted: Wanted, someCanBeTrue: boolean): boolean {
  const least = between?.[0] ?? atLeast ?? 0;
  return wanted !== 'true' || least === 0 || someCanBeTrue;
}
