/** The inputs of a rule in one form, whether it has `when` and `series` or several named ones. */
import type { Condition, Preference, Rule } from './schema.js';

/** The name of the input of a model that takes one series. */
export const SERIES_INPUT = 'series';

export interface RuleInput {
  readonly name: string;
  readonly when: Condition;
  readonly where: Condition | undefined;
  readonly prefer: readonly Preference[];
  /** How many series are taken at most, each for a run of its own. */
  readonly take: number;
  /** Where these stand in the rule, for explanations and faults. */
  readonly paths: { readonly when: string; readonly where: string; readonly prefer: string };
}

const known = new WeakMap<Rule, readonly RuleInput[]>();

/** The inputs that a rule chooses, in the order in which they are written; at least one. */
export function inputsOf(rule: Rule): readonly RuleInput[] {
  const before = known.get(rule);
  if (before !== undefined) return before;
  const inputs = rule.inputs === undefined ? [onlyInput(rule)] : Object.entries(rule.inputs).map(namedInput);
  known.set(rule, inputs);
  return inputs;
}

function onlyInput({ when, series }: Rule): RuleInput {
  return {
    name: SERIES_INPUT,
    // A rule without `when` and `inputs` is refused; nothing is true of an empty `any`.
    when: when ?? { any: [] },
    where: series?.where,
    prefer: series?.prefer ?? [],
    take: series?.take ?? 1,
    paths: { when: 'when', where: 'series.where', prefer: 'series.prefer' },
  };
}

function namedInput([name, { when, where, prefer }]: [string, NonNullable<Rule['inputs']>[string]]): RuleInput {
  const at = `inputs.${name}`;
  return { name, when, where, prefer, take: 1, paths: { when: `${at}.when`, where: `${at}.where`, prefer: `${at}.prefer` } };
}
