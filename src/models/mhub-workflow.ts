/** What the node reads of a workflow file of MHub's. */
import { z } from 'zod';
import { AnteroomError } from '../foundation/errors.js';
import { InvalidFileError } from '../foundation/faults.js';
import { parseYaml, validate } from '../foundation/yaml.js';

const ORGANIZER = 'DataOrganizer';

const targets = z.array(z.string().min(1)).min(1);
const schema = z.looseObject({
  execute: z.array(z.union([z.string(), z.looseObject({ module: z.string(), targets: targets.optional() })])),
  modules: z.looseObject({ [ORGANIZER]: z.looseObject({ targets: targets.optional() }).optional() }).optional(),
});

/**
 * The targets of the step that copies what the model made into the output folder.
 * @throws AnteroomError MODEL_INVALID where there is no such step, or where its targets stand in `execute`: they win over what is given from outside
 */
export function organizerTargets(text: string, path: string): readonly string[] {
  const checked = validate(parseYaml(text, path), schema);
  if (!checked.ok) throw new InvalidFileError('MODEL_INVALID', checked.faults);
  const { execute, modules } = checked.value;
  const refuse = (why: string) =>
    new AnteroomError('MODEL_INVALID', `exportLogs: ${path} ${why}; expected targets under modules.${ORGANIZER}`);
  const steps = execute.filter((step) => (typeof step === 'string' ? step : step.module) === ORGANIZER);
  if (steps.length === 0) throw refuse(`has no step ${ORGANIZER}`);
  if (steps.some((step) => typeof step !== 'string' && step.targets !== undefined)) throw refuse('has its targets in `execute`');
  const found = modules?.[ORGANIZER]?.targets;
  if (found === undefined) throw refuse('has no targets');
  return found;
}
