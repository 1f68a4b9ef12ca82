/**
 * A model run beside the queue, for its test: the same container with the same rights and limits, but no row of the ledger, so that nothing
 * of it can ever be delivered.
 */
import { randomUUID } from 'node:crypto';
import { AnteroomError } from '../foundation/errors.js';
import { promiseOfPackage } from '../models/answers.js';
import type { ModelPackage } from '../models/package.js';
import type { Settings } from '../settings/schema.js';
import { judgeExit } from './judge.js';
import { collectOutputs } from './outputs.js';
import { LogTail } from './log-tail.js';
import { attemptFolders, dropInput, prepareSample } from './run-folders.js';
import { limitsOf, runSpec, userOf } from './run-spec.js';
import type { Runtime } from './runtimes/runtime.js';

export interface TrialRequest {
  readonly model: ModelPackage;
  /** What the model is pinned by; a container is made of this image. */
  readonly digest: string;
  /** Files in the layout in which the model takes them. */
  readonly sampleDir: string;
  /** A folder of the trial's own, for input, output and log. */
  readonly folder: string;
  /** The package's own where none is named. */
  readonly workflow?: string;
  readonly runtime: Runtime;
  readonly limits: Settings['runs']['limits'];
}

export interface Trial {
  readonly outputDir: string;
  readonly wallMs: number;
  readonly peakMemoryBytes?: number;
}

/**
 * Runs a model on a sample to its end.
 * @throws {AnteroomError} as a run of the queue fails, with the last lines of the log, and what the engine throws.
 */
export async function runTrial({ model, digest, sampleDir, folder, workflow, runtime, limits }: TrialRequest): Promise<Trial> {
  const id = `test-${randomUUID().slice(0, 8)}`;
  const yaml = model.model;
  const folders = attemptFolders(folder, 1, 1);
  prepareSample(folders, sampleDir, userOf(yaml));
  const spec = runSpec({
    // No node's: none adopts or sweeps it.
    nodeId: id,
    runId: 1,
    attempt: 1,
    container: `anteroom-${id}`,
    yaml,
    digest,
    modelFolder: model.dir,
    settings: {},
    workflow,
    folders,
    limits,
  });
  const tail = new LogTail();
  const begin = performance.now();
  try {
    const watch = await runtime.start(spec, { onLogLine: (line) => tail.add(line) });
    const exit = await watch.done;
    const wallMs = performance.now() - begin;
    const verdict = judgeExit(exit, await collectOutputs(folders.outputDir), limitsOf(yaml, limits), promiseOfPackage(model));
    if (verdict.outcome !== 'produced') throw withLog(verdict.error, tail.text());
    return {
      outputDir: folders.outputDir,
      wallMs,
      ...(exit.peakMemoryBytes === undefined ? {} : { peakMemoryBytes: exit.peakMemoryBytes }),
    };
  } finally {
    await runtime.remove(spec.name);
    dropInput(folders);
  }
}

function withLog(error: AnteroomError, lines: string): AnteroomError {
  return lines === '' ? error : new AnteroomError(error.code, `${error.seen}\nlast lines of its log:\n${lines}`);
}
