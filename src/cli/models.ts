/** `anteroom models add|list`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelView } from '../api/views.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, shortTime, table } from './print.js';

interface AddOptions extends CommonOptions {
  readonly activate?: boolean;
  readonly reason: string;
  readonly modelFile?: string;
  readonly json?: boolean;
}

/** Adds `models add` and `models list`. */
export function addModelCommands(program: Command): void {
  const models = program.command('models').description('models that rules can use');

  withCommonOptions(
    models.command('add').description('registers a model package: a folder with meta.json (MHub model card) and model.yaml'),
  )
    .argument('<package>', 'folder of the package, or the name of one in `modelsDir`')
    .option('--model-file <name>', 'another model.yaml of the package, such as model.process.yaml')
    .option('--activate', 'use it at once, without a passed test; this is recorded as an override')
    .option('--reason <text>', 'why it is used without a test', 'activated by hand')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: AddOptions) => {
      const activate = options.activate ? { reason: options.reason } : undefined;
      const model = await clientFor(options).post<ModelView & { queuedRuns: number }>('/models', {
        folder: packageFolder(folder, options),
        modelFile: options.modelFile,
        activate,
      });
      if (options.json) return json(model);
      line(`${model.name} ${model.version} is ${model.state} (${model.digest})`);
      if (model.state === 'registered') line('it is not used yet: add --activate to use it without a test');
      if (model.queuedRuns > 0) line(`${model.queuedRuns} run(s) that waited for it are queued`);
    });

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
}

/** A folder as it is; a name that is none is looked for in `modelsDir`. */
function packageFolder(named: string, options: CommonOptions): string {
  if (existsSync(named)) return resolve(named);
  const known = join(settingsFor(options).modelsDir, named);
  return existsSync(known) ? known : resolve(named);
}
