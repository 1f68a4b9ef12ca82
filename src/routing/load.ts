/** Reading the folder of rules: every fault of every file at once. A folder with any fault never becomes a rule set. */
import { join } from 'node:path';
import { suggestionFor, type Fault } from '../foundation/faults.js';
import { sha256Hex } from '../foundation/ids.js';
import { parseYaml } from '../foundation/yaml.js';
import { parseCases, type RuleCase } from './cases.js';
import { checkFiles } from './checks/check-rules.js';
import { isActive, type ActiveModels } from './evaluate.js';
import type { UseLimits } from './checks/use.js';
import type { RuleLimits } from './limits.js';
import { readRuleFolder } from './rule-folder.js';
import { isCaseFile, readRuleFiles, type Written } from './rule-files.js';
import type { Rule, RuleSet } from './schema.js';

export interface RulesContext {
  /** Names of the destinations in the settings. */
  readonly destinations: readonly string[];
  /** A rule for a model that is not among them waits. */
  readonly models: ActiveModels;
  /** Models in use that must not be used on patients, with the reason; not looked at where nobody says. */
  readonly use?: UseLimits;
  /** What AE titles keep from being asked; none where nobody says. */
  readonly limits?: RuleLimits;
  /** The signals of completeness that the settings name, of the node and of its AE titles; not looked at where nobody says. */
  readonly signals?: readonly string[];
  /** True for rules that were in force: what a newer version of this program would find wrong with them must not stop a start. */
  readonly wereInForce?: boolean;
}

export interface LoadedRules extends RuleSet {
  /** From the `*.cases.yaml` beside the rules, for `checkCases`. */
  readonly cases: readonly RuleCase[];
  /** What is no fault but should be known: rules whose model is not there, and what is probably not meant. */
  readonly warnings: readonly Fault[];
  /** Rules of which no case says what they must decide, with their places. */
  readonly untested: readonly Fault[];
}

export type RulesResult =
  | { readonly ok: true; readonly rules: LoadedRules }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings?: readonly Fault[] };

/**
 * All `*.yaml` of the folder as one rule set, and the cases of `*.cases.yaml` beside them. A folder that cannot be read is a
 * fault; an empty one is a rule set without rules.
 */
export function loadRules(dir: string, context: RulesContext): RulesResult {
  const folder = readRuleFolder(dir);
  return folder.ok ? parseRules(folder.texts, dir, context) : folder;
}

/** `loadRules` for texts by file name; `dir` only names the place. Files of sub-folders count only where they are included. */
export function parseRules(texts: ReadonlyMap<string, string>, dir: string, context: RulesContext): RulesResult {
  const own = [...texts.keys()].filter((name) => !name.includes('/')).sort();
  const read = readRuleFiles(
    texts,
    own.filter((name) => !isCaseFile(name)),
    dir,
  );
  const counted = [...new Set([...own, ...read.names])].sort();
  const faults = [...counted.filter((name) => texts.get(name)?.trim() === '').map((name) => emptyFile(join(dir, name))), ...read.faults];
  // What a file with faults includes is not known: nothing is said of what may be included by it.
  const warnings = read.faults.length === 0 ? neverIncluded(texts, counted, dir) : [];
  const firstPlace = new Map<string, string>();
  for (const written of read.rules) checkNames(written, context, { faults, warnings, firstPlace });
  const ruleNames = read.rules.map(({ what }) => what.name);
  const cases = own.filter(isCaseFile).flatMap((name) => {
    const parsed = parseCases(parseYaml(texts.get(name) ?? '', join(dir, name)), name, faults.length === 0 ? ruleNames : undefined);
    if (parsed.ok) return parsed.value;
    faults.push(...parsed.faults);
    return [];
  });
  if (faults.length === 0) checkFiles(read, context, faults, warnings);
  if (faults.length > 0) return { ok: false, faults, warnings };
  const files = Object.fromEntries(counted.map((name) => [name, texts.get(name) ?? '']));
  const rules = read.rules.map(({ what }) => what);
  return { ok: true, rules: { rules, revision: revisionOf(files), files, cases, warnings, untested: withoutCase(read.rules, cases) } };
}

/** Files of sub-folders that somebody may believe to count. */
function neverIncluded(texts: ReadonlyMap<string, string>, counted: readonly string[], dir: string): Fault[] {
  const names = [...texts.keys()].filter((name) => !counted.includes(name)).sort();
  const message = (name: string) =>
    isCaseFile(name) ? 'cases in a sub-folder are not looked at' : 'no file includes this one: nothing in it counts';
  return names.map((name) => ({ file: join(dir, name), line: 1, column: 1, path: '', message: message(name) }));
}

function withoutCase(rules: readonly Written<Rule>[], cases: readonly RuleCase[]): Fault[] {
  const tested = new Set(cases.flatMap((one) => Object.keys(one.expect)));
  return rules.flatMap(({ what, document, path }) =>
    tested.has(what.name) ? [] : [document.fault([...path, 'name'], 'no case in a *.cases.yaml says what this rule must decide')],
  );
}

/** What a full disk leaves, or an editor in the middle of saving: that its rules are gone must not be what somebody meant. */
function emptyFile(file: string): Fault {
  return { file, line: 1, column: 1, path: '', message: 'the file is empty; delete it, or write `rules: []` for no rules' };
}

/** SHA-256 over names and contents: the same files have the same revision, wherever they lie. */
function revisionOf(files: Readonly<Record<string, string>>): string {
  const parts = Object.keys(files)
    .sort()
    .map((name) => `${name}\0${sha256Hex(files[name] ?? '')}\n`);
  return sha256Hex(parts.join(''));
}

interface Collected {
  readonly faults: Fault[];
  readonly warnings: Fault[];
  /** Rule name to the place where it was first used. */
  readonly firstPlace: Map<string, string>;
}

function checkNames(
  { what: rule, document, path }: Written<Rule>,
  context: RulesContext,
  { faults, warnings, firstPlace }: Collected,
): void {
  const at = (...steps: (string | number)[]) => [...path, ...steps];
  const place = document.fault(at('name'), '');
  const first = firstPlace.get(rule.name);
  if (first !== undefined) faults.push(document.fault(at('name'), `another rule is called "${rule.name}" (${first})`));
  else firstPlace.set(rule.name, `${place.file}:${place.line}`);
  for (const [position, destination] of rule.destinations.entries()) {
    if (context.destinations.includes(destination)) continue;
    faults.push(
      document.fault(
        at('destinations', position),
        `no destination is called "${destination}"`,
        suggestionFor(destination, context.destinations),
      ),
    );
  }
  if (!isActive(rule.model, context.models)) {
    const { name, version } = rule.model;
    const message = `no active model is called "${name}"${version === undefined ? '' : ` in version ${version}`}; the rule waits for it`;
    warnings.push(document.fault(at('model'), message, suggestionFor(name, context.models.keys())));
  }
}
