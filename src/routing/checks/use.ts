/** Rules that send results of a model where its licence or status does not let them go. Warnings: it depends on the models of a day. */
import type { Fault } from '../../foundation/faults.js';
import type { PlacedRule } from './placed.js';

export interface UseLimits {
  /** Models in use that must not be used on patients, each with the reason. */
  readonly refused: ReadonlyMap<string, string>;
  readonly researchDestinations: ReadonlySet<string>;
}

/** What the node is going to refuse of a rule's runs. */
export function useWarnings({ rule, site }: PlacedRule, use: UseLimits | undefined): Fault[] {
  const why = use?.refused.get(rule.model.name);
  const others = rule.destinations.filter((name) => use?.researchDestinations.has(name) !== true);
  if (why === undefined || rule.shadow || others.length === 0) return [];
  return [
    site
      .at('destinations')
      .fault(
        `its runs are refused: of model ${rule.model.name}, ${why}; let the rule say \`shadow: true\`, or mark ${others.join(', ')} with \`research: true\` in the settings`,
      ),
  ];
}
