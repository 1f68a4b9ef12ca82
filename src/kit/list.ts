/** A workflow in words, for `--list`. */
import type { z } from 'zod';
import type { Registry, Workflow } from './workflow.js';

/** Each module of the workflow with what it does, needs and makes, and its settings. */
export function describeWorkflow(name: string, workflow: Workflow, registry: Registry): string {
  const lines = [`${name}: ${workflow.description}`];
  for (const { label, module, settings } of workflow.steps) {
    const { does, settings: schema } = registry[label];
    lines.push(`  ${label}: ${does}`, `    needs ${module.inputs.join(', ') || 'nothing'}, makes ${module.outputs.join(', ') || 'files'}`);
    for (const [key, field] of Object.entries<z.ZodType>(schema.shape)) {
      lines.push(`    ${key} = ${JSON.stringify(settings[key]) ?? 'not set'}: ${field.description ?? ''}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
