/** What can be known to be wrong with a model without running it. */
import { AnteroomError } from '../foundation/errors.js';
import { logOf } from './kit-log.js';
import { CaseModule } from './module.js';
import type { Workflow } from './workflow.js';

interface Card {
  readonly name: string;
  readonly details: { readonly version: string };
  readonly summary?: { readonly outputs: readonly { readonly classes: readonly string[] }[] };
}

/**
 * Prepares every module of a checked workflow (weights and tensors of networks), and holds what it can find against the card.
 * @throws what a module finds wrong; AnteroomError MODEL_INVALID where card and workflow disagree
 */
export async function checkWorkflow(workflow: Workflow, card: Card, modelDir: string): Promise<void> {
  const folders = { inputDir: '', outputDir: '', modelDir };
  const model = { name: card.name, title: card.name, version: card.details.version };
  const modules = workflow.steps.filter((step) => step.module instanceof CaseModule) as { label: string; module: CaseModule }[];
  for (const { label, module } of modules) await module.prepare?.({ folders, model, log: logOf(label), progress: () => undefined });
  const found = modules.reduce<readonly string[]>(
    (before, { module }) => [...(module.structuresAfter?.(before) ?? before), ...(module.structures ?? [])],
    [],
  );
  const promised = card.summary?.outputs.flatMap(({ classes }) => classes) ?? [];
  const unkept = promised.filter((id) => !found.includes(id));
  const untold = found.filter((id) => !promised.includes(id));
  if (found.length === 0 || unkept.length + untold.length === 0) return;
  const faults = [
    ...(unkept.length > 0 ? [`the card promises ${unkept.join(', ')}, which the workflow does not give`] : []),
    ...(untold.length > 0 ? [`the workflow gives ${untold.join(', ')}, which the card does not name`] : []),
  ];
  throw new AnteroomError('MODEL_INVALID', faults.join('; '));
}
