/** What a registered model's package says of its answers, as the gate asks for it. */
import type { ModelRow } from '../ledger/models.js';
import { cardOf } from '../models/answers.js';
import { structuresOf } from '../models/card.js';
import type { ModelYaml } from '../models/model-yaml.js';
import type { Expectations } from './verdict.js';

/** Whether a report says that nothing was found. A package that an earlier release registered does not say. */
export function saysEmpty(model: ModelRow): boolean {
  const { emptyAnswer } = (JSON.parse(model.package) as { outputs: Partial<ModelYaml['outputs']> }).outputs;
  return emptyAnswer === 'report';
}

/** Which structures must be there, and whether an answer may have none. */
export function expectationsOf(model: ModelRow): Expectations {
  const { mustExist, allowEmpty } = (JSON.parse(model.package) as ModelYaml).outputs;
  const named = mustExist === 'card' ? structuresOf(cardOf(model)) : mustExist;
  return { mustExist: allowEmpty ? [] : named, allowEmpty };
}
