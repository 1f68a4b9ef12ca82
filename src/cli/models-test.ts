/** `anteroom models test`: runs a model on its sample and compares what it leaves with a reference. */
import { mkdirSync, rmSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelView } from '../api/views.js';
import { recordReference, testOutputs, type MadeBy } from '../evaluation/model-test.js';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { nodeVersion } from '../foundation/version.js';
import { readModelPackage, type ModelPackage } from '../models/package.js';
import { digestOf } from '../models/register.js';
import { createDockerRuntime } from '../runs/runtimes/docker.js';
import { createProcessRuntime } from '../runs/runtimes/process.js';
import type { Runtime } from '../runs/runtimes/runtime.js';
import { runTrial, type Trial } from '../runs/trial.js';
import { packageFolder } from './models-add.js';
import { NodeRefusal } from './node-client.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { line } from './print.js';

interface TestOptions extends CommonOptions {
  readonly sample: string;
  readonly reference: string;
  readonly workflow?: string;
  readonly modelFile?: string;
  readonly record?: boolean;
  readonly repeat: string;
  readonly out: string;
}

/** Adds `models test`. */
export function addTestCommand(models: Command): void {
  withCommonOptions(
    models.command('test').description('runs a model on a sample and compares what it leaves with a reference; exit code 1 if it differs'),
  )
    .argument('<package>', 'folder of the package, or the name of one in `modelsDir`')
    .requiredOption('--sample <folder>', 'what the model is given')
    .requiredOption('--reference <folder>', 'what it is known to leave')
    .option('--workflow <name>', 'in place of the one in model.yaml')
    .option('--model-file <name>', 'another model.yaml of the package, such as model.process.yaml')
    .option('--record', 'make the reference, which must not be there yet')
    .option('--repeat <n>', 'run it so often: how deterministic is it?', '1')
    .option('--out <folder>', 'where outputs and reports go', 'model-test')
    .action(async (folder: string, options: TestOptions) => {
      process.exitCode = (await test(readModelPackage(packageFolder(folder, options), { modelFile: options.modelFile }), options)) ? 0 : 1;
    });
}

async function test(model: ModelPackage, options: TestOptions): Promise<boolean> {
  const out = resolve(options.out);
  const reference = resolve(options.reference);
  const runtime = runtimeFor(model, options, out);
  const digest = await digestOf(model, (image) => {
    if (runtime.resolveImage === undefined) throw new AnteroomError('IMAGE_MISSING', `no engine can resolve ${image}`);
    return runtime.resolveImage(image);
  });
  const madeBy: MadeBy = { model: model.card.name, digest, workflow: options.workflow ?? model.model.workflow };
  let passed = true;
  let report = '';
  for (let n = 1; n <= Math.max(1, Number(options.repeat) || 1); n++) {
    const trial = await tryOnce(model, digest, options, runtime, join(out, `run-${n}`));
    if (n === 1 && options.record) {
      recordReference(trial.outputDir, reference, madeBy);
      line(`recorded ${reference}`);
    }
    const name = n === 1 ? madeBy.workflow : `${madeBy.workflow}-${n}`;
    const outcome = await testOutputs({
      outputDir: trial.outputDir,
      referenceDir: reference,
      reportDir: out,
      name,
      madeBy,
      facts: factsOf(trial),
      at: new Date(),
    });
    line(
      `run ${n}: ${outcome.report.conclusion ? 'reproduced' : 'NOT reproduced'} in ${(trial.wallMs / 1000).toFixed(1)} s; see ${outcome.files.at(-1)}`,
    );
    passed &&= outcome.report.conclusion;
    report = outcome.report.id;
  }
  if (passed) await tellNode(madeBy, report, options);
  return passed;
}

function runtimeFor(model: ModelPackage, options: TestOptions, out: string): Runtime {
  const log = loggerOf('runs');
  if (model.model.runtime === 'docker') return createDockerRuntime({ socketPath: settingsFor(options).docker.socket, log });
  const stateDir = join(out, 'processes');
  mkdirSync(stateDir, { recursive: true });
  return createProcessRuntime({ stateDir, log });
}

function tryOnce(model: ModelPackage, digest: string, options: TestOptions, runtime: Runtime, folder: string): Promise<Trial> {
  rmSync(folder, { recursive: true, force: true });
  const { workflow, sample } = options;
  return runTrial({ model, digest, sampleDir: resolve(sample), folder, workflow, runtime, limits: settingsFor(options).runs.limits });
}

function factsOf({ wallMs, peakMemoryBytes }: Trial) {
  return {
    nodeVersion: nodeVersion(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpuCount: cpus().length,
    memoryMb: Math.round(totalmem() / 1e6),
    runTimeMs: Math.round(wallMs),
    peakMemoryMb: peakMemoryBytes === undefined ? null : Math.round(peakMemoryBytes / 1e6),
  };
}

/** A registered model with this digest is tested from now on. Where no node runs, or it does not know the model, only the report says so. */
async function tellNode({ model, digest }: MadeBy, report: string, options: TestOptions): Promise<void> {
  try {
    const row = await clientFor(options).post<ModelView>('/models/tested', { name: model, digest, report });
    line(`${row.name} ${row.version} is ${row.state}`);
  } catch (thrown) {
    if (thrown instanceof NodeRefusal) line(`the node does not know ${model} with this digest: its state stays as it is`);
    else if (thrown instanceof AnteroomError && thrown.code === 'NODE_NOT_RUNNING') line('no node is running: no state was changed');
    else throw thrown;
  }
}
