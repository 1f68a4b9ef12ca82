/** `anteroom purge`, `keep`, `unkeep`: what a person says of a study's staying. */
import type { Command } from 'commander';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

/** Adds `purge`, `keep` and `unkeep`. */
export function addKeepingCommands(program: Command): void {
  withCommonOptions(program.command('purge').description('deletes the files of a finished study now; its decision stays'))
    .argument('<study>', 'StudyInstanceUID')
    .option('--json', 'print JSON')
    .action(async (study: string, options: CommonOptions & { json?: boolean }) => {
      const path = `/studies/${encodeURIComponent(study)}/purge`;
      const purged = await clientFor(options).post<{ instances: number; results: number; sizeBytes: number; filesGone: boolean }>(path);
      if (options.json) return json(purged);
      const { instances, results, sizeBytes, filesGone } = purged;
      line(`study ${study} is purged: ${instances} instance(s) and ${results} result(s), ${Math.round(sizeBytes / 1_000_000)} MB`);
      if (!filesGone) line('some of its files could not be deleted now; the node tries again by itself, and `anteroom doctor` names them');
    });

  withCommonOptions(program.command('keep').description('keeps a study from being purged'))
    .argument('<study>', 'StudyInstanceUID')
    .requiredOption('--reason <text>', 'why it is kept; without patient data')
    .action(async (study: string, options: CommonOptions & { reason: string }) => {
      await clientFor(options).post(`/studies/${encodeURIComponent(study)}/keep`, { reason: options.reason });
      line(`study ${study} is kept until \`anteroom unkeep ${study}\``);
    });

  withCommonOptions(program.command('unkeep').description('lets retention have a study again'))
    .argument('<study>', 'StudyInstanceUID')
    .action(async (study: string, options: CommonOptions) => {
      await clientFor(options).post(`/studies/${encodeURIComponent(study)}/unkeep`);
      line(`study ${study} is kept no longer`);
    });
}
