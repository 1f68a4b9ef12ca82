/** The rules in routing-rules/, with the one model that is shipped active. */
import { readFileSync } from 'node:fs';
import { formatFaults } from '../../src/foundation/faults.js';
import { parseYaml } from '../../src/foundation/yaml.js';
import { parseCard } from '../../src/models/card.js';
import type { ActiveModels } from '../../src/routing/decision.js';
import { loadRules, type LoadedRules } from '../../src/routing/load.js';

/** `lungs` as its package says; the models of the other rules are not there. */
export function shippedModels(): ActiveModels {
  const card = parseCard(parseYaml(readFileSync('deploy/models/lungs/meta.json', 'utf8'), 'meta.json'));
  if (!card.ok) throw new Error(formatFaults(card.faults));
  return new Map([['lungs', { version: '1.0.0', card: { inputs: card.value.inputs } }]]);
}

/** Throws the faults where there are any. */
export function shippedRules(): LoadedRules {
  const loaded = loadRules('routing-rules', { destinations: ['archive'], models: shippedModels() });
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return loaded.rules;
}
