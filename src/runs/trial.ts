/**
 * A model run beside the queue, for its test: the same container with the same rights and limits, but no row of the ledger, so that nothing
 * of it can ever be delivered.
 */
import { randomUUID } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { nodeVersion } from '../foundation/version.js';
import { promiseOfPackage } from '../models/answers.js';
import type { ModelPackage } from '../models/package.js';
import type { Settings } from '../settings/schema.js';
import { judgeExit } from './judge.js';
import { collectOutputs } from './outputs.js';
import { LogTail } from './log-tail.js';
import { attemptFolders, dropInput, prepareSample } from './run-folders.js';
import { limitsOf, runSpec, userOf } from './run-spec.js';
import { KIT_LABEL } from './runtimes/labels.js';
import type { RunExit, Runtime } from './runtimes/runtime.js';

const log = loggerOf('runs');

const CANCEL_AGAIN_MS = 1_000;

export interface TrialRequest {
  readonly model: Pick<ModelPackage, 'card' | 'model' | 'dir'>;
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
  /** Whose containers this one counts among; those of nobody where it is left out. */
  readonly owner?: string;
  /** Ends it before its time: it then rejects with RUN_CANCELLED. */
  readonly signal?: AbortSignal;
}

export interface Trial {
  readonly outputDir: string;
  readonly wallMs: number;
  readonly peakMemoryBytes?: number;
  /** Of the kit in its image, or of this node's; undefined for an image that was made without it. */
  readonly kitVersion?: string;
}

/**
 * Runs a model on a sample to its end.
 * @throws {AnteroomError} as a run of the queue fails, with the last lines of the log, and what the engine throws.
 */
export async function runTrial(request: TrialRequest): Promise<Trial> {
  const { model, digest, sampleDir, folder, workflow, runtime, limits, owner, signal } = request;
  const id = `test-${randomUUID().slice(0, 8)}`;
  const yaml = model.model;
  const folders = attemptFolders(folder, 1, 1);
  prepareSample(folders, sampleDir, userOf(yaml));
  const spec = runSpec({
    nodeId: owner ?? id,
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
    const exit = await endedOrCancelled(watch.done, () => runtime.cancel(spec.name), signal);
    const wallMs = performance.now() - begin;
    const verdict = judgeExit(exit, await collectOutputs(folders.outputDir), limitsOf(yaml, limits), promiseOfPackage(model));
    if (verdict.outcome !== 'produced') throw withLog(verdict.error, tail.text());
    return {
      outputDir: folders.outputDir,
      wallMs,
      ...(exit.peakMemoryBytes === undefined ? {} : { peakMemoryBytes: exit.peakMemoryBytes }),
      ...(await kitOf(request)),
    };
  } finally {
    await runtime.remove(spec.name);
    dropInput(folders);
  }
}

/** Waits for the end; once the signal is given, cancels again and again until it comes, as an engine may not answer at first. */
async function endedOrCancelled(done: Promise<RunExit>, cancel: () => Promise<void>, signal: AbortSignal | undefined): Promise<RunExit> {
  let timer: NodeJS.Timeout | undefined;
  const tryCancel = () => {
    cancel().catch((thrown: unknown) => {
      log.warn('a test cannot be cancelled, and is tried again', { seen: toAnteroomError(thrown).seen });
      timer = setTimeout(tryCancel, CANCEL_AGAIN_MS);
    });
  };
  signal?.addEventListener('abort', tryCancel, { once: true });
  if (signal?.aborted === true) tryCancel();
  try {
    return await done;
  } finally {
    signal?.removeEventListener('abort', tryCancel);
    clearTimeout(timer);
  }
}

async function kitOf({ model: { model }, digest, runtime }: TrialRequest): Promise<Pick<Trial, 'kitVersion'>> {
  if (model.runtime === 'process') return { kitVersion: nodeVersion() };
  const label = (await runtime.resolveImage?.(digest).catch(() => undefined))?.labels[KIT_LABEL];
  return label === undefined ? {} : { kitVersion: label };
}

/** What a report says of the run: versions, hardware, time and memory. */
export function trialFacts({ wallMs, peakMemoryBytes, kitVersion }: Trial) {
  return {
    nodeVersion: nodeVersion(),
    kitVersion: kitVersion ?? null,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpuCount: cpus().length,
    memoryMb: Math.round(totalmem() / 1e6),
    runTimeMs: Math.round(wallMs),
    peakMemoryMb: peakMemoryBytes === undefined ? null : Math.round(peakMemoryBytes / 1e6),
  };
}

function withLog(error: AnteroomError, lines: string): AnteroomError {
  return lines === '' ? error : new AnteroomError(error.code, `${error.seen}\nlast lines of its log:\n${lines}`);
}
