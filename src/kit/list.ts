/** A workflow in words, for `--list`. */
import type { z } from 'zod';
import { kindsOf, kindText } from './flow.js';
import type { Registry, Workflow } from './workflow.js';

/** Each module of the workflow with what it does, needs and makes, and its settings. */
export function describeWorkflow(name: string, workflow: Workflow, registry: Registry): string {
  const lines = [`${name}: ${workflow.description}`];
  for (const { label, module, settings } of workflow.steps) {
    const { does, settings: schema } = registry[label];
    const needs = module.inputs.map((input) => (typeof input === 'string' ? input : input.text)).join(', ') || 'nothing';
    lines.push(`  ${label}: ${does}`, `    needs ${needs}, makes ${kindsOf(module).map(kindText).join(', ') || 'files'}`);
    for (const [key, field] of Object.entries<z.ZodType>(schema.shape)) {
      lines.push(
        `    ${key} = ${JSON.stringify(settings[key]) ?? 'not set'}: ${field.description ?? ''}`,
        ...describeInner(field, '      '),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function describeInner(field: z.core.$ZodType, indent: string): string[] {
  return innerKeys(field).flatMap(([key, inner]) => [`${indent}${key}: ${descriptionOf(inner)}`, ...describeInner(inner, `${indent}  `)]);
}

/** The keys inside of a setting; of a list or a record, those of its items. */
export function innerKeys(field: z.core.$ZodType): [string, z.ZodType][] {
  const def = field._zod.def as { [key in 'innerType' | 'element' | 'valueType']?: z.core.$ZodType } & {
    shape?: Record<string, z.ZodType>;
  };
  const inside = def.innerType ?? def.element ?? def.valueType;
  return inside === undefined ? Object.entries(def.shape ?? {}) : innerKeys(inside);
}

/** What was described before it was made optional counts too. */
export function descriptionOf(field: z.ZodType): string {
  const { innerType } = field._zod.def as { innerType?: z.ZodType };
  return field.description ?? (innerType === undefined ? '' : descriptionOf(innerType));
}
