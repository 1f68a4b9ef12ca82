/** What rules are checked against, out of the settings. */
import { useRules } from '../models/use-gate.js';
import { rulesByAeTitle, settlePolicies } from '../settings/listeners.js';
import type { Settings } from '../settings/schema.js';
import type { ActiveModels } from './decision.js';
import type { RulesContext } from './load.js';

/** The same for the node that puts rules in force and for the commands that look at files only; `refused` are models by name that must not be used on patients. */
export function rulesContext(settings: Settings, models: ActiveModels, refused: ReadonlyMap<string, string> = new Map()): RulesContext {
  const policies = [settings.settle, ...settlePolicies(settings).values()];
  return {
    destinations: Object.keys(settings.destinations),
    models,
    use: { refused, researchDestinations: useRules(settings).researchDestinations },
    limits: rulesByAeTitle(settings),
    signals: [...new Set(policies.flatMap(({ signals }) => signals))],
  };
}
