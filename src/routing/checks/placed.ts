/** Conditions with the place where each part of them stands. */
import { QUANTIFIERS, partsOf, type Condition, type Scope } from '../language/condition-types.js';
import type { Clause } from '../language/operators.js';
import { questionOf } from '../language/question.js';
import { inputsOf } from '../rule-inputs.js';
import type { Preference, Rule } from '../schema.js';
import type { NamedSites, Site } from './site.js';

export interface Placed {
  readonly condition: Condition;
  readonly site: Site;
}

/** A condition in words. */
export function wordingOf(condition: Condition): string {
  return questionOf(condition, '').wording;
}

/** The conditions of a list or an `all`, those of lists in it too: each of them must be true. */
export function conjunctsOf({ condition, site }: Placed): Placed[] {
  const parts = partsOf(condition);
  if (parts.kind !== 'group' || parts.join !== 'all') return [{ condition, site }];
  const inside = parts.key === undefined ? site : site.at(parts.key);
  return parts.members.flatMap((member, index) => conjunctsOf({ condition: member, site: inside.at(index) }));
}

/** What stands in a condition, each part with its place and what it is asked of. A named condition is at home where it is defined. */
export function childrenOf({ condition, site }: Placed, scope: Scope, named: NamedSites): (Placed & { readonly scope: Scope })[] {
  const parts = partsOf(condition);
  switch (parts.kind) {
    case 'group': {
      const inside = parts.key === undefined ? site : site.at(parts.key);
      return parts.members.map((member, index) => ({ condition: member, site: inside.at(index), scope }));
    }
    case 'not':
      return [{ condition: parts.inner, site: site.at('not'), scope }];
    case 'use':
      return parts.inner === undefined ? [] : [{ condition: parts.inner, site: named.get(parts.inner) ?? site, scope }];
    case 'quantifier': {
      const inside = site.at(parts.name, ...(parts.bounds === undefined ? [] : ['where']));
      return [{ condition: parts.inner, site: inside, scope: QUANTIFIERS[parts.name].of }];
    }
    case 'clause':
      return [];
  }
}

/** Every clause of a condition. */
export function clausesOf(placed: Placed, scope: Scope, named: NamedSites): { readonly clause: Clause; readonly site: Site }[] {
  const parts = partsOf(placed.condition);
  if (parts.kind === 'clause') return [{ clause: parts.clause, site: placed.site }];
  return childrenOf(placed, scope, named).flatMap((child) => clausesOf(child, child.scope, named));
}

/** A rule with its place in the file. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly site: Site;
}

/** One input of a rule: which series it may be, and which of them are preferred. */
export interface PlacedInput {
  /** The model's name for it; `series` for rules with one. */
  readonly name: string;
  readonly site: Site;
  readonly when: Placed;
  readonly where: Placed | undefined;
  readonly prefer: readonly { readonly preference: Preference; readonly site: Site }[];
}

/** The inputs of a rule; at least one. */
export function placedInputs({ rule, site }: PlacedRule): PlacedInput[] {
  return inputsOf(rule).map(({ name, when, where, prefer }) => {
    const [whenAt, selectionAt] =
      rule.inputs === undefined ? [site, site.at('series')] : [site.at('inputs', name), site.at('inputs', name)];
    return {
      name,
      site: rule.inputs === undefined ? site.at('when') : whenAt,
      when: { condition: when, site: whenAt.at('when') },
      where: where && { condition: where, site: selectionAt.at('where') },
      prefer: prefer.map((preference, index) => ({ preference, site: selectionAt.at('prefer', index) })),
    };
  });
}

/** The conditions among the preferences of an input. */
export function preferredConditions({ prefer }: PlacedInput): Placed[] {
  return prefer.flatMap(({ preference, site }) =>
    'thinnest' in preference || 'mostInstances' in preference || 'kernel' in preference ? [] : [{ condition: preference, site }],
  );
}

/** What is true of each series that a rule takes for an input: its `when` and `where`, and what `study` says of every series. */
export function givenOf({ rule, site }: PlacedRule, { when, where }: PlacedInput): Placed[] {
  const study = rule.study === undefined ? [] : ofEverySeries({ condition: rule.study, site: site.at('study') });
  return [...study, ...conjunctsOf(when), ...(where === undefined ? [] : conjunctsOf(where))];
}

/** What a condition of the study as a whole says of each of its series. */
function ofEverySeries(study: Placed): Placed[] {
  return conjunctsOf(study).flatMap(({ condition, site }): Placed[] => {
    const parts = partsOf(condition);
    if (parts.kind === 'clause') return parts.clause.fact === undefined ? [] : [{ condition, site }];
    if (parts.kind !== 'quantifier') return [];
    if (parts.name === 'allSeries') return [{ condition: parts.inner, site: site.at(parts.name) }];
    return parts.name === 'noSeries' ? [{ condition: { not: parts.inner }, site: site.at(parts.name) }] : [];
  });
}
