/** `anteroom kit run`: a package on a folder of DICOM files, on this machine, without a node and without a container. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { makeFolders } from '../foundation/folders.js';
import { runKit } from './kit-process.js';

interface RunOptions {
  readonly input: string;
  readonly output: string;
  readonly list?: boolean;
  readonly check?: boolean;
}

/** Adds `kit run`; its exit code is the kit's. */
export function addKitCommands(program: Command): void {
  program
    .command('kit')
    .description('the kit that works inside the containers of models, for their authors')
    .command('run')
    .description('runs the workflow of a model package on this machine: nothing is isolated')
    .argument('<package>', 'folder of the package')
    .argument('[kit arguments...]', 'after --: as inside the container, such as --workflow NAME or --config:modules.X.y=1')
    .option('--input <folder>', 'DICOM files', '.')
    .option('--output <folder>', 'where results go', 'out')
    .option('--check', 'only checks workflows, weights and card')
    .option('--list', 'only explains the modules and their settings')
    .action(async (folder: string, args: string[], options: RunOptions) => {
      const only = options.check ? ['--check'] : options.list ? ['--list'] : [];
      if (only.length === 0) makeFolders(options.output);
      const { exitCode } = await runKit(
        [...only, ...args],
        {
          ANTEROOM_MODEL_DIR: resolve(folder),
          ANTEROOM_INPUT_DIR: resolve(options.input),
          ANTEROOM_OUTPUT_DIR: resolve(options.output),
        },
        { stdout: 'inherit' },
      );
      process.exitCode = exitCode;
    });
}
