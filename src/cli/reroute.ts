/** `anteroom reroute`: decides studies again by the rules in force. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Reroute, RerouteRun } from '../routing/reroute.js';
import { sinceTime } from './account.js';
import { NodeRefusal, type NodeClient } from './node-client.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progress, progressDone } from './print.js';

interface RerouteOptions extends CommonOptions {
  readonly allSince?: Date;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** The exit code of a dry run that says that something would be done. */
const WOULD_CHANGE = 2;

/** Adds `reroute`; exit code 1 where a study is refused, 2 where a dry run would change runs. */
export function addRerouteCommand(program: Command): void {
  withCommonOptions(
    program
      .command('reroute')
      .description('decides a settled study again by the rules in force, as a new version; what is the same is not run again'),
  )
    .argument('[study]', 'StudyInstanceUID')
    .option('--all-since <time>', 'every settled study to which something came since (7d, 24h, or a date) and whose runs change', sinceTime)
    .option('--dry-run', 'only says what would change; exit code 2 if runs would')
    .option('--reason <text>', 'kept with the new version')
    .option('--json', 'print JSON')
    .action(async (study: string | undefined, options: RerouteOptions, command: Command) => {
      if ((study === undefined) === (options.allSince === undefined)) command.error('error: name either a study or --all-since <time>');
      const client = clientFor(options);
      const done = study === undefined ? await rerouteAll(client, options) : [await ask(client, study, options, false)];
      if (options.dryRun === true && done.some(changesRuns)) process.exitCode ||= WOULD_CHANGE;
      if (options.json) return json(study === undefined ? done : done[0]);
      for (const one of done) tell(one, options.dryRun === true);
      if (study === undefined)
        line(
          `${done.length} study(ies) looked at, the runs of ${done.filter(changesRuns).length} ${options.dryRun ? 'would change' : 'have changed'}`,
        );
    });
}

function ask(client: NodeClient, study: string, { dryRun, reason }: RerouteOptions, onlyIfRunsChange: boolean): Promise<Reroute> {
  const asked = { dryRun, reason, onlyIfRunsChange, author: userInfo().username };
  return client.post<Reroute>(`/studies/${encodeURIComponent(study)}/reroute`, asked);
}

/** One request a study: the node has time for others between them. A study that is refused does not stop the rest. */
async function rerouteAll(client: NodeClient, options: RerouteOptions): Promise<Reroute[]> {
  const { studies } = await client.get<{ studies: string[] }>(
    `/reroute?since=${encodeURIComponent(options.allSince?.toISOString() ?? '')}`,
  );
  const done: Reroute[] = [];
  for (const [index, study] of studies.entries()) {
    progress(`${index} of ${studies.length} studies`);
    try {
      done.push(await ask(client, study, options, true));
    } catch (thrown) {
      if (!(thrown instanceof NodeRefusal)) throw thrown;
      progressDone();
      process.stderr.write(`anteroom: ${thrown.message}\n`);
      process.exitCode = 1;
    }
  }
  progressDone();
  return done;
}

function changesRuns({ newRuns, cancelledRuns }: Reroute): boolean {
  return newRuns.length + cancelledRuns.length > 0;
}

function tell(outcome: Reroute, dryRun: boolean): void {
  const { studyInstanceUid, version, revision, outcomes, newRuns, standingRuns, cancelledRuns, startedRuns, remainingResults } = outcome;
  if (version === null && !dryRun) return;
  line(
    `study ${studyInstanceUid}: ${version === null ? 'would be decided' : `version ${version}, decided`} by revision ${revision.slice(0, 12)}`,
  );
  for (const { rule, before, now, reason } of outcomes)
    line(`  rule ${rule}: ${before ?? 'no such rule'} → ${now ?? 'no such rule'}${reason === null ? '' : ` (${reason})`}`);
  tellRuns(dryRun ? 'would run' : 'runs', newRuns);
  tellRuns('not run again, the same', standingRuns);
  tellRuns(dryRun ? 'would be cancelled' : 'cancelled', cancelledRuns);
  tellRuns('not asked for any more, but at work (`anteroom cancel` ends it)', startedRuns);
  for (const { run, rule, destination, state, sopInstanceUid } of remainingResults)
    line(`  stays: result ${sopInstanceUid} of rule ${rule} (run ${run}) at ${destination}, ${state}; no rule asks for it any more`);
  if (!changesRuns(outcome)) line('  no run is made or cancelled');
}

function tellRuns(what: string, runs: readonly RerouteRun[]): void {
  for (const { rule, model, run } of runs) line(`  ${what}: model ${model} for rule ${rule}${run === undefined ? '' : `, run ${run}`}`);
}
