/** `anteroom studies`, `runs`, `deliveries`: what the ledger knows, as tables or JSON. */
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { DeliveryView, OutputView, ResultView, RunView, StudyView } from '../api/views.js';
import { dueLine } from './account.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, shortTime, table } from './print.js';

interface ListOptions extends CommonOptions {
  readonly json?: boolean;
  readonly study?: string;
  readonly limit: string;
}

const listCommand = (program: Command, name: string, description: string) =>
  withCommonOptions(program.command(name).description(description))
    .option('--json', 'print JSON')
    .option('--limit <n>', 'at most so many, newest first', '100');

const query = (options: ListOptions) =>
  `limit=${encodeURIComponent(options.limit)}${options.study === undefined ? '' : `&study=${encodeURIComponent(options.study)}`}`;

/** Adds `studies`, `runs` and `deliveries`. */
export function addListCommands(program: Command): void {
  listCommand(program, 'studies', 'studies that were received, newest first').action(async (options: ListOptions) => {
    const studies = await clientFor(options).get<StudyView[]>(`/studies?${query(options)}`);
    if (options.json) return json(studies);
    table(
      ['STUDY', 'STATE', 'RESULT', 'VERSION', 'INSTANCES', 'FROM', 'RECEIVED'],
      studies.map((study) => [
        study.studyInstanceUid,
        study.purged === null || study.state !== 'purged' ? study.state : `purged ${study.purged.at?.slice(0, 10)} (${study.purged.cause})`,
        study.standing,
        study.versions.at(-1)?.number,
        study.instances,
        study.callingAe,
        shortTime(study.lastReceivedAt),
      ]),
      'no study has been received yet',
    );
    for (const study of studies) tellWhyNoResult(study);
    for (const study of studies) tellEarlierResults(study);
    for (const { studyInstanceUid, holdReason } of studies.filter((study) => study.holdReason !== null)) {
      line(`\nstudy ${studyInstanceUid} is held: ${holdReason}`);
      line(`  what to do: find out what is right and have its sender correct it, then \`anteroom release ${studyInstanceUid}\``);
    }
  });

  listCommand(program, 'runs', 'runs of models, newest first, with the reason where one failed')
    .option('--study <uid>', 'only runs of this study')
    .action(async (options: ListOptions) => {
      const runs = await clientFor(options).get<ListedRun[]>(`/runs?${query(options)}`);
      if (options.json) return json(runs);
      table(
        ['RUN', 'MODEL', 'STATE', 'PROGRESS', 'RULE@REVISION', 'TRIES', 'CREATED', 'STUDY'],
        runs.map((run) => [
          run.run,
          run.model,
          run.state,
          progressOf(run),
          `${run.rule === null ? (run.purpose === 'evaluation' ? '(evaluation)' : '(by hand)') : `${run.rule}@${(run.rulesRevision ?? '?').slice(0, 8)}`}${run.shadow ? ' (shadow)' : ''}`,
          run.attempts,
          shortTime(run.createdAt),
          run.studyInstanceUid,
        ]),
        'no run yet',
      );
      for (const run of runs.filter(({ reason, waitsFor }) => reason !== null || waitsFor !== null)) {
        line(`\nrun ${run.run} is ${run.state}: ${standing(run)}`);
        if (run.remedy !== null) line(`  what to do: ${run.remedy}`);
        if (run.logPath !== null) line(`  log: ${run.logPath}`);
      }
      for (const run of runs) tellKept(run);
    });

  listCommand(program, 'deliveries', 'results on their way, newest first, with the reason where one is held or rejected')
    .option('--study <uid>', 'only deliveries of this study')
    .action(async (options: ListOptions) => {
      const deliveries = await clientFor(options).get<DeliveryView[]>(`/deliveries?${query(options)}`);
      if (options.json) return json(deliveries);
      table(
        ['DELIVERY', 'DESTINATION', 'STATE', 'TRIES', 'RUN', 'RECEIPT', 'SOP INSTANCE'],
        deliveries.map((row) => [row.delivery, row.destination, standingOf(row), row.attempts, row.run, row.receipt, row.sopInstanceUid]),
        'no delivery yet',
      );
      for (const row of deliveries.filter(({ reason, waitsFor }) => reason !== null || waitsFor !== null)) {
        const again = row.nextTryAt === null ? '' : `; is tried again at ${row.nextTryAt}`;
        line(`\ndelivery ${row.delivery} to ${row.destination} is ${row.state}: ${standing(row)}${again}`);
        if (row.remedy !== null) line(`  what to do: ${row.remedy}`);
      }
      for (const row of deliveries) tellWithdrawal(row);
    });
}

