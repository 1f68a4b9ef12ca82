/** The language as JSON Schema, for editors: what they complete, explain and underline. Made from the schemas that the node checks with. */
import { z } from 'zod';
import { caseFileSchema } from './cases.js';
import { ruleFileSchema } from './schema.js';

/** File name beside the rules to what is in it. Draft 7: what editors' YAML servers know. */
export function languageSchemas(): Readonly<Record<string, string>> {
  return {
    'rules.schema.json': textOf(ruleFileSchema, 'Anteroom: a file of routing rules'),
    'cases.schema.json': textOf(caseFileSchema, 'Anteroom: a file of cases, the tests of routing rules'),
  };
}

function textOf(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
