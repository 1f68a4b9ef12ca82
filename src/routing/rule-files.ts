/** The files of rules with what they include, read together: every rule with its named conditions put in, every fault at its own place. */
import { join } from 'node:path';
import type { z } from 'zod';
import { suggestionFor, type Fault } from '../foundation/faults.js';
import { parseYaml, validate, type Path, type YamlDocument } from '../foundation/yaml.js';
import { NamedConditions, type Definitions } from './language/named-conditions.js';
import { ruleFileSchema, type Condition, type Preference, type Rule } from './schema.js';

/** Something with the place where it is written. */
export interface Written<T> {
  readonly what: T;
  readonly document: YamlDocument;
  readonly path: Path;
}

export interface ReadFiles {
  /** In the order of file names, then as written. */
  readonly rules: readonly Written<Rule>[];
  /** Every named condition, as rules have it. */
  readonly named: readonly Written<Condition>[];
  /** The files that count: those of the folder itself, and those that are included. */
  readonly names: readonly string[];
  readonly faults: readonly Fault[];
}

type RuleFile = z.output<typeof ruleFileSchema>;

interface OneFile {
  readonly name: string;
  readonly document: YamlDocument;
  readonly content: RuleFile;
}

/** Reads `names` and what they include out of `texts`; names are relative to `dir`, which only names the place. */
export function readRuleFiles(texts: ReadonlyMap<string, string>, names: readonly string[], dir: string): ReadFiles {
  const files = new Map<string, OneFile | undefined>();
  const faults: Fault[] = [];
  const wanted = [...names];
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (files.has(name)) continue;
    const document = parseYaml(texts.get(name) ?? '', join(dir, name));
    const checked = validate(document, ruleFileSchema);
    if (!checked.ok) faults.push(...checked.faults);
    files.set(name, checked.ok ? { name, document, content: checked.value } : undefined);
    if (!checked.ok) continue;
    const file = { name, document, content: checked.value };
    faults.push(...strayRules(file), ...unknownIncludes(file, texts));
    wanted.push(...checked.value.include.filter((include) => texts.has(include)));
  }
  const read = [...files.values()].filter((file) => file !== undefined);
  faults.push(...includeCycles(read));
  const named = new NamedConditions(definitionsOf(files));
  const rules = read.flatMap((file) => rulesOf(file, named));
  return { rules, named: named.all(), names: [...files.keys()], faults: [...faults, ...named.faults()] };
}

/** A file in a sub-folder is only there to be included: rules in it would look as if they were asked. */
function strayRules({ name, document, content }: OneFile): Fault[] {
  if (!name.includes('/') || content.rules.length === 0) return [];
  return [document.fault(['rules'], 'rules in a sub-folder are never asked; put them into a file of the folder itself', { at: 'key' })];
}

function unknownIncludes({ document, content }: OneFile, texts: ReadonlyMap<string, string>): Fault[] {
  const known = [...texts.keys()].filter((name) => !isCaseFile(name));
  return content.include.flatMap((include, index) =>
    known.includes(include) ? [] : [document.fault(['include', index], whyNotIncluded(include), suggestionFor(include, known))],
  );
}

function whyNotIncluded(include: string): string {
  if (isCaseFile(include)) return 'a file of cases has no conditions';
  if (/^\.\.?\/|^\/|\/\.\.?\//.test(include)) return `"${include}" must be written from the folder of rules, without . and ..`;
  return `there is no file "${include}" in the folder of rules`;
}

/** Each circle of includes once, at the include that closes it. */
function includeCycles(files: readonly OneFile[]): Fault[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const done = new Set<string>();
  const faults: Fault[] = [];
  const visit = (file: OneFile, above: readonly string[]) => {
    for (const [index, include] of file.content.include.entries()) {
      const chain = [...above, file.name];
      const start = chain.indexOf(include);
      if (start !== -1)
        faults.push(file.document.fault(['include', index], `goes in a circle: ${[...chain.slice(start), include].join(' → ')}`));
      const next = byName.get(include);
      if (start === -1 && next !== undefined && !done.has(include)) visit(next, chain);
    }
    done.add(file.name);
  };
  for (const file of files) if (!done.has(file.name)) visit(file, []);
  return faults;
}

/** The name of a file of cases, which has none of the rules in it. */
export function isCaseFile(name: string): boolean {
  return name.endsWith('.cases.yaml');
}

/** What each file defines and includes; of a file that is not valid it is not known, so that nobody complains about its names. */
function definitionsOf(files: ReadonlyMap<string, OneFile | undefined>): Definitions {
  return new Map(
    [...files].map(([name, file]) => [
      name,
      file && { document: file.document, include: file.content.include, conditions: new Map(Object.entries(file.content.conditions)) },
    ]),
  );
}

function rulesOf({ name, document, content }: OneFile, named: NamedConditions): Written<Rule>[] {
  return content.rules.map((written, index) => {
    const path: Path = ['rules', index];
    const resolve = (condition: Condition, ...at: Path) =>
      named.resolve(condition, { file: name, path: [...path, ...at], place: 'series' });
    const optional = (condition: Condition | undefined, ...at: Path) => (condition === undefined ? undefined : resolve(condition, ...at));
    const preferred = (prefer: readonly Preference[], ...at: Path) =>
      prefer.map((preference, position) => (isCondition(preference) ? resolve(preference, ...at, position) : preference));
    const { study, when, series, inputs, completeWith } = written;
    const rule: Rule = {
      ...written,
      file: name,
      destinations: written.destinations ?? [],
      study: study === undefined ? undefined : named.resolve(study, { file: name, path: [...path, 'study'], place: 'study' }),
      when: optional(when, 'when'),
      series: series && {
        ...series,
        where: optional(series.where, 'series', 'where'),
        prefer: preferred(series.prefer, 'series', 'prefer'),
      },
      inputs:
        inputs &&
        Object.fromEntries(
          Object.entries(inputs).map(([key, input]) => [
            key,
            {
              when: resolve(input.when, 'inputs', key, 'when'),
              where: optional(input.where, 'inputs', key, 'where'),
              prefer: preferred(input.prefer, 'inputs', key, 'prefer'),
            },
          ]),
        ),
      completeWith: completeWith?.map((condition, position) => resolve(condition, 'completeWith', position)),
    };
    return { what: rule, document, path };
  });
}

function isCondition(preference: Preference): preference is Condition {
  return !('thinnest' in preference || 'mostInstances' in preference || 'kernel' in preference);
}
