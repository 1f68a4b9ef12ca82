/** `anteroom models`: one file for each command beside this one; `store.ts` adds those of the catalogue. */
import type { Command } from 'commander';
import type { ModelView } from '../api/views.js';
import { addAddCommand } from './models-add.js';
import { addExportCommand } from './models-export.js';
import { addImportCommand } from './models-import.js';
import { addLintCommand } from './models-lint.js';
import { addPackCommand } from './models-pack.js';
import { addScaffoldCommand } from './models-scaffold.js';
import { addTestCommand } from './models-test.js';
import { addUpdateCommand } from './models-update.js';
import { addUseCommands } from './models-use.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, shortTime, table } from './print.js';
import { addStoreCommands } from './store.js';

/** Adds `models` and what is under it. */
export function addModelCommands(program: Command): void {
  const models = program.command('models').description('models that rules can use');

  addAddCommand(models);
  addPackCommand(models);
  addScaffoldCommand(models);
  addLintCommand(models);
  addTestCommand(models);
  addExportCommand(models);
  addImportCommand(models);
  addUseCommands(models);
  addUpdateCommand(models);

  withCommonOptions(models.command('list').description('registered models'))
    .option('--json', 'print JSON')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      const rows = await clientFor(options).get<ModelView[]>('/models');
      if (options.json) return json(rows);
      table(
        ['MODEL', 'VERSION', 'STATE', 'REGISTERED', 'DIGEST'],
        rows.map((row) => [row.name, row.version, row.state, shortTime(row.registeredAt), row.digest]),
        'no model is registered; see `anteroom models add --help`',
      );
    });

  addStoreCommands(models);
}
