/** Conditions that no study can ever answer with true: faults, each at the smallest part that is to blame. */
import type { Fault } from '../../foundation/faults.js';
import { partsOf, type Scope } from '../language/condition-types.js';
import { operatorsOf } from '../language/operators.js';
import { canBeTrue } from './possible.js';
import { childrenOf, conjunctsOf, givenOf, placedInputs, preferredConditions, wordingOf, type Placed, type PlacedRule } from './placed.js';
import type { NamedSites } from './site.js';

/** What can never be true in one condition. */
export function neverTrue(placed: Placed, scope: Scope, named: NamedSites): Fault[] {
  const inside = childrenOf(placed, scope, named).flatMap((child) => neverTrue(child, child.scope, named));
  if (inside.length > 0 || canBeTrue([placed.condition], scope)) return inside;
  const parts = partsOf(placed.condition);
  if (parts.kind === 'clause') {
    const [operator] = operatorsOf(parts.clause);
    return [placed.site.at(operator ?? 'tag').fault(`can never be true: ${wordingOf(placed.condition)}`)];
  }
  if (parts.kind === 'not') return [placed.site.at('not').fault('can never be true: what stands under not is never false')];
  return [contradiction(conjunctsOf(placed), scope) ?? placed.site.fault('can never be true')];
}

/** What can never be true in a rule: in one of its conditions, or because they contradict each other. */
export function neverTrueInRule(placed: PlacedRule, named: NamedSites): Fault[] {
  const { rule, site } = placed;
  const study = rule.study === undefined ? [] : neverTrue({ condition: rule.study, site: site.at('study') }, 'study', named);
  const complete = (rule.completeWith ?? []).flatMap((condition, index) =>
    neverTrue({ condition, site: site.at('completeWith', index) }, 'series', named),
  );
  const inputs = placedInputs(placed).flatMap((input) => {
    const conditions = [input.when, ...(input.where === undefined ? [] : [input.where]), ...preferredConditions(input)];
    const alone = conditions.flatMap((condition) => neverTrue(condition, 'series', named));
    if (alone.length > 0 || study.length > 0) return alone;
    return contradiction(givenOf(placed, input), 'series') ?? [];
  });
  return [...study, ...inputs, ...complete];
}

/** Conditions that exclude one another, told at the later one; undefined where all of them can be true together. */
function contradiction(all: readonly Placed[], scope: Scope): Fault | undefined {
  if (canBeTrue(conditionsOf(all), scope)) return undefined;
  const later = all.findIndex((_, index) => !canBeTrue(conditionsOf(all.slice(0, index + 1)), scope));
  const last = all[later];
  if (last === undefined) return undefined;
  const earlier = all.slice(0, later).find(({ condition }) => !canBeTrue([condition, last.condition], scope));
  if (earlier === undefined) return last.site.fault(`can never be true together with what stands before it: ${wordingOf(last.condition)}`);
  return last.site.fault(
    `can never be true together with ${earlier.site.seenFrom(last.site)}: ${wordingOf(last.condition)}, and ${wordingOf(earlier.condition)}`,
  );
}

function conditionsOf(all: readonly Placed[]) {
  return all.map(({ condition }) => condition);
}
