/** What a rule says of its runs that cannot have the effect that was meant. */
import type { Fault } from '../../foundation/faults.js';
import { canBeTrue, implies } from './possible.js';
import { givenOf, placedInputs, preferredConditions, wordingOf, type PlacedRule } from './placed.js';

/** `signals`: the signals of completeness that the settings name, of the node and of each of its AE titles. */
export function runningWarnings(placed: PlacedRule, signals: readonly string[] | undefined): Fault[] {
  const { rule, site } = placed;
  const warnings: Fault[] = [];
  if (rule.priority === 'stat' && rule.window !== undefined)
    warnings.push(site.at('window').fault('a STAT run waits for this window too; leave the window out, or the priority'));
  if (rule.shadow && rule.destinations.length > 0)
    warnings.push(site.at('destinations').fault('nothing is ever sent there: the rule says `shadow: true`'));
  if (rule.completeWith !== undefined && signals?.includes('required-series') === false)
    warnings.push(site.at('completeWith').fault('has no effect: `settle.signals` in the settings does not name required-series'));
  return [...warnings, ...limitWarnings(placed), ...preferenceWarnings(placed)];
}

/** A limit of a longer time, or of all sources together, that is lower makes the other one void. */
function limitWarnings({ rule: { limits }, site }: PlacedRule): Fault[] {
  const at = site.at('limits');
  const { perHour, perDay, perSource } = limits ?? {};
  const warnings: Fault[] = [];
  if (perHour !== undefined && perDay !== undefined && perHour > perDay)
    warnings.push(at.at('perHour').fault(`is never reached: perDay is ${perDay}`));
  for (const name of ['atOnce', 'perHour', 'perDay'] as const) {
    const [all, source] = [limits?.[name], perSource?.[name]];
    if (all !== undefined && source !== undefined && source > all)
      warnings.push(at.at('perSource', name).fault(`is never reached: ${name} of all sources together is ${all}`));
  }
  return warnings;
}

/** A preference that every series of the rule has, or none, prefers nothing. */
function preferenceWarnings(placed: PlacedRule): Fault[] {
  return placedInputs(placed).flatMap((input) => {
    const given = givenOf(placed, input).map(({ condition }) => condition);
    return preferredConditions(input).flatMap(({ condition, site }) => {
      if (!canBeTrue([condition], 'series') || !canBeTrue(given, 'series')) return [];
      if (!canBeTrue([...given, condition], 'series'))
        return [site.fault(`prefers nothing: no series that the rule takes has this: ${wordingOf(condition)}`)];
      return implies(given, condition, 'series')
        ? [site.fault(`prefers nothing: every series that the rule takes has this: ${wordingOf(condition)}`)]
        : [];
    });
  });
}
