/** `anteroom rules check|reload`; the other commands on rules are beside it. */
import type { Command } from 'commander';
import { formatFaults } from '../foundation/faults.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Db } from '../ledger/database.js';
import { dataFolders } from '../archive/folders.js';
import { activeModels } from '../routing/router.js';
import { checkCases } from '../routing/cases.js';
import type { ActiveModels } from '../routing/evaluate.js';
import { factsPage } from '../routing/facts/reference.js';
import { loadRules } from '../routing/load.js';
import type { Settings } from '../settings/schema.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';
import { addRevisionCommands } from './rule-revisions.js';
import { addSchemaCommand } from './rules-schema.js';

/** Adds `rules` with its commands; `check` and `reload` end with exit code 1 where files would be refused. */
export function addRulesCommands(program: Command): void {
  const rules = program.command('rules').description('routing rules');

  withCommonOptions(rules.command('check').description('checks every rule file and runs their cases; needs no running node'))
    .argument('[folder]', 'folder of the rules, in place of the one in the settings')
    .option('--json', 'print JSON')
    .action((folder: string | undefined, options: CommonOptions & { json?: boolean }) => {
      const settings = settingsFor(options);
      const dir = folder ?? settings.rulesDir;
      const result = loadRules(dir, { destinations: Object.keys(settings.destinations), models: knownModels(settings) });
      const failures = result.ok ? checkCases(result.rules, result.rules.cases) : [];
      if (!result.ok || failures.length > 0) process.exitCode = 1;
      if (options.json)
        return json(
          result.ok
            ? { ok: failures.length === 0, revision: result.rules.revision, warnings: result.rules.warnings, failures }
            : { ok: false, faults: result.faults },
        );
      if (!result.ok) {
        line(formatFaults(result.faults));
        line(`\n${result.faults.length} fault(s): these files would be refused, and the rules in force would stay`);
        return;
      }
      if (result.rules.warnings.length > 0) line(`${formatFaults(result.rules.warnings)}\n`);
      for (const failure of failures)
        line(
          `${failure.file}:${failure.line}: case "${failure.case}", rule ${failure.rule}: expected ${failure.expected}, decided ${failure.seen} (${failure.reason})`,
        );
      line(
        `${result.rules.rules.length} rule(s) and ${result.rules.cases.length} case(s) in ${dir}: ${failures.length === 0 ? 'all right' : `${failures.length} case(s) came out otherwise`}`,
      );
      line(`revision ${result.rules.revision}`);
    });

  withCommonOptions(
    rules
      .command('reload')
      .description('puts the files as they are now in force, if they are valid, without waiting for the node to see the change'),
  ).action(async (options: CommonOptions) => {
    const { revision, faults } = await clientFor(options).post<{ revision: string; faults?: string }>('/rules/reload');
    if (faults === undefined) return line(`in force: revision ${revision}`);
    line(`${faults}\n\nrefused; revision ${revision} stays in force`);
    process.exitCode = 1;
  });

  rules
    .command('facts')
    .description('what rules may ask with `fact:`, with values and sources, as the page routing-rules/FACTS.md')
    .action(() => {
      process.stdout.write(factsPage());
    });

  addRevisionCommands(rules);
  addSchemaCommand(rules);
}

/** Models of the node's ledger, where there is one. */
function knownModels(settings: Settings): ActiveModels {
  if (!existsSync(join(settings.dataDir, 'ledger.sqlite'))) return new Map();
  const db = Db.open(dataFolders(settings.dataDir).ledgerFile, { migrate: false });
  try {
    return activeModels(db);
  } finally {
    db.close();
  }
}
