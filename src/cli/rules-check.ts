/** `anteroom rules check|test`: whether rule files could come in force, and whether they decide their own cases as these expect. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dataFolders } from '../archive/folders.js';
import { AnteroomError } from '../foundation/errors.js';
import { closest, formatFaults, type Fault } from '../foundation/faults.js';
import { Db } from '../ledger/database.js';
import { activeModels } from '../routing/active-models.js';
import { checkCases, type CaseFailure, type RuleCase } from '../routing/cases.js';
import { formatRule } from '../routing/explain.js';
import { refusedModels, useRules } from '../models/use-gate.js';
import { loadRules, type LoadedRules, type RulesContext, type RulesResult } from '../routing/load.js';
import { rulesContext } from '../routing/rules-context.js';
import type { Settings } from '../settings/schema.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

interface CheckOptions extends CommonOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
}

interface TestOptions extends CommonOptions {
  readonly json?: boolean;
  readonly case?: string;
}

const FOLDER = ['[folder]', 'folder of the rules, in place of the one in the settings'] as const;

/** Adds the commands to `rules`. Exit code 1 where the files would be refused or a case comes out otherwise. */
export function addCheckCommands(rules: Command): void {
  withCommonOptions(rules.command('check').description('checks every rule file and runs their cases; needs no running node'))
    .argument(...FOLDER)
    .option('--strict', 'end with exit code 1 for warnings too')
    .option('--json', 'print JSON')
    .action(check);
  withCommonOptions(
    rules.command('test').description('runs the cases of the rules and says why one came out otherwise; needs no running node'),
  )
    .argument(...FOLDER)
    .option('--case <name>', 'only the case of this name, with every clause')
    .option('--json', 'print JSON')
    .action(test);
}

function check(folder: string | undefined, options: CheckOptions): void {
  const { dir, result } = load(folder, options);
  const failures = result.ok ? checkCases(result.rules, result.rules.cases) : [];
  const warnings = result.ok ? [...result.rules.warnings, ...result.rules.untested] : (result.warnings ?? []);
  const isRefused = !result.ok || failures.length > 0;
  if (isRefused || (options.strict === true && warnings.length > 0)) process.exitCode = 1;
  const faults = result.ok ? [] : result.faults;
  if (options.json) {
    const revision = result.ok ? { revision: result.rules.revision } : {};
    return json({ ok: !isRefused, ...revision, faults, warnings, failures: failures.map(withoutDecision) });
  }
  const told = formatFaults([...faults, ...warnings.map(asWarning), ...failures.map((failure) => asFault(failure, dir))]);
  if (told !== '') line(`${told}\n`);
  line(
    result.ok ? summary(result.rules, failures, warnings, dir) : `${count(faults, 'fault')} and ${count(warnings, 'warning')} in ${dir}`,
  );
  if (!result.ok) return line('these files would be refused, and the rules in force would stay');
  line(`revision ${result.rules.revision}`);
}

function summary({ rules, cases }: LoadedRules, failures: readonly CaseFailure[], warnings: readonly Fault[], dir: string): string {
  const standing =
    failures.length === 0 ? 'all right' : `${count(failures, 'expectation')} came out otherwise, see \`anteroom rules test\``;
  const warned = warnings.length === 0 ? '' : `, ${count(warnings, 'warning')}`;
  return `${count(rules, 'rule')} and ${count(cases, 'case')} in ${dir}: ${standing}${warned}`;
}

function test(folder: string | undefined, options: TestOptions): void {
  const { dir, result } = load(folder, options);
  if (!result.ok) {
    process.exitCode = 1;
    if (options.json) return json({ ok: false, faults: result.faults, cases: 0, failures: [] });
    line(formatFaults(result.faults));
    return line('\nno case was run: the rules are not valid');
  }
  const { rules } = result;
  const cases = options.case === undefined ? rules.cases : casesCalled(options.case, rules.cases);
  const failures = checkCases(rules, cases);
  if (failures.length > 0) process.exitCode = 1;
  if (options.json) return json({ ok: failures.length === 0, cases: cases.length, failures });
  for (const one of cases)
    line(
      caseText(
        one,
        failures.filter((failure) => failure.file === one.file && failure.line === one.line),
        dir,
      ),
    );
  const failed = new Set(failures.map((failure) => `${failure.file}:${failure.line}`)).size;
  line(`${cases.length - failed} of ${count(cases, 'case')} as expected${failed === 0 ? '' : `, ${failed} otherwise`}`);
}

function casesCalled(name: string, cases: readonly RuleCase[]): RuleCase[] {
  const called = cases.filter((one) => one.name === name);
  if (called.length > 0) return called;
  const near = closest(
    name,
    cases.map((one) => one.name),
  );
  throw new AnteroomError('NOT_FOUND', `no case is called "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
}

/** A case with, for each rule that came out otherwise, what was expected, what was decided, and why. */
function caseText(one: RuleCase, failures: readonly CaseFailure[], dir: string): string {
  const head = `${failures.length === 0 ? '✓' : '✗'} ${join(dir, one.file)}:${one.line}: ${one.name}`;
  const rules = failures.map(({ rule, expected, seen, decision }) => {
    const why = decision === undefined ? '' : `\n${formatRule(decision)}`;
    return `rule ${rule}: expected ${expected}, decided ${seen}${why}`.replace(/^/gm, '    ');
  });
  return [head, ...rules, ...(rules.length > 0 ? [''] : [])].join('\n');
}

function load(folder: string | undefined, options: CommonOptions): { dir: string; result: RulesResult } {
  const settings = settingsFor(options);
  const dir = folder ?? settings.rulesDir;
  return { dir, result: loadRules(dir, contextOf(settings)) };
}

/** With the models of the node's ledger, where there is one. */
function contextOf(settings: Settings): RulesContext {
  if (!existsSync(join(settings.dataDir, 'ledger.sqlite'))) return rulesContext(settings, new Map());
  const db = Db.open(dataFolders(settings.dataDir).ledgerFile, { migrate: false });
  try {
    return rulesContext(settings, activeModels(db), refusedModels(db, useRules(settings), Date.now()));
  } finally {
    db.close();
  }
}

function asWarning(fault: Fault): Fault {
  return { ...fault, message: `warning: ${fault.message}` };
}

function asFault({ file, line: at, case: name, rule, expected, seen, reason }: CaseFailure, dir: string): Fault {
  const message = `case "${name}", rule ${rule}: expected ${expected}, decided ${seen} (${reason})`;
  return { file: join(dir, file), line: at, column: 1, path: '', message };
}

function withoutDecision({ decision: _, ...failure }: CaseFailure): Omit<CaseFailure, 'decision'> {
  return failure;
}

function count(all: readonly unknown[], what: string): string {
  return `${all.length} ${what}${all.length === 1 ? '' : 's'}`;
}
