/** `anteroom rules reload`; the other commands on rules are beside it. */
import type { Command } from 'commander';
import { factsPage } from '../routing/facts/reference.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { line } from './print.js';
import { addCheckCommands } from './rules-check.js';
import { addRevisionCommands } from './rule-revisions.js';
import { addSchemaCommand } from './rules-schema.js';
import { addRehearseCommand } from './rehearse.js';

/** Adds `rules` with its commands; `check` and `reload` end with exit code 1 where files would be refused. */
export function addRulesCommands(program: Command): void {
  const rules = program.command('rules').description('routing rules');

  addCheckCommands(rules);

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
  addRehearseCommand(rules);
}
