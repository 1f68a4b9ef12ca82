/** `anteroom models add`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { overrideIn, tellStanding, withOverrideOptions, type OverrideOptions, type StandingModel } from './models-use.js';
import { json } from './print.js';

export interface AddOptions extends CommonOptions, OverrideOptions {
  readonly activate?: boolean;
  readonly modelFile?: string;
  readonly json?: boolean;
}

/** Adds `models add`. */
export function addAddCommand(models: Command): void {
  withOverrideOptions(
    withCommonOptions(
      models.command('add').description('registers a model package: a folder with meta.json (MHub model card) and model.yaml'),
    ),
  )
    .argument('<package>', 'folder of the package, or the name of one in `modelsDir`')
    .option('--model-file <name>', 'another model.yaml of the package, such as model.process.yaml')
    .option('--activate', 'use it at once: after a passed test, or with a reason')
    .option('--json', 'print JSON')
    .action(addPackage);
}

/** Registers a package with the running node, and says what became of it. */
export async function addPackage(folder: string, options: AddOptions): Promise<void> {
  const activate = options.activate ? overrideIn(options) : undefined;
  const model = await clientFor(options).post<StandingModel>('/models', {
    folder: packageFolder(folder, options),
    modelFile: options.modelFile,
    activate,
  });
  if (options.json) json(model);
  else tellStanding(model);
}

/** A folder as it is; a name that is none is looked for in `modelsDir`. */
export function packageFolder(named: string, options: CommonOptions): string {
  if (existsSync(named)) return resolve(named);
  const known = join(settingsFor(options).modelsDir, named);
  return existsSync(known) ? known : resolve(named);
}
