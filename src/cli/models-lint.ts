/** `anteroom models lint`: every fault of a package at once, and of its image where it is built. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { sampleFaults } from '../evaluation/samples/check-sample.js';
import { toAnteroomError } from '../foundation/errors.js';
import { formatFaults } from '../foundation/faults.js';
import { makeImageContext } from '../models/image-context.js';
import { lintPackage } from '../models/lint.js';
import type { ModelPackage } from '../models/package.js';
import { checkImage, userOfImage } from '../runs/runtimes/docker-build.js';
import { runKit } from './kit-process.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

interface LintOptions extends CommonOptions {
  readonly image: boolean;
  readonly json?: boolean;
}

/** Adds `models lint`; exit code 1 where something is wrong. */
export function addLintCommand(models: Command): void {
  withCommonOptions(models.command('lint').description('looks for what is wrong with a model package and its image'))
    .argument('<package>', 'folder of the package')
    .option('--no-image', 'leave out the image')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: LintOptions) => {
      const faults = await faultsOf(folder, options);
      if (faults.length > 0) process.exitCode = 1;
      if (options.json) {
        json(faults);
        return;
      }
      for (const fault of faults) line(`✗ ${fault}`);
      if (faults.length === 0) line(`✓ ${folder}: nothing is wrong`);
    });
}

async function faultsOf(folder: string, options: LintOptions): Promise<string[]> {
  const { model, faults } = lintPackage(folder);
  const found = faults.length === 0 ? [] : formatFaults(faults).split('\n');
  if (model === undefined || found.some((fault) => fault.includes('is not filled in'))) return found;
  found.push(...(await workflowFaults(model)), ...(await sampleFaults(model)));
  if (options.image && model.model.runtime === 'docker')
    found.push(...(await imageFaults(model.model, settingsFor(options).docker.socket)));
  return found;
}

/** The kit's own check, on the files that would go into the image. */
async function workflowFaults(model: ModelPackage): Promise<string[]> {
  const context = mkdtempSync(join(tmpdir(), 'anteroom-lint-'));
  try {
    await makeImageContext(model, context);
    const inImage = join(context, 'layers/package');
    if (existsSync(join(context, 'layers/weights'))) cpSync(join(context, 'layers/weights'), inImage, { recursive: true });
    const { exitCode, logged } = await runKit(['--check'], { ANTEROOM_MODEL_DIR: inImage }, { log: 'pipe' });
    return exitCode === 0 ? [] : errorsIn(logged.replaceAll(inImage, model.dir));
  } catch (thrown) {
    return [toAnteroomError(thrown).message];
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function errorsIn(log: string): string[] {
  const errors = log.split('\n').filter((text) => text.includes(' ERROR '));
  return errors.map((text) => text.replace(/^\S+ ERROR kit: \w+ /, '').replace(/ – [^–]*$/, ''));
}

async function imageFaults({ image, user }: { image: string; user: 'node' | 'image' }, socketPath: string): Promise<string[]> {
  try {
    const own = await userOfImage({ socketPath }, image);
    const root = /^(root|0)?(:.*)?$/.test(own);
    await checkImage({ socketPath }, image);
    return root && user === 'image' ? [`${image} runs as root: name a USER in its Dockerfile, or say user: node`] : [];
  } catch (thrown) {
    return [toAnteroomError(thrown).message];
  }
}
