/** `anteroom compare`: several models on the same patients, with one command. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadCohort } from '../evaluation/cohort/load-cohort.js';
import type { ComparedModel } from '../evaluation/comparison/compared-model.js';
import { ComparisonFolder } from '../evaluation/comparison/comparison-folder.js';
import { ReadyFiles } from '../evaluation/comparison/ready-files.js';
import { summarise, type Summary } from '../evaluation/comparison/summarise.js';
import { AnteroomError } from '../foundation/errors.js';
import { plannedCases } from './compare-cases.js';
import { forgetComparison } from './compare-forget.js';
import { ComparisonProgress } from './compare-progress.js';
import { ComparisonRuns, modelsOnNode } from './compare-runs.js';
import { ComparisonWork } from './compare-work.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

/** As a shell has it for a command that Ctrl-C has ended. */
const INTERRUPTED = 130;

interface CompareOptions extends CommonOptions {
  readonly models?: string;
  readonly results: readonly string[];
  readonly cohort?: string;
  readonly truth?: string;
  readonly out?: string;
  readonly forget?: string;
  readonly json?: boolean;
}

/** Adds `compare`. */
export function addCompareCommand(program: Command): void {
  const command = program.command('compare');
  withCommonOptions(
    command.description(
      'runs models over a cohort and compares what they draw; after a stop the same command goes on; exit code 1 where a run, a result or a truth failed, 130 where it was stopped',
    ),
  )
    .option('--models <a,b,c>', 'models of the node, NAME or NAME@VERSION')
    .option('--results <name=folder>', 'segmentations that are ready, as a model of that name; may be repeated', collected, [])
    .option('--cohort <file>', 'the cases, in YAML')
    .option('--truth <folder>', 'expert segmentations or structure sets: of the same StudyInstanceUID, or named CASE.dcm')
    .option('--out <folder>', 'where tables, summary and results go')
    .option(
      '--forget <folder>',
      'ends the comparison in this folder: its runs are cancelled, and the copies of its cases deleted from the node',
    )
    .option('--json', 'print the summary as JSON')
    .action(async ({ cohort, out, forget, ...options }: CompareOptions) => {
      if (forget !== undefined) {
        process.exitCode = await forgetComparison(clientFor(options), resolve(forget));
        return;
      }
      if (cohort === undefined || out === undefined) return command.error('error: name --cohort and --out, or --forget');
      process.exitCode = await compare({ ...options, cohort, out });
    });
}

/** The exit code: 0; 1 where a run, a result or a truth failed; 130 where it was interrupted. */
async function compare(options: Omit<CompareOptions, 'forget'> & { cohort: string; out: string }): Promise<number> {
  const cohort = loadCohort(options.cohort);
  const client = clientFor(options);
  const nodeModels = await modelsOnNode(client, listed(options.models), ComparisonFolder.modelsIn(resolve(options.out)));
  const ready = options.results.map(readyResults);
  const models: ComparedModel[] = [...nodeModels, ...ready];
  demandModels(models);
  const truth = options.truth === undefined ? undefined : resolve(options.truth);
  const subject = { models, cohort: resolve(options.cohort), ...(truth === undefined ? {} : { truth }) };
  const folder = ComparisonFolder.open(resolve(options.out), subject, randomUUID(), new Date());
  const progress = new ComparisonProgress(options.json === true, nodeModels.length);
  const runs = new ComparisonRuns(client, folder.id, nodeModels, () => progress.nodeIsSilent());
  const planned = await plannedCases(cohort, (query) => runs.search(query));
  const results = new Map<string, ReadyFiles>();
  for (const { label, results: from } of ready) results.set(label, await ReadyFiles.in(from));
  const truths = truth === undefined ? undefined : await ReadyFiles.in(truth);
  const work = new ComparisonWork({ folder, progress, models, results, truths, ...(nodeModels.length === 0 ? {} : { runs }) });
  stopOnSignals(work);
  const scores = await work.carryOut(planned);
  const summary = summarise(models, scores, cohort.clinical);
  const files = folder.summarise(scores, summary);
  if (options.json === true) json({ casesPlanned: planned.length, ...summary });
  else tell(summary, planned.length, files);
  if (scores.length < planned.length) return INTERRUPTED;
  return summary.casesWithUnreadableTruth > 0 || summary.models.some(({ failed }) => failed > 0) ? 1 : 0;
}

function tell({ models, casesIn }: Summary, planned: number, files: readonly string[]): void {
  for (const { model, done, failed } of models) line(`${model}: ${done} of ${casesIn} cases done, ${failed} failed`);
  if (casesIn < planned) line(`stopped after ${casesIn} of ${planned} cases: the same command goes on`);
  for (const file of files) line(file);
}

/** The first signal ends the command when what is being scored is kept, the second at once. */
function stopOnSignals(work: ComparisonWork): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (work.isStopping) process.exit(INTERRUPTED);
      work.stop();
    });
}

function collected(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function listed(names = ''): string[] {
  const all = names.split(',').map((name) => name.trim());
  return all.filter((name) => name !== '');
}

function readyResults(wish: string): ComparedModel & { readonly results: string } {
  const at = wish.indexOf('=');
  if (at < 1) throw new AnteroomError('USAGE', `--results ${wish}; expected NAME=FOLDER`);
  return { label: wish.slice(0, at), results: resolve(wish.slice(at + 1)) };
}

function demandModels(models: readonly ComparedModel[]): void {
  const labels = models.map(({ label }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) throw new AnteroomError('USAGE', `${twice} is named twice; expected each model once`);
  if (models.length === 0) throw new AnteroomError('USAGE', 'there is nothing to compare; expected --models or --results');
}
