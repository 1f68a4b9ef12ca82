/** `anteroom models add`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelView } from '../api/views.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

export interface AddOptions extends CommonOptions {
  readonly activate?: boolean;
  readonly reason: string;
  readonly modelFile?: string;
  readonly json?: boolean;
}

/** Adds `models add`. */
export function addAddCommand(models: Command): void {
  withCommonOptions(
    models.command('add').description('registers a model package: a folder with meta.json (MHub model card) and model.yaml'),
  )
    .argument('<package>', 'folder of the package, or the name of one in `modelsDir`')
    .option('--model-file <name>', 'another model.yaml of the package, such as model.process.yaml')
    .option('--activate', 'use it at once, without a passed test; this is recorded as an override')
    .option('--reason <text>', 'why it is used without a test', 'activated by hand')
    .option('--json', 'print JSON')
    .action(addPackage);
}

/** Registers a package with the running node, and says what became of it. */
export async function addPackage(folder: string, options: AddOptions): Promise<void> {
  const activate = options.activate ? { reason: options.reason } : undefined;
  const model = await clientFor(options).post<ModelView & { queuedRuns: number }>('/models', {
    folder: packageFolder(folder, options),
    modelFile: options.modelFile,
    activate,
  });
  if (options.json) {
    json(model);
    return;
  }
  line(`${model.name} ${model.version} is ${model.state} (${model.digest})`);
  if (model.state === 'registered') line('it is not used yet: add --activate to use it without a test');
  if (model.queuedRuns > 0) line(`${model.queuedRuns} run(s) that waited for it are queued`);
}

/** A folder as it is; a name that is none is looked for in `modelsDir`. */
export function packageFolder(named: string, options: CommonOptions): string {
  if (existsSync(named)) return resolve(named);
  const known = join(settingsFor(options).modelsDir, named);
  return existsSync(known) ? known : resolve(named);
}
