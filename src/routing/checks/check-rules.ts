/**
 * The static checks of a rule set whose files are well-formed. Faults are what is surely wrong, and the files are refused;
 * warnings are what is probably not meant, or depends on the models and headers of a day.
 */
import type { Fault } from '../../foundation/faults.js';
import type { ActiveModels } from '../decision.js';
import type { RuleLimits } from '../limits.js';
import { cardWarnings } from './card.js';
import { neverTrue, neverTrueInRule } from './never-true.js';
import { clausesOf, placedInputs, preferredConditions, type Placed, type PlacedRule } from './placed.js';
import { runningWarnings } from './running.js';
import type { ReadFiles } from '../rule-files.js';
import { Site } from './site.js';
import { standardWarnings } from './standard.js';
import { preEmptedRules, repeatedRules } from './stops.js';
import { useWarnings, type UseLimits } from './use.js';

/** What the checks look at beside the rules. */
export interface CheckContext {
  readonly models: ActiveModels;
  readonly use?: UseLimits | undefined;
  readonly limits?: RuleLimits | undefined;
  readonly signals?: readonly string[] | undefined;
  readonly wereInForce?: boolean | undefined;
}

/** Checks what was read of the files and adds what it finds to `faults` and `warnings`. */
export function checkFiles(
  { rules, named }: Pick<ReadFiles, 'rules' | 'named'>,
  context: CheckContext,
  faults: Fault[],
  warnings: Fault[],
): void {
  if (context.wereInForce === true) return;
  const sites = new Map(named.map(({ what, document, path }) => [what, new Site(document, path)]));
  const definitions = named.map(({ what, document, path }) => ({ condition: what, site: new Site(document, path) }));
  const placed = rules.map(({ what, document, path }) => ({ rule: what, site: new Site(document, path) }));
  const wrong = once([
    ...definitions.flatMap((definition) => neverTrue(definition, 'study', sites)),
    ...placed.flatMap((rule) => neverTrueInRule(rule, sites)),
  ]);
  // A rule that can never be true is stopped by all, and sends its model nothing: it is said once what is wrong with it.
  faults.push(
    ...wrong,
    ...(wrong.length > 0 ? [] : preEmptedRules(placed, { models: context.models, limits: context.limits ?? new Map() })),
  );
  const clauses = [...definitions, ...placed.flatMap(conditionsIn)].flatMap((one) => clausesOf(one, 'series', sites));
  warnings.push(
    ...once([
      ...clauses.flatMap(standardWarnings),
      ...placed.flatMap((rule) => runningWarnings(rule, context.signals)),
      ...placed.flatMap((rule) => useWarnings(rule, context.use)),
      ...(wrong.length > 0 ? [] : [...placed.flatMap((rule) => cardWarnings(rule, context.models)), ...repeatedRules(placed)]),
    ]),
  );
}

function conditionsIn(placed: PlacedRule): Placed[] {
  const { rule, site } = placed;
  return [
    ...(rule.study === undefined ? [] : [{ condition: rule.study, site: site.at('study') }]),
    ...placedInputs(placed).flatMap((input) => [
      input.when,
      ...(input.where === undefined ? [] : [input.where]),
      ...preferredConditions(input),
    ]),
    ...(rule.completeWith ?? []).map((condition, index) => ({ condition, site: site.at('completeWith', index) })),
  ];
}

/** A named condition is used in several places; what is said of it is said once. */
function once(faults: readonly Fault[]): Fault[] {
  const byPlace = new Map(faults.map((fault) => [`${fault.file}:${fault.line}:${fault.column} ${fault.message}`, fault]));
  return [...byPlace.values()];
}
