/** Rules that never apply because an earlier one stops before them, and rules that do the same twice. */
import type { Fault } from '../../foundation/faults.js';
import type { ActiveModels } from '../decision.js';
import { partsOf, type Condition } from '../language/condition-types.js';
import { limitOf, whyNotAsked, type RuleLimits } from '../limits.js';
import { surelyTaken } from './card.js';
import { implies } from './possible.js';
import { conjunctsOf, givenOf, placedInputs, type Placed, type PlacedInput, type PlacedRule } from './placed.js';

export interface StopContext {
  readonly models: ActiveModels;
  /** What AE titles keep from being asked. */
  readonly limits: RuleLimits;
}

/**
 * Rules of which it is sure that an earlier one with `then: stop` applies, or waits for its model, wherever they would. An earlier rule
 * that an AE title does not ask, or whose model's card may set the series aside, stops nothing for sure.
 */
export function preEmptedRules(rules: readonly PlacedRule[], context: StopContext): Fault[] {
  const enabled = rules.filter(({ rule }) => rule.enabled);
  return enabled.flatMap((later, index) => {
    const earlier = enabled.slice(0, index).find((one) => one.rule.then === 'stop' && alwaysStops(one, later, context));
    if (earlier === undefined) return [];
    const { name } = earlier.rule;
    const where = earlier.site.seenFrom(later.site);
    return [
      later.site
        .at('name')
        .fault(
          `can never apply: rule ${name} (${where}) has every study that this one would have, and stops; put this one before it, or narrow it`,
        ),
    ];
  });
}

function alwaysStops(earlier: PlacedRule, later: PlacedRule, context: StopContext): boolean {
  return isAskedWith(earlier, later, context.limits) && studyFollows(earlier, later) && inputsFollow(earlier, later, context.models);
}

/** Whether every AE title that asks the later rule asks the earlier one too. */
function isAskedWith(earlier: PlacedRule, later: PlacedRule, limits: RuleLimits): boolean {
  return [...limits.keys()].every((ae) => {
    const limit = limitOf(limits, ae);
    return whyNotAsked(later.rule, limit) !== undefined || whyNotAsked(earlier.rule, limit) === undefined;
  });
}

/** Whether what the earlier rule asks of the study follows from what the later one asks of it or of a series. */
function studyFollows({ rule, site }: PlacedRule, later: PlacedRule): boolean {
  if (rule.study === undefined) return true;
  const known = later.rule.study === undefined ? [] : [later.rule.study];
  const inputs = placedInputs(later).map((input) => conditionsOf(givenOf(later, input)));
  return conjunctsOf({ condition: rule.study, site }).every(({ condition }) => {
    if (implies(known, condition, 'study')) return true;
    const parts = partsOf(condition);
    const ofOneSeries =
      parts.kind === 'quantifier' && parts.name === 'anySeries'
        ? parts.inner
        : parts.kind === 'clause' && parts.clause.fact
          ? condition
          : undefined;
    return ofOneSeries !== undefined && inputs.some((given) => implies(given, ofOneSeries, 'series'));
  });
}

/** Whether the later rule's series are all that the earlier one needs: a different one for each of its inputs, tied as it asks. */
function inputsFollow(earlier: PlacedRule, later: PlacedRule, models: ActiveModels): boolean {
  const [needed, had] = [placedInputs(earlier), placedInputs(later)];
  if (needed.length > 1 && earlier.rule.tiedBy === 'frameOfReference' && later.rule.tiedBy !== 'frameOfReference') return false;
  const fits = (need: PlacedInput, has: PlacedInput): boolean => {
    const given = conditionsOf(givenOf(later, has));
    const asked = [...conjunctsOf(need.when), ...(need.where === undefined ? [] : conjunctsOf(need.where))];
    if (!asked.every(({ condition }) => implies(given, condition, 'series'))) return false;
    return isSameModel(earlier, later, need, has) || surelyTaken(earlier, need.name, given, models);
  };
  return canBeMatched(needed, had, fits);
}

/** What the card of the one sets aside, that of the other does too. */
function isSameModel({ rule: a }: PlacedRule, { rule: b }: PlacedRule, need: PlacedInput, has: PlacedInput): boolean {
  return a.model.name === b.model.name && a.model.version === b.model.version && need.name === has.name;
}

function canBeMatched<A, B>(needed: readonly A[], had: readonly B[], fits: (need: A, has: B) => boolean): boolean {
  const [first, ...others] = needed;
  if (first === undefined) return true;
  return had.some(
    (one) =>
      fits(first, one) &&
      canBeMatched(
        others,
        had.filter((other) => other !== one),
        fits,
      ),
  );
}

/** Rules that run the same model in the same way on the same series as an earlier one. */
export function repeatedRules(rules: readonly PlacedRule[]): Fault[] {
  const enabled = rules.filter(({ rule }) => rule.enabled);
  return enabled.flatMap((later, index) => {
    const earlier = enabled.slice(0, index).find((one) => one.rule.then !== 'stop' && doesTheSame(one, later));
    if (earlier === undefined) return [];
    const where = earlier.site.seenFrom(later.site);
    return [later.site.at('name').fault(`does the same as rule ${earlier.rule.name} (${where}): one rule may name all destinations`)];
  });
}

function doesTheSame(a: PlacedRule, b: PlacedRule): boolean {
  const order = ({ rule: { model, workflow, settings, study, tiedBy, series } }: PlacedRule) =>
    JSON.stringify([model.name, model.version, workflow, Object.entries(settings).sort(), study, tiedBy, series?.take]);
  if (order(a) !== order(b)) return false;
  const inputs = (placed: PlacedRule) => JSON.stringify(placedInputs(placed).map((input) => sameOrder(placed, input)));
  return inputs(a) === inputs(b);
}

/** An input in a form that does not depend on the order of what must be true together. */
function sameOrder(placed: PlacedRule, input: PlacedInput) {
  const given = conditionsOf(givenOf(placed, input)).map((condition) => JSON.stringify(condition));
  return [input.name, given.sort(), input.prefer.map(({ preference }) => preference)];
}

function conditionsOf(all: readonly Placed[]): Condition[] {
  return all.map(({ condition }) => condition);
}
