/** `anteroom rules rehearse`: what changed rules would have made of the studies of the last days. */
import { InvalidArgumentError, type Command } from 'commander';
import { InvalidFileError } from '../foundation/faults.js';
import type { Db } from '../ledger/database.js';
import { filesOfRevision, lastRuleChange, type RevisionFiles } from '../ledger/revisions.js';
import { findRevision, IN_FORCE } from '../routing/find-revision.js';
import { loadRules, parseRules, type LoadedRules, type RulesContext, type RulesResult } from '../routing/load.js';
import { rehearse } from '../routing/rehearse.js';
import type { ChangeKind, Rehearsal, RuleTally, SideTally } from '../routing/rehearsal.js';
import { activeModels } from '../routing/active-models.js';
import { rulesByAeTitle } from '../settings/listeners.js';
import type { Settings } from '../settings/schema.js';
import { withDataFolder } from './data-folder.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progress, table } from './print.js';

const KINDS: readonly ChangeKind[] = ['gain', 'lose', 'change'];

const HELP = `
The studies are those of the node's ledger, with or without a running node, which goes on undisturbed; nothing that they were
decided with is touched. Exit code 0: nothing would change; 1: the rules have faults, or there is no ledger; 2: runs would be
gained, lost or changed, or those of --fail-on, or more of them than --limit-change allows.`;

interface RehearseCliOptions extends CommonOptions {
  readonly rules?: string;
  readonly against: string;
  readonly days: number;
  readonly show: number;
  readonly failOn?: readonly ChangeKind[];
  readonly limitChange?: number;
  readonly json?: boolean;
}

/** Adds `rules rehearse`. */
export function addRehearseCommand(rules: Command): void {
  withCommonOptions(rules.command('rehearse').description('asks changed rules of the studies of the last days: what would be different?'))
    .option('--rules <folder>', 'folder of the changed rules (default: that of the settings, as its files are now)')
    .option('--against <revision>', 'what they are compared with: first digits of a revision, `previous` or `in-force`', IN_FORCE)
    .option('--days <n>', 'studies to which something came in the last n days', positive, 7)
    .option('--show <n>', 'tell at most so many studies', positive, 20)
    .option('--fail-on <kinds>', `exit code 2 only for these, separated by commas: ${KINDS.join(', ')}`, changeKinds)
    .option('--limit-change <percent>', 'exit code 2 only if the number of runs changes by more than this', positive)
    .option('--json', 'print JSON, with every study')
    .addHelpText('after', HELP)
    .action((options: RehearseCliOptions) => run(options));
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('Expected a number that is not negative.');
  return value;
}

function changeKinds(text: string): ChangeKind[] {
  return text.split(',').map((name) => {
    const kind = KINDS.find((known) => known === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`Expected some of ${KINDS.join(', ')}.`);
    return kind;
  });
}

async function run(options: RehearseCliOptions): Promise<void> {
  const settings = settingsFor(options);
  const rehearsal = await withDataFolder(settings.dataDir, (db) => Promise.resolve(rehearseOn(db, settings, options)));
  if (isTooMuch(rehearsal, options)) process.exitCode = 2;
  if (options.json) {
    json(rehearsal);
    return;
  }
  tell(rehearsal, options.show);
}

function rehearseOn(db: Db, settings: Settings, { rules, against, days }: RehearseCliOptions): Rehearsal {
  const context: RulesContext = { destinations: Object.keys(settings.destinations), models: activeModels(db) };
  const after = demand(loadRules(rules ?? settings.rulesDir, context));
  const before = demand(parseRules(new Map(Object.entries(filesOf(db, against))), `rules ${against}`, context));
  const onProgress = (done: number, total: number) => progress(`rehearsing ${done} of ${total} studies`);
  return rehearse(db, { before, after, days, now: Date.now(), limits: rulesByAeTitle(settings), onProgress });
}

/** None where no rules were ever in force. */
function filesOf(db: Db, against: string): RevisionFiles {
  if (lastRuleChange(db) === undefined) return {};
  return filesOfRevision(db, findRevision(db, against)) ?? {};
}

function demand(result: RulesResult): LoadedRules {
  if (result.ok) return result.rules;
  throw new InvalidFileError('RULES_INVALID', result.faults);
}

function isTooMuch({ kinds, before, after }: Rehearsal, { failOn, limitChange }: RehearseCliOptions): boolean {
  if (!(failOn ?? KINDS).some((kind) => kinds[kind] > 0)) return false;
  return limitChange === undefined || Math.abs(after.runs - before.runs) * 100 > limitChange * before.runs;
}

function tell(rehearsal: Rehearsal, show: number): void {
  const { studies, days, purged, before, after, kinds, rules } = rehearsal;
  line(`${studies} studies of ${days.toFixed(1)} days${purged === 0 ? '' : `; ${purged} more are purged and cannot be asked`}\n`);
  table(
    ['', 'IN FORCE', 'REHEARSED'],
    [
      ['revision', before.revision.slice(0, 12), after.revision.slice(0, 12)],
      ['rules', before.rules, after.rules],
      ['runs', before.runs, after.runs],
      ['runs a day', before.runsPerDay.toFixed(1), after.runsPerDay.toFixed(1)],
      ['hours of models a day', hours(before), hours(after)],
      ['runs that wait for a model', before.waiting, after.waiting],
      ['studies that no rule applies to', before.noRule, after.noRule],
    ],
    '',
  );
  line();
  tellRules(rules);
  if (KINDS.every((kind) => kinds[kind] === 0)) line('\nno run would be gained, lost or changed');
  else line(`\nruns: ${kinds.gain} gained, ${kinds.lose} lost, ${kinds.change} changed, in ${rehearsal.changes.length} studies`);
  tellChanges(rehearsal, show);
  tellSameModel(rehearsal, show);
}

function hours({ hoursPerDay, unknownHours }: SideTally): string {
  return `${hoursPerDay.toFixed(2)}${unknownHours.length === 0 ? '' : ` and those of ${unknownHours.join(', ')}, not run yet`}`;
}

function tellRules(rules: readonly RuleTally[]): void {
  const differ = rules.filter((rule) => rule.gain + rule.lose + rule.change > 0 || rule.noSeriesAfter > 0);
  table(
    ['RULE', 'MODEL', 'RUNS', 'THEN', 'GAINED', 'LOST', 'CHANGED', 'NO SERIES FIT'],
    differ.map((rule) => [rule.rule, rule.model, rule.runsBefore, rule.runsAfter, rule.gain, rule.lose, rule.change, rule.noSeriesAfter]),
    'no rule would make other runs',
  );
}

function tellChanges({ changes }: Rehearsal, show: number): void {
  for (const { studyInstanceUid, changes: ofStudy } of changes.slice(0, show)) {
    line(`\nstudy ${studyInstanceUid}`);
    for (const { kind, rule, model, before, after } of ofStudy) {
      line(`  ${kind}: rule ${rule}, model ${model}`);
      line(`    in force:  ${before}`);
      line(`    rehearsed: ${after}`);
    }
  }
  if (changes.length > show) line(`\n… and ${changes.length - show} more studies (--show, --json)`);
}

function tellSameModel({ sameModel }: Rehearsal, show: number): void {
  if (sameModel.length === 0) return;
  line(`\non ${sameModel.length} studies two rules would run the same model:`);
  for (const { studyInstanceUid, model, rules } of sameModel.slice(0, show))
    line(`  study ${studyInstanceUid}: ${rules.join(', ')} run ${model}`);
}
