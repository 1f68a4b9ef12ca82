/** The shipped rule for lungs with other destinations, for nodes that tests start. */
import { readFileSync } from 'node:fs';

const RULE = 'routing-rules/chest-ct-lungs.yaml';
const SHARED = 'shared/conditions.yaml';

/** Files for the folder of rules: the rule, sending to these destinations, and the named conditions that it includes. */
export function lungsRules(...destinations: readonly string[]): Record<string, string> {
  const rule = readFileSync(RULE, 'utf8').replace('[archive]', `[${destinations.join(', ')}]`);
  return { 'rules.yaml': rule, [SHARED]: readFileSync(`routing-rules/${SHARED}`, 'utf8') };
}
