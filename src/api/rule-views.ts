/** What the API says of the rules in force and of their revisions. */
import type { RuleChangeRow, WhatChanged } from '../ledger/revisions.js';
import type { RulesPort } from './node-port.js';

/** Which revision is in force since when and by whom, and the faults of newer files where they were refused. */
export function rulesStanding(rules: RulesPort) {
  const refusal = rules.refused();
  return {
    inForce: ruleChangeView(rules.change()),
    refused: refusal === undefined ? null : { since: new Date(refusal.since).toISOString(), faults: refusal.faults, text: refusal.text },
  };
}

/** A change of the rules; `changed` beside what was in force before. */
export function ruleChangeView({ revision, at, author, cause, reason, changed }: RuleChangeRow) {
  return { revision, at: new Date(at).toISOString(), author, cause, reason, changed: JSON.parse(changed) as WhatChanged };
}

export type RulesStanding = ReturnType<typeof rulesStanding>;
export type RuleChangeView = ReturnType<typeof ruleChangeView>;
