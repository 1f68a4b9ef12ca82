/** AE titles of ours that do not ask all rules: which ones are asked about what was sent there. */
import type { Rule, RuleSet } from './schema.js';

/** Called AE title to what may be asked: names of rules or of rule files. */
export type RuleLimits = ReadonlyMap<string, readonly string[]>;

export interface RuleLimit {
  readonly calledAe: string;
  readonly only: readonly string[];
}

/** The limit that holds for what was sent to this AE title; undefined where all rules are asked. */
export function limitOf(limits: RuleLimits, calledAe: string): RuleLimit | undefined {
  const only = limits.get(calledAe);
  return only && { calledAe, only };
}

/** Why a rule is not asked, in one sentence for the explanation; undefined where it is: by its name, or by that of its file. */
export function whyNotAsked(rule: Pick<Rule, 'name' | 'file'>, limit: RuleLimit | undefined): string | undefined {
  if (limit === undefined || limit.only.includes(rule.name) || limit.only.includes(rule.file)) return undefined;
  const { calledAe, only } = limit;
  const asked = only.length === 0 ? 'no rule is asked' : `only ${only.join(', ')} ${only.length === 1 ? 'is' : 'are'} asked`;
  return `not asked: the study was sent to AE title ${calledAe}, for which ${asked} (\`aeTitles\` in the settings)`;
}

/** What limits name that is neither a rule nor a rule file: a slip, for the rule that was meant is not asked. */
export function unknownInLimits(limits: RuleLimits, { rules }: Pick<RuleSet, 'rules'>): RuleLimit[] {
  const known = new Set(rules.flatMap(({ name, file }) => [name, file]));
  return [...limits].flatMap(([calledAe, names]) => {
    const unknown = names.filter((name) => !known.has(name));
    return unknown.length === 0 ? [] : [{ calledAe, only: unknown }];
  });
}
