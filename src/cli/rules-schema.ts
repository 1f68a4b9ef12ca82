/** `anteroom rules schema`: the language of rules and cases as JSON Schema, for editors. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { languageSchemas } from '../routing/json-schema.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { line } from './print.js';

/** Adds `rules schema`, which needs no running node. */
export function addSchemaCommand(rules: Command): void {
  withCommonOptions(
    rules
      .command('schema')
      .description('JSON Schema of rule files and case files, from which editors complete and check')
      .argument('[folder]', 'folder to write to, in place of the one of the rules in the settings')
      .option('--print <which>', 'print `rules` or `cases` and write nothing'),
  ).action((folder: string | undefined, options: CommonOptions & { print?: string }) => {
    const schemas = languageSchemas();
    if (options.print !== undefined) {
      const text = schemas[`${options.print}.schema.json`];
      if (text === undefined) rules.error('--print takes `rules` or `cases`');
      process.stdout.write(text);
      return;
    }
    const dir = folder ?? settingsFor(options).rulesDir;
    for (const [name, text] of Object.entries(schemas)) {
      writeFileSync(join(dir, name), text);
      line(`written: ${join(dir, name)}`);
    }
    line('A rule file names it in its first line: # yaml-language-server: $schema=rules.schema.json');
  });
}
