/** `anteroom models pack`: from a package to an image that has checked itself, and into the node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AnteroomError } from '../foundation/errors.js';
import { makeImageContext } from '../models/image-context.js';
import { readModelPackage } from '../models/package.js';
import { buildImage, checkImage } from '../runs/runtimes/docker-build.js';
import { addPackage, type AddOptions } from './models-add.js';
import { withOverrideOptions } from './models-use.js';
import { settingsFor, withCommonOptions } from './options.js';
import { line } from './print.js';

interface PackOptions extends AddOptions {
  readonly base: string;
  readonly onlyBuild?: boolean;
}

/** Adds `models pack`. */
export function addPackCommand(models: Command): void {
  withOverrideOptions(
    withCommonOptions(
      models.command('pack').description("builds a package's image on the base image, lets it check itself, and registers it"),
    ),
  )
    .argument('<package>', 'folder of the package')
    .option('--base <image>', 'the base image', 'anteroom/base')
    .option('--only-build', 'do not register it; needs no running node')
    .option('--activate', 'use it at once: after a passed test, or with a reason')
    .action(async (folder: string, options: PackOptions) => {
      const model = readModelPackage(folder);
      if (model.model.runtime !== 'docker') throw new AnteroomError('USAGE', `${folder} runs as a process: it needs no image`);
      const { image } = model.model;
      const address = { socketPath: settingsFor(options).docker.socket };
      const context = mkdtempSync(join(tmpdir(), 'anteroom-pack-'));
      try {
        await makeImageContext(model, context);
        const id = await buildImage(address, { folder: context, image, base: options.base });
        line(`built ${image} (${id.slice(0, 19)}…)`);
      } finally {
        rmSync(context, { recursive: true, force: true });
      }
      await checkImage(address, image);
      line('it has checked its workflows, weights and card, without network and on a read-only root');
      if (!options.onlyBuild) await addPackage(folder, options);
    });
}
