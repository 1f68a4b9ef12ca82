/** `anteroom models test`: runs a model on its sample and compares what it leaves with a reference. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { recordReference, testOutputs, whatFailed, type MadeBy, type TestOutcome } from '../evaluation/model-test.js';
import { fetchSample, forgetOthers, type SampleFolders } from '../evaluation/samples/fetch-sample.js';
import { phantomSample } from '../evaluation/samples/phantom-sample.js';
import { AnteroomError } from '../foundation/errors.js';
import { makeFolders } from '../foundation/folders.js';
import { loggerOf } from '../foundation/log.js';
import { CARD_FILE, readModelPackage, type ModelPackage } from '../models/package.js';
import { digestOf } from '../models/register.js';
import { createDockerRuntime } from '../runs/runtimes/docker.js';
import { createProcessRuntime } from '../runs/runtimes/process.js';
import type { Runtime } from '../runs/runtimes/runtime.js';
import { runTrial, trialFacts, type Trial } from '../runs/trial.js';
import { modelToTest } from './model-to-test.js';
import { packageFolder } from './models-add.js';
import type { StandingModel } from './models-use.js';
import { NodeRefusal } from './node-client.js';
import { clientFor, settingsFor, wholeNumber, withCommonOptions, type CommonOptions } from './options.js';
import { line, progress, progressDone } from './print.js';

interface TestOptions extends CommonOptions {
  readonly from?: string;
  readonly sha256?: string;
  readonly sample?: string;
  readonly reference?: string;
  readonly workflow?: string;
  readonly modelFile?: string;
  readonly record?: boolean;
  readonly repeat: number;
  readonly out: string;
}

/** Adds `models test`. */
export function addTestCommand(models: Command): void {
  withCommonOptions(
    models.command('test').description('runs a model on a sample and compares what it leaves with a reference; exit code 1 if it differs'),
  )
    .argument('<package>', 'folder of the package, or the name of one in `modelsDir` or of a registered model')
    .option(
      '--from <source>',
      'WORKFLOW/sample and WORKFLOW/reference: a folder, a ZIP archive or its URL (default: `test.data` in model.yaml)',
    )
    .option('--sha256 <hex>', 'of the archive; another one is refused')
    .option('--sample <folder>', 'what the model is given, in place of that of the data')
    .option('--reference <folder>', 'what it is known to leave, in place of that of the data')
    .option('--workflow <name>', 'in place of the one in model.yaml')
    .option('--model-file <name>', 'another model.yaml of the package, such as model.process.yaml')
    .option('--record', 'make the reference, which must not be there yet')
    .option('--repeat <n>', 'run it so often: how deterministic is it?', wholeNumber, 1)
    .option('--out <folder>', 'where outputs and reports go', 'model-test')
    .action(async (folder: string, options: TestOptions) => {
      process.exitCode = (await test(await packageOf(folder, options), options)) ? 0 : 1;
    });
}

/** A folder, or a name: in `modelsDir`, or of a model that is registered, wherever its package lies. */
async function packageOf(named: string, options: TestOptions): Promise<ModelPackage> {
  const folder = packageFolder(named, options);
  if (existsSync(folder)) return readModelPackage(folder, { modelFile: options.modelFile });
  const toTest = await modelToTest(clientFor(options), named);
  if (toTest === undefined || toTest.folder === null)
    throw new AnteroomError(
      'MODEL_UNKNOWN',
      `${named}: no folder of that name is here or in ${settingsFor(options).modelsDir}, and no running node knows it`,
    );
  return readModelPackage(toTest.folder, { modelFile: options.modelFile ?? toTest.modelFile ?? undefined });
}

async function test(model: ModelPackage, options: TestOptions): Promise<boolean> {
  const out = resolve(options.out);
  makeFolders(out);
  const runtime = runtimeFor(model, options, out);
  const digest = await digestOf(model, (image) => {
    if (runtime.resolveImage === undefined) throw new AnteroomError('IMAGE_MISSING', `no engine can resolve ${image}`);
    return runtime.resolveImage(image);
  });
  const madeBy: MadeBy = { model: model.card.name, digest, workflow: options.workflow ?? model.model.workflow };
  const folders = await foldersFor(model, madeBy.workflow, options);
  const outcomes: TestOutcome[] = [];
  for (let n = 1; n <= options.repeat; n++) {
    const trial = await tryOnce(model, digest, folders.sampleDir, { options, runtime, folder: join(out, `run-${n}`) });
    if (n === 1 && options.record) {
      recordReference(trial.outputDir, folders.referenceDir, madeBy);
      line(`recorded ${folders.referenceDir}`);
    }
    const outcome = await testOutputs({
      outputDir: trial.outputDir,
      referenceDir: folders.referenceDir,
      reportDir: out,
      name: n === 1 ? madeBy.workflow : `${madeBy.workflow}-${n}`,
      madeBy,
      facts: trialFacts(trial),
      at: new Date(),
    });
    outcomes.push(outcome);
    const { conclusion } = outcome.report;
    line(`run ${n}: ${conclusion ? 'reproduced' : 'NOT reproduced'} in ${(trial.wallMs / 1000).toFixed(1)} s; see ${outcome.files.at(-1)}`);
    if (!conclusion) line(`    ${whatFailed(outcome.report)}`);
  }
  const failed = outcomes.find(({ report }) => !report.conclusion);
  if (options.record) line('the node is told of a test against it, not of this one: run it again without --record');
  else if ((await tellNode(model, madeBy, failed ?? outcomes[0], { folders, options })) && failed === undefined)
    // The node repeats the last test that was passed: until it knows of this one, the sample of that stays.
    forgetOthers(cacheOf(model, options), madeBy.workflow, folders);
  return failed === undefined;
}

