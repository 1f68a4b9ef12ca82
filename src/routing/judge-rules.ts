/** Whether texts may come in force: valid as a whole, and their own cases come out as they expect. */
import { join } from 'node:path';
import type { Fault } from '../foundation/faults.js';
import { checkCases } from './cases.js';
import { parseRules, type RulesContext, type RulesResult } from './load.js';

/** Cases that come out otherwise are faults, unless they need not pass. `dir` only names the place. */
export function judgeRules(texts: ReadonlyMap<string, string>, dir: string, context: RulesContext, casesMustPass: boolean): RulesResult {
  const parsed = parseRules(texts, dir, context);
  if (!parsed.ok || !casesMustPass) return parsed;
  const faults = checkCases(parsed.rules, parsed.rules.cases).map(({ file, line, case: name, rule, expected, seen, reason }): Fault => {
    const message = `rule ${rule}: expected ${expected}, decided ${seen} (${reason})`;
    return { file: join(dir, file), line, column: 1, path: `case "${name}"`, message };
  });
  return faults.length > 0 ? { ok: false, faults } : parsed;
}

/** A folder without any file is what an unmounted disk looks like: it never takes away all rules that are in force. */
export function emptyFolder(dir: string): Fault {
  return { file: dir, line: 0, column: 0, path: '', message: 'the folder has no *.yaml; for no rules leave a file with `rules: []` in it' };
}
