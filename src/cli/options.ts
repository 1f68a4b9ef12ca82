/** Options that every subcommand understands, and what they lead to. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { loadSettings, parseSettings } from '../settings/load.js';
import type { Settings } from '../settings/schema.js';
import { NodeClient } from './node-client.js';

export const DEFAULT_CONFIG = 'config/anteroom.yaml';

export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
}

/** Adds `--config` and `--data`. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--config <file>', `settings of the node (default: ${DEFAULT_CONFIG})`)
    .option('--data <folder>', 'data folder, in place of the one in the settings');
}

/** A whole number from 1 on: `abc` must not become nothing at all in silence. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}

/** The settings that a command works with; without a file, the defaults. Throws CONFIG_INVALID with every fault. */
export function settingsFor(options: CommonOptions): Settings {
  const file = options.config ?? DEFAULT_CONFIG;
  const settings =
    options.config === undefined && !existsSync(file)
      ? parseSettings('', resolve('anteroom.yaml'), process.env)
      : loadSettings(file, process.env);
  return options.data === undefined ? settings : { ...settings, dataDir: resolve(options.data) };
}

/** The client of the node whose data folder the options name. */
export function clientFor(options: CommonOptions): NodeClient {
  return new NodeClient(settingsFor(options).dataDir);
}
