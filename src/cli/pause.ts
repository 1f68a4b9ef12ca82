/** `anteroom pause` and `resume`: what a person stops for a while, and lets go on. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { PauseView } from '../api/queue-routes.js';
import { PAUSE_KINDS, type PauseKind } from '../ledger/pauses.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import type { OverrideOptions } from './models-use.js';
import { json, line } from './print.js';

/** Adds `pause` and `resume`. */
export function addPauseCommands(program: Command): void {
  pauseCommand(program, 'pause', 'lets nothing new of it begin; what is under way goes on, studies are received and decided')
    .option('--reason <text>', 'why, for those who see it waiting')
    .action(async (kind: PauseKind, name: string | undefined, options: CommonOptions & { reason?: string; json?: boolean }) => {
      const { reason } = options;
      const paused = await clientFor(options).post<PauseView>('/pause', { kind, name, reason, by: userInfo().username });
      if (options.json) return json(paused);
      line(`${paused.text}; \`anteroom resume ${`${kind} ${name ?? ''}`.trim()}\` lets it go on`);
    });

  pauseCommand(program, 'resume', 'lets what was paused go on; a model also where it was suspended')
    .option('--reason <text>', 'why a model is used on that has drifted and has passed no test since; recorded and shown with the model')
    .option('--by <name>', 'who answers for that, if not you')
    .action(async (kind: PauseKind, name: string | undefined, options: CommonOptions & OverrideOptions & { json?: boolean }) => {
      const { reason, by = userInfo().username } = options;
      const answer = await clientFor(options).post<{ stillPaused: PauseView[] }>('/resume', { kind, name, by, reason });
      if (options.json) return json(answer);
      line(`${kind === 'all' ? 'everything' : `${kind} ${name ?? ''}`} goes on`);
      for (const { text } of answer.stillPaused) line(`still: ${text}`);
    });
}

function pauseCommand(program: Command, name: string, description: string): Command {
  const command = withCommonOptions(program.command(name).description(description));
  return command
    .argument('<what>', PAUSE_KINDS.join(', '), (kind: string) => {
      if ((PAUSE_KINDS as readonly string[]).includes(kind)) return kind as PauseKind;
      return command.error(`error: "${kind}" cannot be ${name}d; expected one of: ${PAUSE_KINDS.join(', ')}`);
    })
    .argument('[name]', 'of the model, rule or destination')
    .option('--json', 'print JSON');
}
