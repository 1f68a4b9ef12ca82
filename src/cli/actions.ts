/** `anteroom run`, `cancel`, `retry`, `release`: what a person asks of the running node. */
import { Option, type Command } from 'commander';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

/** Adds `run`, `cancel`, `retry` and `release`. */
export function addActionCommands(program: Command): void {
  withCommonOptions(program.command('run').description('runs a model on a study by hand'))
    .argument('<model>', 'name of an active model')
    .argument('<study>', 'StudyInstanceUID')
    .option('--series <uid>', 'the series to take; needed where the study has several')
    .option('--to <destination...>', 'where the result goes', ['archive'])
    .addOption(new Option('--priority <priority>').choices(['stat', 'routine', 'bulk']).default('routine'))
    .option('--again', 'run it even if the same has been done')
    .option('--json', 'print JSON')
    .action(
      async (
        model: string,
        study: string,
        options: CommonOptions & { series?: string; to: string[]; priority: string; again?: boolean; json?: boolean },
      ) => {
        const { series, to, priority, again } = options;
        const run = await clientFor(options).post<{ run: number; state: string }>('/runs', {
          model,
          study,
          series,
          destinations: to,
          priority,
          again,
        });
        if (options.json) return json(run);
        line(`run ${run.run} is ${run.state}${run.state === 'waiting' ? ': no model of that name is active' : ''}; see \`anteroom runs\``);
      },
    );

  withCommonOptions(program.command('cancel').description('cancels a run; its container is stopped and removed'))
    .argument('<run>', 'number of the run')
    .action(async (run: string, options: CommonOptions) => {
      await clientFor(options).post(`/runs/${encodeURIComponent(run)}/cancel`);
      line(`run ${run} is being cancelled`);
    });

  withCommonOptions(program.command('retry').description('tries a failed run or a held delivery again'))
    .addOption(new Option('--run <number>', 'the run to try again').conflicts(['delivery', 'destination', 'withdrawal']))
    .addOption(new Option('--delivery <number>', 'the delivery to try again').conflicts(['destination', 'withdrawal']))
    .addOption(new Option('--withdrawal <number>', 'the withdrawal of an earlier result to try again').conflicts('destination'))
    .option('--destination <name>', 'all that is held, rejected or unsure at this destination')
    .action(
      async (options: CommonOptions & { run?: string; delivery?: string; withdrawal?: string; destination?: string }, command: Command) => {
        const { run, delivery, withdrawal, destination } = options;
        const client = clientFor(options);
        if (run !== undefined) {
          await client.post(`/runs/${encodeURIComponent(run)}/retry`);
          line(`run ${run} is queued again`);
        } else if (delivery !== undefined) {
          await client.post(`/deliveries/${encodeURIComponent(delivery)}/retry`);
          line(`delivery ${delivery} is tried again`);
        } else if (withdrawal !== undefined) {
          await client.post(`/withdrawals/${encodeURIComponent(withdrawal)}/retry`);
          line(`withdrawal ${withdrawal} is tried again`);
        } else if (destination !== undefined) {
          const { deliveries } = await client.post<{ deliveries: number[] }>('/deliveries/retry', { destination });
          line(`${deliveries.length} delivery(ies) to ${destination} are tried again`);
        } else
          command.error(
            'error: name what to try again: --run <number>, --delivery <number>, --withdrawal <number> or --destination <name>',
          );
      },
    );

  withCommonOptions(program.command('release').description('lets a held study go on with the instances that count now'))
    .argument('<study>', 'StudyInstanceUID')
    .action(async (study: string, options: CommonOptions) => {
      await clientFor(options).post(`/studies/${encodeURIComponent(study)}/release`);
      line(`study ${study} is released; it settles when nothing more arrives`);
    });
}