type ListedRun = RunView & { results: ResultView[]; outputs: OutputView[]; logPath: string | null };

/** Files of a run that are no result: numbers, tables and maps of models that draw nothing, or draw it besides. */
function tellKept({ run, state, outputs, logPath }: ListedRun): void {
  const kept = outputs.filter(({ kind, result }) => result === null && kind !== 'log');
  if (state !== 'done' || kept.length === 0) return;
  line(`\nrun ${run} left what has no DICOM form; it is kept${logPath === null ? '' : ` in ${join(dirname(logPath), 'out')}`}`);
  for (const { path, kind, sizeBytes } of kept) line(`  ${path} (${kind}, ${sizeBytes} bytes)`);
}

/** A delivered result that a later one has replaced is delivered and withdrawn, or delivered and still there. */
function standingOf({ state, withdrawal }: DeliveryView): string {
  return withdrawal === null ? state : `${state}, ${withdrawal.state === 'withdrawn' ? '' : 'withdrawal '}${withdrawal.state}`;
}

function tellWithdrawal({ delivery, destination, withdrawal }: DeliveryView): void {
  if (withdrawal === null || withdrawal.reason === null) return;
  const { state, replacedBy, remedy } = withdrawal;
  line(
    `\ndelivery ${delivery} to ${destination} is replaced by result ${replacedBy}; its withdrawal ${withdrawal.withdrawal} is ${state}: ${why(withdrawal)}`,
  );
  if (remedy !== null) line(`  what to do: ${remedy}`);
}

/** A study that was due a result and has none must not look like one in which nothing was found. */
function tellWhyNoResult({ studyInstanceUid, dues }: StudyView): void {
  const without = dues.filter(({ standing }) => standing !== 'answered' && standing !== 'under way');
  if (without.length === 0) return;
  line(`\nstudy ${studyInstanceUid}`);
  for (const due of without) line(dueLine(due));
}

/** What is at a destination is of an earlier version, and why there is none of the newest. */
function tellEarlierResults({ studyInstanceUid, earlierResults }: StudyView): void {
  for (const { result, version, destination, laterVersion, laterRun, laterState, laterReason } of earlierResults) {
    line(`\nstudy ${studyInstanceUid}: result ${result} at ${destination} is of version ${version}`);
    line(`  run ${laterRun} of version ${laterVersion} is ${laterState}${laterReason === null ? '' : `: ${laterReason}`}`);
  }
}

/** Why it is where it is, and what it waits for, where these are not the same. */
function standing(row: { failureCode: string | null; reason: string | null; waitsFor: string | null }): string {
  const { reason, waitsFor } = row;
  return [reason === waitsFor ? null : why(row), waitsFor].filter((part) => part !== null && part !== '').join('; ');
}

/** The code, which a reason that is no failure has not, and the sentence. */
function why({ failureCode, reason }: { failureCode: string | null; reason: string | null }): string {
  return [failureCode, reason].filter((part) => part !== null).join(' ');
}

function progressOf(run: RunView): string {
  if (run.state === 'done') return '100 %';
  return run.progress === null ? '-' : `${Math.round(run.progress * 100)} %${run.progressText ? ` ${run.progressText}` : ''}`;
}
