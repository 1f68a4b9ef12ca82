/** `anteroom rules revisions|show|diff|rollback`: what the rules were, what changed, and going back. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { createTwoFilesPatch } from 'diff';
import type { RuleChangeView, RulesStanding } from '../api/rule-views.js';
import { InvalidFileError } from '../foundation/faults.js';
import type { NameChanges } from '../ledger/revisions.js';
import { IN_FORCE, PREVIOUS } from '../routing/find-revision.js';
import { readRuleFolder } from '../routing/rule-folder.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, shortTime, table } from './print.js';

/** The files as they are in the folder now, for `diff`. */
const FILES = 'files';
const SHOWN_DIGITS = 12;
const REVISION_HELP = `first digits of a revision, "${IN_FORCE}" or "${PREVIOUS}"`;

interface Revision {
  readonly revision: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Adds the commands to `rules`. */
export function addRevisionCommands(rules: Command): void {
  withCommonOptions(
    rules.command('revisions').description('what was in force, since when, who changed what, and whether newer files were refused'),
  )
    .option('--json', 'print JSON')
    .option('--limit <n>', 'at most so many, newest first', '30')
    .action(async (options: CommonOptions & { json?: boolean; limit: string }) => {
      const path = `/rules/revisions?limit=${encodeURIComponent(options.limit)}`;
      const answer = await clientFor(options).get<RulesStanding & { changes: RuleChangeView[] }>(path);
      if (options.json) return json(answer);
      table(
        ['REVISION', 'SINCE', 'BY', 'CAUSE', 'CHANGED'],
        answer.changes.map((change, index) => [
          `${change.revision.slice(0, SHOWN_DIGITS)}${index === 0 ? ' *' : ''}`,
          shortTime(change.at),
          change.author,
          change.cause,
          whatChanged(change),
        ]),
        'no rules have been in force yet',
      );
      line('\n* in force');
      tellRefusal(answer.refused);
    });

  withCommonOptions(rules.command('show').description('prints the files of a revision, or one of them'))
    .argument('[revision]', REVISION_HELP, IN_FORCE)
    .argument('[file]', 'only this one, as it was, byte for byte')
    .option('--json', 'print JSON')
    .action(async (written: string, file: string | undefined, options: CommonOptions & { json?: boolean }, command: Command) => {
      const { revision, files } = await revisionOf(written, options);
      if (file === undefined) {
        if (options.json) return json({ revision, files });
        for (const [name, text] of Object.entries(files)) line(`# ---- ${name}\n${text}`);
        return;
      }
      const text = files[file];
      if (text === undefined) command.error(`error: revision ${written} has no file ${file}; it has ${Object.keys(files).join(', ')}`);
      else process.stdout.write(text);
    });

  withCommonOptions(rules.command('diff').description('what differs between two revisions; exit code 1 if anything does'))
    .argument('[from]', REVISION_HELP, IN_FORCE)
    .argument('[to]', `the same, or "${FILES}" for the files as they are in the folder now`, FILES)
    .action(async (from: string, to: string, options: CommonOptions) => {
      const [before, after] = [await revisionOf(from, options), await revisionOf(to, options)];
      const patch = patchOf(before, after);
      // What goes to stdout is a patch, or nothing.
      if (patch === '') process.stderr.write(`nothing differs between ${from} and ${to}\n`);
      else {
        process.stdout.write(patch);
        process.exitCode = 1;
      }
    });

  withCommonOptions(
    rules.command('rollback').description('puts an earlier revision in force at once and writes its files into the folder of rules'),
  )
    .argument('<revision>', REVISION_HELP)
    .option('--reason <text>', 'kept with the change')
    .option('--json', 'print JSON')
    .action(async (revision: string, options: CommonOptions & { reason?: string; json?: boolean }) => {
      const asked = { revision, author: userInfo().username, reason: options.reason };
      const outcome = await clientFor(options).post<RollbackAnswer>('/rules/rollback', asked);
      if (outcome.refused !== null) process.exitCode = 1;
      if (options.json) return json(outcome);
      line(`in force: revision ${outcome.revision}`);
      if (outcome.setAside.length > 0) line(`set aside in ${outcome.asideFolder}: ${outcome.setAside.join(', ')}`);
      tellRefusal(outcome.refused);
    });
}

interface RollbackAnswer {
  readonly revision: string;
  readonly setAside: readonly string[];
  readonly asideFolder: string;
  readonly refused: RulesStanding['refused'];
}

function tellRefusal(refused: RulesStanding['refused']): void {
  if (refused === null) return;
  line(`\nnewer files were refused at ${shortTime(refused.since)}, what is in force stays:\n${refused.text}`);
}

async function revisionOf(written: string, options: CommonOptions): Promise<Revision> {
  if (written !== FILES) return clientFor(options).get<Revision>(`/rules/revisions/${encodeURIComponent(written)}`);
  const read = readRuleFolder(settingsFor(options).rulesDir);
  if (!read.ok) throw new InvalidFileError('FILE_UNREADABLE', read.faults);
  return { revision: FILES, files: Object.fromEntries(read.texts) };
}

/** Files of sub-folders in the folder now that the other side has not count only where they are included: they are left out. */
function patchOf(before: Revision, after: Revision): string {
  const unused = (name: string) =>
    name.includes('/') && [before, after].some((one) => one.revision === FILES && other(one).files[name] === undefined);
  const other = (one: Revision) => (one === before ? after : before);
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])].filter((name) => !unused(name)).sort();
  return names
    .filter((name) => before.files[name] !== after.files[name])
    .map((name) => {
      const side = ({ revision, files }: Revision) =>
        files[name] === undefined ? '/dev/null' : `${revision.slice(0, SHOWN_DIGITS)}/${name}`;
      return createTwoFilesPatch(side(before), side(after), before.files[name] ?? '', after.files[name] ?? '', undefined, undefined, {
        headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
      });
    })
    .join('');
}

/** `+chest ~brain; cases.yaml`: rules that came, went or are otherwise; files where no rule is. */
function whatChanged({ changed, reason }: RuleChangeView): string {
  const rules = signs(changed.rules);
  const text = rules === '' ? signs(changed.files) : rules;
  return [text, reason === null ? '' : `(${reason})`].filter((part) => part !== '').join(' ');
}

function signs(names: NameChanges | undefined): string {
  if (names === undefined) return '';
  const marked = (sign: string, all: readonly string[]) => all.map((name) => `${sign}${name}`);
  return [...marked('+', names.added), ...marked('-', names.removed), ...marked('~', names.changed)].join(' ');
}
