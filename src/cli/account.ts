/** `anteroom account [STUDY]`: what studies were due, and what has become of it. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Account, StudyAccount } from '../accounting/account.js';
import type { StandingName } from '../accounting/standing.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, table } from './print.js';

interface AccountOptions extends CommonOptions {
  readonly since?: Date;
  readonly json?: boolean;
}

/** Adds `account`; exit code 1 where a study is silent. */
export function addAccountCommand(program: Command): void {
  withCommonOptions(
    program
      .command('account')
      .description('every study that was due a result: has it one, or a stated reason? Exit code 1 where one has neither'),
  )
    .argument('[study]', 'StudyInstanceUID: only this one, with each rule')
    .option('--since <time>', 'only studies to which something came since: 7d, 24h, or a date', sinceTime)
    .option('--json', 'print JSON')
    .action(async (study: string | undefined, options: AccountOptions) => {
      if (study === undefined) await tellAll(options);
      else await tellStudy(study, options);
    });
}

/** `7d`, `24h` or a date as a time. */
export function sinceTime(text: string): Date {
  const [, count, unit] = /^(\d+)([dh])$/.exec(text) ?? [];
  const since = count === undefined ? new Date(text) : new Date(Date.now() - Number(count) * (unit === 'd' ? 86_400_000 : 3_600_000));
  if (Number.isNaN(since.getTime())) throw new InvalidArgumentError('Expected a number of days (7d) or hours (24h), or a date.');
  return since;
}

async function tellAll(options: AccountOptions): Promise<void> {
  const query = options.since === undefined ? '' : `?since=${encodeURIComponent(options.since.toISOString())}`;
  const account = await clientFor(options).get<Account>(`/account${query}`);
  if (account.silent.length > 0) process.exitCode = 1;
  if (options.json) {
    json(account);
    return;
  }
  const { studies, dues } = account;
  const rows: [string, keyof Account['dues']][] = [
    ['due a result', 'due'],
    ['answered', 'answered'],
    ['not analysed, for a stated reason', 'not analysed'],
    ['analysed, not delivered', 'not delivered'],
    ['under way', 'under way'],
    ['silent', 'silent'],
  ];
  table(
    ['', 'STUDIES', 'RULES'],
    rows.map(([name, key]) => [name, studies[key], dues[key]]),
    '',
  );
  line(`\n${percent(account.accountedShare)} of the studies are accounted for; to ${studies.noRuleApplied} more no rule applied`);
  for (const standing of ['not analysed', 'not delivered', 'under way'] as const) tellReasons(account, standing);
  tellSilent(account);
}

/** Never 100 % where it is not all of them. */
function percent(share: number): string {
  return `${share === 1 ? '100' : (Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

function tellReasons({ reasons }: Account, wanted: StandingName): void {
  const told = reasons.filter(({ standing }) => standing === wanted);
  if (told.length === 0) return;
  line(`\n${wanted}:`);
  for (const { reason, count } of told) line(`  ${String(count).padStart(5)}  ${reason}`);
}

function tellSilent({ silent }: Account): void {
  if (silent.length === 0) return;
  line('\nsilent, which is a defect of the node (please report it; `anteroom retry` or sending the study again may move it):');
  for (const { studyInstanceUid, rule, reason } of silent)
    line(`  study ${studyInstanceUid}${rule === undefined ? '' : `, rule ${rule}`}: ${reason}`);
}

async function tellStudy(study: string, options: AccountOptions): Promise<void> {
  const account = await clientFor(options).get<StudyAccount>(`/studies/${encodeURIComponent(study)}/account`);
  if (account.standing === 'silent') process.exitCode = 1;
  if (options.json) {
    json(account);
    return;
  }
  for (const text of accountLines(account)) line(text);
}

/** One study's account in lines for people. */
export function accountLines({ studyInstanceUid, standing, reason, dues }: StudyAccount): string[] {
  const head = standing === undefined ? 'no rule applied: nothing is due' : reason === undefined ? standing : `${standing}: ${reason}`;
  return [`study ${studyInstanceUid}: ${head}`, ...dues.map(dueLine)];
}

/** One rule's due in a line for people. */
export function dueLine({ rule, shadow, standing, reason }: StudyAccount['dues'][number]): string {
  const text = reason.startsWith(standing) ? reason : `${standing}: ${reason}`;
  return `  rule ${rule}${shadow ? ' (shadow)' : ''}: ${text}`;
}
