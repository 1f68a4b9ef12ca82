/** `anteroom backup` and `restore`: a copy of everything to go on from, and going on from it. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { systemClock } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { setLogLevel } from '../foundation/log.js';
import { backup, type BackupReport } from '../keeping/backup.js';
import type { CopyFault } from '../keeping/copy.js';
import { fewStudies } from '../keeping/reconcile.js';
import { restore, type RestoreReport } from '../keeping/restore.js';
import { withDataFolder } from './data-folder.js';
import { DEFAULT_CONFIG, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progressDone, progressWithTimeLeft } from './print.js';

interface BackupCommandOptions extends CommonOptions {
  readonly keep?: number;
  readonly json?: boolean;
}

interface RestoreCommandOptions extends CommonOptions {
  readonly snapshot?: string;
  readonly reconcile?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `backup` and `restore`; exit code 1 where files were missing or damaged. */
export function addBackupCommands(program: Command): void {
  withCommonOptions(program.command('backup').description('copies ledger, archive, results, settings, rules and models; the node may run'))
    .argument('<folder>', 'where backups are kept; further ones copy only what is new')
    .addOption(new Option('--keep <n>', 'keeps so many snapshots, the newest').argParser(positive))
    .option('--json', 'print JSON')
    .action(async (folder: string, options: BackupCommandOptions) => {
      const report = await makeBackup(resolve(folder), options);
      finish(report, options.json, [
        `snapshot ${report.snapshot}: ${report.files} file(s), ${megabytes(report.bytes)} MB`,
        ...(report.removedSnapshots.length === 0 ? [] : [`removed: ${report.removedSnapshots.join(', ')}`]),
      ]);
    });

  withCommonOptions(program.command('restore').description('makes the data folder again from a backup; the node must not run'))
    .argument('<folder>', 'the folder that `backup` wrote to')
    .option('--snapshot <name>', 'one of its snapshots; the newest where it is left out')
    .option('--reconcile <folder>', 'the old data folder: what arrived after the backup is taken in at the next start')
    .option('--force', 'moves a data folder that is not empty aside (it is never deleted)')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: RestoreCommandOptions) => {
      const report = await restoreBackup(resolve(folder), options);
      finish(report, options.json, restoredLines(report));
    });
}

function makeBackup(target: string, options: BackupCommandOptions): Promise<BackupReport> {
  const { dataDir, rulesDir } = settingsFor(options);
  return withDataFolder(dataDir, (db, folders) => {
    const startedAt = Date.now();
    return backup({
      db,
      folders,
      target,
      rulesDir,
      settingsFile: options.config ?? DEFAULT_CONFIG,
      keep: options.keep,
      clock: systemClock,
      onProgress: (done, total) => progressWithTimeLeft('copied', { ...done, startedAt }, total),
    });
  });
}

async function restoreBackup(source: string, options: RestoreCommandOptions): Promise<RestoreReport> {
  const { dataDir, rulesDir, settle, dimse } = settingsFor(options);
  setLogLevel('warn');
  const startedAt = Date.now();
  try {
    return await restore({
      source,
      snapshot: options.snapshot,
      dataDir,
      rulesDir,
      force: options.force === true,
      reconcile: options.reconcile === undefined ? undefined : resolve(options.reconcile),
      ownAeTitle: dimse.aeTitle,
      quietMs: settle.quietS * 1000,
      clock: systemClock,
      onProgress: (done, total) => progressWithTimeLeft('restored', { ...done, startedAt }, total),
    });
  } finally {
    progressDone();
  }
}

function restoredLines(report: RestoreReport): string[] {
  const { snapshot, madeAt, files, bytes, movedAside, later, laterResults, laterIncomplete, deliveries, runs, rules } = report;
  return [
    `restored ${snapshot}, made at ${madeAt}: ${files} file(s), ${megabytes(bytes)} MB`,
    ...(movedAside === undefined ? [] : [`what was in the data folder is in ${movedAside}`]),
    `${deliveries} delivery(ies) ask their destination before they are sent; ${runs} run(s) are queued again`,
    ...(later + laterResults === 0
      ? []
      : [`${later} file(s) that arrived later are taken in at the next start; ${laterResults} result(s) are made again`]),
    ...copiesLines(report),
    ...(laterIncomplete === 0
      ? []
      : [`${laterIncomplete} file(s) are not what their name says and are left out: nobody was told that they are kept`]),
    ...(rules === 'restored' ? ['the rules were restored too'] : []),
    ...(rules === 'differ' ? ['the rules folder is not as it was then and was left as it is; the former rules are in the snapshot'] : []),
    'settings are not touched; those of then are in the snapshot, under settings/',
    'next: `anteroom verify`, then `anteroom serve`; images of models are not part of a backup',
  ];
}

function copiesLines({ laterCopies, laterCopiedStudies }: RestoreReport): string[] {
  if (laterCopies === 0) return [];
  return [
    `${laterCopies} file(s) are copies of cases of comparisons and are left out: a comparison that goes on copies them again`,
    `  they are in the study(ies) ${fewStudies(laterCopiedStudies)}, of the old archive`,
  ];
}

function finish(report: { readonly faults: readonly CopyFault[] }, asJson: boolean | undefined, lines: readonly string[]): void {
  if (report.faults.length > 0) process.exitCode = 1;
  if (asJson) return json(report);
  for (const { path, seen } of report.faults) line(`✗ ${path}: ${seen}`);
  for (const text of lines) line(text);
  if (report.faults.length > 0) line(`${report.faults.length} file(s) are missing or damaged; \`anteroom verify\` says what to do`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new AnteroomError('USAGE', `--keep ${text}; expected a whole number of at least 1`);
  return value;
}
