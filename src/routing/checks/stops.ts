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
  const enabled = rules.filter(({ rule }) => rule.enabled).map(comparable);
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

/** A rule with what is asked of it when it is compared with each of the others: taken apart once. */
interface Comparable extends PlacedRule {
  readonly inputs: readonly ComparableInput[];
  /** Of the study, all of which must be true. */
  readonly study: readonly Condition[];
}

interface ComparableInput {
  readonly name: string;
  /** What is true of each series that the rule takes for it. */
  readonly given: readonly Condition[];
  /** What the rule asks of a series for it. */
  readonly asked: readonly Condition[];
}

function comparable(placed: PlacedRule): Comparable {
  const { rule, site } = placed;
  const inputs = placedInputs(placed).map((input): ComparableInput => {
    const asked = [...conjunctsOf(input.when), ...(input.where === undefined ? [] : conjunctsOf(input.where))];
    return { name: input.name, given: conditionsOf(givenOf(placed, input)), asked: conditionsOf(asked) };
  });
  const study = rule.study === undefined ? [] : conditionsOf(conjunctsOf({ condition: rule.study, site: site.at('study') }));
  return { rule, site, inputs, study };
}

function alwaysStops(earlier: Comparable, later: Comparable, context: StopContext): boolean {
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
function studyFollows(earlier: Comparable, later: Comparable): boolean {
  return earlier.study.every((condition) => {
    if (implies(later.study, condition, 'study')) return true;
    const parts = partsOf(condition);
    const ofOneSeries =
      parts.kind === 'quantifier' && parts.name === 'anySeries'
        ? parts.inner
        : parts.kind === 'clause' && parts.clause.fact
          ? condition
          : undefined;
    return ofOneSeries !== undefined && later.inputs.some(({ given }) => implies(given, ofOneSeries, 'series'));
  });
}

/** Whether the later rule's series are all that the earlier one needs: a different one for each of its inputs, tied as it asks. */
function inputsFollow(earlier: Comparable, later: Comparable, models: ActiveModels): boolean {
  if (earlier.inputs.length > 1 && earlier.rule.tiedBy === 'frameOfReference' && later.rule.tiedBy !== 'frameOfReference') return false;
  const fits = (need: ComparableInput, has: ComparableInput): boolean => {
    if (!need.asked.every((condition) => implies(has.given, condition, 'series'))) return false;
    return isSameModel(earlier, later, need, has) || surelyTaken(earlier, need.name, has.given, models);
  };
  return canBeMatched(earlier.inputs, later.inputs, fits);
}

/** What the card of the one sets aside, that of the other does too. */
function isSameModel({ rule: a }: PlacedRule, { rule: b }: PlacedRule, need: ComparableInput, has: ComparableInput): boolean {
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
  const enabled = rules.filter(({ rule }) => rule.enabled).map((placed) => ({ placed, does: whatItDoes(placed) }));
  return enabled.flatMap(({ placed: later, does }, index) => {
    const earlier = enabled.slice(0, index).find((one) => one.placed.rule.then !== 'stop' && one.does === does)?.placed;
    if (earlier === undefined) return [];
    const where = earlier.site.seenFrom(later.site);
    return [later.site.at('name').fault(`does the same as rule ${earlier.rule.name} (${where}): one rule may name all destinations`)];
  });
}

/** The same text for rules that run the same model in the same way on the same series. */
function whatItDoes(placed: PlacedRule): string {
  const { model, workflow, settings, study, tiedBy, series } = placed.rule;
  const inputs = placedInputs(placed).map((input) => sameOrder(placed, input));
  return JSON.stringify([model.name, model.version, workflow, Object.entries(settings).sort(), study, tiedBy, series?.take, inputs]);
}

/** An input in a form that does not depend on the order of what must be true together. */
function sameOrder(placed: PlacedRule, input: PlacedInput) {
  const given = conditionsOf(givenOf(placed, input)).map((condition) => JSON.stringify(condition));
  return [input.name, given.sort(), input.prefer.map(({ preference }) => preference)];
}

function conditionsOf(all: readonly Placed[]): Condition[] {
  return all.map(({ condition }) => condition);
}
