/** Whether the series that a rule needs are there: a signal of completeness. Pure but for the last function, which reads the ledger. */
import type { Db } from '../ledger/database.js';
import { currentHeaders } from '../ledger/instances.js';
import type { StudyRow } from '../ledger/studies.js';
import { truthOfCondition } from './condition.js';
import { wouldRun } from './evaluate.js';
import { factsInput, studyFacts, type StudyFacts } from './facts.js';
import { limitOf, whyNotAsked, type RuleLimits } from './limits.js';
import type { Rule, RuleSet } from './schema.js';

/**
 * The first rule with `completeWith` that has a series for its model and, for each condition of the list, a series of which
 * it is true; undefined where there is none. A missing value is not true.
 */
export function ruleWithItsSeries(study: StudyFacts, rules: readonly Rule[]): string | undefined {
  return rules.find((rule) => rule.completeWith !== undefined && hasItsSeries(study, rule, rule.completeWith))?.name;
}

function hasItsSeries(study: StudyFacts, rule: Rule, completeWith: NonNullable<Rule['completeWith']>): boolean {
  if (!wouldRun(study, rule)) return false;
  return completeWith.every((condition) => study.series.some((series) => truthOfCondition(condition, series) === 'true'));
}

/** `ruleWithItsSeries` for what is in the archive of a study now, of the rules that its AE title lets be asked. Reads no header where no rule has `completeWith`. */
export function requiredBy(db: Db, study: StudyRow, { rules }: RuleSet, limits: RuleLimits): string | undefined {
  const limit = limitOf(limits, study.called_ae);
  const asked = rules.filter((rule) => whyNotAsked(rule, limit) === undefined);
  if (!asked.some(({ completeWith }) => completeWith !== undefined)) return undefined;
  return ruleWithItsSeries(studyFacts(factsInput(study, currentHeaders(db, study.id))), asked);
}
