/** `anteroom models activate` and `allow`: what takes a model into use, and who answers for it where neither a test nor its licence does. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { ModelStanding } from '../api/model-standing.js';
import type { ModelView } from '../api/views.js';
import { AnteroomError } from '../foundation/errors.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, shortTime } from './print.js';

export type StandingModel = ModelView & ModelStanding & { readonly queuedRuns?: number };

export interface OverrideOptions {
  readonly reason?: string;
  readonly by?: string;
}

/** What `--by` and `--reason` of a command say; whoever runs the command where nobody is named. */
export function overrideIn({ reason, by }: OverrideOptions): { by?: string; reason?: string } {
  return reason === undefined ? {} : { by: by ?? userInfo().username, reason };
}

/** Adds the options of a command that may take a model into use without a passed test. */
export function withOverrideOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why it is used without a passed test; recorded and shown with the model')
    .option('--by <name>', 'who answers for that, if not you');
}

/** Adds `models activate` and `models allow`. */
export function addUseCommands(models: Command): void {
  withOverrideOptions(
    withCommonOptions(models.command('activate').description('makes a registered model the one that rules use, after a passed test')),
  )
    .argument('<name>', 'name of the model')
    .option('--digest <digest>', 'of several versions; the last one registered that was never in use if left out')
    .option('--json', 'print JSON')
    .action(async (name: string, options: CommonOptions & OverrideOptions & { digest?: string; json?: boolean }) => {
      const digest = options.digest === undefined ? {} : { digest: options.digest };
      const asked = { ...digest, ...overrideIn(options) };
      const model = await clientFor(options).post<StandingModel>(`/models/${encodeURIComponent(name)}/activate`, asked);
      if (options.json) json(model);
      else tellStanding(model);
    });

  withCommonOptions(
    models
      .command('allow')
      .description(
        'allows for a time that a model is used on patients although its licence or status does not say so; results say RESEARCH',
      ),
  )
    .argument('<name>', 'name of the model')
    .option('--digest <digest>', 'of several versions; the one in use, or else the last one registered, if left out')
    .requiredOption('--by <name>', 'who answers for it')
    .option('--reason <text>', 'why')
    .option('--until <date>', 'the last day on which it holds, as in 2027-03-31; at most a year away')
    .option('--end', 'takes the permission back')
    .option('--json', 'print JSON')
    .action(async (name: string, options: AllowOptions, command: Command) => {
      const { by, digest, reason, until, end } = options;
      if (end !== true && (reason === undefined || until === undefined))
        command.error('error: name --reason and --until, or --end to take the permission back');
      const asked = end === true ? { by, digest, end } : { by, digest, reason, until: endOfDay(until as string) };
      const path = `/models/${encodeURIComponent(name)}/permission`;
      const model = await clientFor(options).post<StandingModel & { refusedRuns: number[] }>(path, asked);
      if (options.json) return json(model);
      line(useText(model));
      const { refusedRuns: refused } = model;
      if (end !== true && refused.length > 0)
        line(
          `${refused.length} run(s) of it were refused: \`anteroom retry --run ${refused[0]}\`${refused.length === 1 ? '' : ' and so on'} runs them now`,
        );
    });
}

type AllowOptions = CommonOptions & { by: string; digest?: string; reason?: string; until?: string; end?: boolean; json?: boolean };

/** The end of a day of local time. @throws AnteroomError USAGE */
function endOfDay(date: string): string {
  const [year, month, day] = date.split('-').map(Number);
  const end = new Date(year, month - 1, day + 1);
  const isThatDay = /^\d{4}-\d\d-\d\d$/.test(date) && new Date(year, month - 1, day).getDate() === day;
  if (!isThatDay) throw new AnteroomError('USAGE', `--until is ${date}; expected a date like 2027-03-31`);
  return end.toISOString();
}

/** State, test and use of a model, a line each. */
export function tellStanding(model: StandingModel): void {
  line(`${model.name} ${model.version} is ${model.state} (${model.digest})`);
  if (model.state === 'registered')
    line(`it is not used yet: \`anteroom models test ${model.name}\`, then \`anteroom models activate ${model.name}\``);
  if (model.state === 'tested') line(`it is not used yet: \`anteroom models activate ${model.name}\``);
  if (model.overrideReason !== null) line(`used without a passed test, by ${model.overrideBy ?? 'unknown'}: ${model.overrideReason}`);
  if (model.use.notClinical !== null) line(useText(model));
  if ((model.queuedRuns ?? 0) > 0) line(`${model.queuedRuns} run(s) that waited for it are queued`);
}

/** What a model may be used for and what its tests say, each under a short title. */
export function standingLines(model: StandingModel): [string, string][] {
  const { last, dueAt } = model.test;
  const ended =
    last === null
      ? 'none was told of'
      : `${last.passed ? 'passed' : `failed (${last.reason ?? 'see its report'})`} at ${shortTime(last.at)}, ${last.cause}`;
  const next = dueAt === null ? '' : `; again at ${shortTime(dueAt)}`;
  return [
    ['use here', useText(model)],
    ['test', `${ended}${next}`],
    ...(model.overrideReason === null
      ? []
      : [['override', `used without a passed test, by ${model.overrideBy ?? 'unknown'}: ${model.overrideReason}`] as [string, string]]),
    ...(model.suspendedReason === null ? [] : [['suspended', model.suspendedReason] as [string, string]]),
  ];
}

/** What a model may be used for, in a sentence. */
export function useText({ name, use: { site, notClinical, refused, permission } }: Pick<StandingModel, 'name' | 'use'>): string {
  if (notClinical === null) return 'its licences and status allow its use';
  if (refused !== null) return `only in shadow, or for destinations marked research: ${refused}`;
  if (permission?.holds !== true) return `${notClinical}; this is a ${site} site`;
  return `${notClinical}; allowed by ${permission.by} until ${shortTime(permission.until)}: ${permission.reason} (\`anteroom models allow ${name} --end\` takes it back)`;
}
