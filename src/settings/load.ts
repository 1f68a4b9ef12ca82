/** Reading config/anteroom.yaml. A file with any fault is refused as a whole, with every fault and its line. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { AnteroomError } from '../foundation/errors.js';
import { InvalidFileError, type Fault } from '../foundation/faults.js';
import { parseYaml, validate, type YamlDocument } from '../foundation/yaml.js';
import { ARCHIVE_DESTINATION } from './destination-schema.js';
import type { SecretSource } from './fields.js';
import { settingsReference, type SettingRow } from './reference.js';
import { settingsSchema, type Settings } from './schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of this file, with defaults filled in and paths absolute (relative ones are taken from the file's folder).
 * A plain setting can be overridden by its environment variable: `dimse.port` by ANTEROOM_DIMSE_PORT.
 * @throws InvalidFileError CONFIG_INVALID with every fault; AnteroomError FILE_UNREADABLE.
 */
export function loadSettings(file: string, environment: Environment): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new AnteroomError('FILE_UNREADABLE', `${file} (${(thrown as NodeJS.ErrnoException).code ?? 'unknown reason'})`, {
      cause: thrown,
    });
  }
  return parseSettings(text, file, environment);
}

/** `loadSettings` for a text that stands (or would stand) in `file`. An empty text gives the defaults. */
export function parseSettings(text: string, file: string, environment: Environment): Settings {
  const written = parseYaml(text, file);
  const overrides = overridesIn(environment);
  const checked = validate(withOverrides(written, overrides), settingsSchema(dirname(resolve(file))));
  if (!checked.ok)
    throw new InvalidFileError(
      'CONFIG_INVALID',
      checked.faults.map((fault) => blameVariable(fault, overrides)),
    );
  const settings = checked.value;
  const archive = { [ARCHIVE_DESTINATION]: { kind: 'archive' as const, research: false, segmentation: 'binary' as const } };
  return deepFreeze({ ...settings, destinations: { ...archive, ...settings.destinations } });
}

/**
 * The secret that the settings only name. Line ends at the end of a file are not part of it.
 * @throws AnteroomError CONFIG_INVALID where the variable or file is not there or empty.
 */
export function resolveSecret(source: SecretSource, environment: Environment): string {
  if ('env' in source) {
    const value = environment[source.env];
    if (value) return value;
    throw new AnteroomError('CONFIG_INVALID', `the environment variable ${source.env}, named for a secret, is not set`);
  }
  try {
    const value = readFileSync(source.file, 'utf8').replace(/[\r\n]+$/, '');
    if (value !== '') return value;
  } catch (thrown) {
    throw new AnteroomError(
      'CONFIG_INVALID',
      `${source.file}, named for a secret, cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`,
      { cause: thrown },
    );
  }
  throw new AnteroomError('CONFIG_INVALID', `${source.file}, named for a secret, is empty`);
}

/** The environment variable that overrides a setting: `dimse.aeTitle` → ANTEROOM_DIMSE_AE_TITLE. */
export function variableOf(key: string): string {
  return `ANTEROOM_${key
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

interface Override {
  readonly key: string;
  readonly variable: string;
  readonly value: unknown;
}

function overridesIn(environment: Environment): Override[] {
  return settingsReference()
    .filter((row) => row.overridable)
    .flatMap((row) => {
      const variable = variableOf(row.key);
      const text = environment[variable];
      return text === undefined || text === '' ? [] : [{ key: row.key, variable, value: scalar(text, row) }];
    });
}

function scalar(text: string, row: SettingRow): unknown {
  return row.type === 'text' ? text : (parseDocument(text).toJS() as unknown);
}

function withOverrides(document: YamlDocument, overrides: readonly Override[]): YamlDocument {
  if (overrides.length === 0 || typeof document.value !== 'object' || document.value === null) return document;
  const value = structuredClone(document.value) as Record<string, unknown>;
  for (const override of overrides) put(value, override.key.split('.'), override.value);
  return { ...document, value };
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = (target[key] ??= {});
  // Where the file has something else than a group of keys here, the schema says so.
  if (typeof inner === 'object' && inner !== null) put(inner as Record<string, unknown>, rest, value);
}

function blameVariable(fault: Fault, overrides: readonly Override[]): Fault {
  const override = overrides.find(({ key }) => fault.path === key);
  return override === undefined ? fault : { ...fault, file: `environment variable ${override.variable}`, line: 0, column: 0 };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
