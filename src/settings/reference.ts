/** The settings reference, made from the schema itself, so that it cannot say anything else. */
import { z } from 'zod';
import { settingsSchema } from './schema.js';

export interface SettingRow {
  /** `dimse.port`; `destinations.<name>.url` for what a destination may say. */
  readonly key: string;
  /** `text`, `number`, `whole number`, `true or false`, `list`, or the words that are allowed. */
  readonly type: string;
  /** As it would stand in the file; undefined where there is none. */
  readonly default?: string;
  readonly text: string;
  /** True where an environment variable can override it. */
  readonly overridable: boolean;
}

/** The part of JSON Schema that is made of our settings. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  /** The key of a group whose rows stand for this one's too. */
  readonly like?: string;
}

/** One row for each setting, in the order of the schema. */
export function settingsReference(): readonly SettingRow[] {
  const schema = z.toJSONSchema(settingsSchema('/'), { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return unique(rowsOf(schema, ''));
}

function rowsOf(schema: JsonSchema, key: string): SettingRow[] {
  const alternatives = schema.anyOf ?? schema.oneOf ?? [];
  const groups = alternatives.filter((one) => one.properties !== undefined);
  const inner = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => rowsOf(child, key === '' ? name : `${key}.${name}`)),
    ...(typeof schema.additionalProperties === 'object' ? rowsOf(schema.additionalProperties, `${key}.<name>`) : []),
    ...(schema.description === undefined ? groups.flatMap((group) => rowsOf(group, key)) : []),
  ];
  if (inner.length > 0 && schema.description === undefined) return inner;
  const entries = alternatives.concat(schema).flatMap((one) => (one.items === undefined ? [] : entryRows(one.items, `${key}[]`)));
  const type = typeOf(schema);
  const own: SettingRow = {
    key,
    type,
    ...(schema.default === undefined ? {} : { default: asWritten(schema.default) }),
    text: schema.description ?? '',
    overridable: inner.length === 0 && type !== 'group' && !/<name>|\[\]/.test(key),
  };
  return schema.like === undefined ? [own, ...inner, ...entries] : [own];
}

/** What an entry of a list may say, where it is a group of keys. */
function entryRows(items: JsonSchema, key: string): SettingRow[] {
  const groups = [items, ...(items.anyOf ?? items.oneOf ?? [])].filter((one) => one.properties !== undefined);
  return groups.flatMap((group) => rowsOf(group, key));
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return asWritten(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(asWritten).join(', ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(' or ');
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: 'true or false',
    array: 'list',
    object: 'group',
  };
  return names[schema.type ?? ''] ?? 'text';
}

function asWritten(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The kinds of destinations share settings; the first description stands for all, and `kind` gets all its words. */
function unique(rows: readonly SettingRow[]): SettingRow[] {
  const byKey = new Map<string, SettingRow>();
  for (const row of rows) {
    const seen = byKey.get(row.key);
    if (seen === undefined) byKey.set(row.key, row);
    else if (!row.type.split(', ').every((word) => seen.type.split(', ').includes(word)))
      byKey.set(row.key, { ...seen, type: `${seen.type}, ${row.type}` });
  }
  return [...byKey.values()];
}