/** The two folders that are named, or what the data has in their place. */
async function foldersFor(tested: ModelPackage, workflow: string, options: TestOptions): Promise<SampleFolders> {
  const { dir, model } = tested;
  const { sample, reference, sha256 = model.test?.sha256 } = options;
  if (sample !== undefined && reference !== undefined) return { sampleDir: resolve(sample), referenceDir: resolve(reference) };
  const named = model.test?.data;
  const data = options.from ?? (named === undefined || /^https?:/.test(named) ? named : resolve(dir, named));
  if (data === undefined)
    throw new AnteroomError(
      'SAMPLE_REFUSED',
      'neither --from, nor --sample and --reference, nor `test.data` in model.yaml; expected one of them',
    );
  const keepFreeBytes = settingsFor(options).disk.refuseFreeMb * 1_000_000;
  const cache = cacheOf(tested, options);
  const onProgress = (what: string, bytes: number, of: number | undefined) =>
    progress(`${what} ${Math.round(bytes / 1e6)}${of === undefined ? '' : ` of ${Math.round(of / 1e6)}`} MB`);
  const found = await fetchSample({ data, workflow, ...(sha256 === undefined ? {} : { sha256 }) }, { cache, keepFreeBytes, onProgress });
  progressDone();
  const made = options.from === undefined && model.test?.sample === 'phantom' ? phantomSample(dirname(cache)) : found.sampleDir;
  return {
    sampleDir: sample === undefined ? made : resolve(sample),
    referenceDir: reference === undefined ? found.referenceDir : resolve(reference),
  };
}

/** Where the archives of a model are kept unpacked. */
function cacheOf({ card }: ModelPackage, options: TestOptions): string {
  return join(settingsFor(options).dataDir, 'samples', `${card.name}-${card.version}`);
}

function runtimeFor(model: ModelPackage, options: TestOptions, out: string): Runtime {
  const log = loggerOf('runs');
  if (model.model.runtime === 'docker') return createDockerRuntime({ socketPath: settingsFor(options).docker.socket, log });
  const stateDir = join(out, 'processes');
  makeFolders(stateDir);
  return createProcessRuntime({ stateDir, log });
}

function tryOnce(
  model: ModelPackage,
  digest: string,
  sampleDir: string,
  { options, runtime, folder }: { options: TestOptions; runtime: Runtime; folder: string },
): Promise<Trial> {
  rmSync(folder, { recursive: true, force: true });
  const { workflow } = options;
  return runTrial({ model, digest, sampleDir, folder, workflow, runtime, limits: settingsFor(options).runs.limits });
}

/** What came of it is told of a model that is registered with this digest. Where no node runs, or it does not know the model, only the report says so. True: noted. */
async function tellNode(
  { dir, model: yaml }: ModelPackage,
  { model, digest, workflow }: MadeBy,
  outcome: TestOutcome,
  { folders, options }: { folders: SampleFolders; options: TestOptions },
): Promise<boolean> {
  const { report, files } = outcome;
  const test = { workflow, sample: folders.sampleDir, reference: folders.referenceDir, report: files[1], passed: report.conclusion };
  const tested = { card: readFileSync(join(dir, CARD_FILE), 'utf8'), package: JSON.stringify(yaml) };
  const reason = report.conclusion ? {} : { reason: whatFailed(report) };
  try {
    const row = await clientFor(options).post<StandingModel>('/models/tested', { name: model, digest, ...tested, ...test, ...reason });
    line(`${row.name} ${row.version} is ${row.state}`);
    return true;
  } catch (thrown) {
    if (thrown instanceof NodeRefusal && thrown.code === 'MODEL_TEST_OTHER') line(`the node does not count it: ${thrown.message}`);
    else if (thrown instanceof NodeRefusal) line(`the node does not know ${model} with this digest: its state stays as it is`);
    else if (thrown instanceof AnteroomError && thrown.code === 'NODE_NOT_RUNNING') line('no node is running: no state was changed');
    else throw thrown;
    return false;
  }
}
