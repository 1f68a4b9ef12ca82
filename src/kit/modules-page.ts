/** The page of modules and their settings (`--modules`), as the code has them. */
import type { z } from 'zod';
import { descriptionOf, innerKeys } from './list.js';
import type { Registry } from './workflow.js';

const HEAD = `# Modules of workflows

Made from the code: \`node dist/kit-bundle/kit.mjs --modules > deploy/models/MODULES.md\`. How workflows are written stands in \`README.md\`.
`;

/** One section for each module: what it does, its settings with their defaults, and the keys inside of them. */
export function modulesPage(registry: Registry): string {
  const sections = Object.entries(registry).map(([name, { does, settings }]) => {
    const rows = Object.entries<z.ZodType>(settings.shape).flatMap(([key, field]) => [rowOf(key, field), ...innerRows(key, field)]);
    const table = rows.length === 0 ? 'No settings.' : `| setting | default | |\n|---|---|---|\n${rows.join('\n')}`;
    return `\n## ${name}\n\n${does[0].toUpperCase()}${does.slice(1)}.\n\n${table}\n`;
  });
  return HEAD + sections.join('');
}

function innerRows(outer: string, field: z.core.$ZodType): string[] {
  return innerKeys(field).flatMap(([key, inner]) => [rowOf(`${outer}.${key}`, inner), ...innerRows(`${outer}.${key}`, inner)]);
}

function rowOf(key: string, field: z.ZodType): string {
  const value = defaultOf(field);
  const shown = value === undefined ? '' : `\`${JSON.stringify(value)}\``;
  return `| \`${key}\` | ${escaped(shown)} | ${escaped(descriptionOf(field))} |`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** As somebody would write it in the file; undefined where there is none. */
function defaultOf(field: z.core.$ZodType): unknown {
  const def = field._zod.def as { defaultValue?: unknown; innerType?: z.core.$ZodType };
  if (def.defaultValue !== undefined) return def.defaultValue;
  return def.innerType === undefined ? undefined : defaultOf(def.innerType);
}
