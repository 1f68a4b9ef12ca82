/**
 * The tests of models in use, repeated by themselves: the last one that a model has passed, with the same sample, reference and workflow. When it
 * is due is a column, so that a restart forgets none. One that was passed before and fails now on the same digest is a drift: something that
 * nobody registered has changed, and somebody is told.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startStageLoop, type Bell } from '../foundation/bell.js';
import type { Clock, EpochMs } from '../foundation/clock.js';
import { toAnteroomError, type ErrorCode } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { lastPassedTest, lastTest, recordModelTest, setTestDue, type ModelTestRow } from '../ledger/model-tests.js';
import { listModels, type ModelRow } from '../ledger/models.js';
import { BLAMES_MODEL } from '../models/blame.js';
import { readModelPackage } from '../models/package.js';
import { digestOf } from '../models/register.js';
import type { Settings } from '../settings/schema.js';
import { testOutputs, whatFailed } from './model-test.js';

const log = loggerOf('evaluation');

const DAY_MS = 86_400_000;
/** After one that could not be made, and after one that gave way. */
const AGAIN_MS = { hindered: 3_600_000, gaveWay: 300_000 };

/** What a machine with too little room, a lost container or an image that somebody has removed does to the best model: such a test suspends nothing. */
const BLAMES_MACHINE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RUN_LOST',
  'CONTAINER_START_FAILED',
  'MODEL_OOM',
  'MODEL_TIMEOUT',
  'IMAGE_MISSING',
]);

/** What carries out a test; see `runs/trials-beside.ts`. */
export interface Trials {
  mayStart(): boolean;
  run(
    model: ModelRow,
    test: { sample: string; workflow: string },
    folder: string,
  ): Promise<{ readonly outputDir: string; readonly facts: Readonly<Record<string, string | number | null>> }>;
  sweep(): Promise<void>;
  stop(): void;
}

export interface ScheduleOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly trials: Trials;
  readonly settings: Settings['modelTests'];
  /** Where reports go, and what a failed test left: a folder for each model. */
  readonly folder: string;
}

/** Starts the loop; the returned function ends it with the test that is under way. */
export function startModelTests(options: ScheduleOptions): () => Promise<void> {
  const { bell, trials, settings } = options;
  if (settings.everyDays === 0) return () => Promise.resolve();
  const swept = trials.sweep();
  const stop = startStageLoop({
    stage: 'tests',
    bell,
    log,
    work: async () => {
      await swept;
      return repeatDueTest(options);
    },
  });
  return async () => {
    trials.stop();
    await stop();
  };
}

/** Makes the test that is due first, if one may be made now. Returns when the next one is due. */
export async function repeatDueTest(options: ScheduleOptions): Promise<EpochMs | undefined> {
  const { db, clock, trials, settings } = options;
  const everyMs = settings.everyDays * DAY_MS;
  const scheduled = listModels(db).flatMap((model) => {
    const passed = model.state === 'active' ? lastPassedTest(db, model.id) : undefined;
    return passed === undefined ? [] : { model, passed, dueAt: dueAtOf(db, model, clock(), everyMs) };
  });
  for (const { model, dueAt } of scheduled) if (model.test_due_at !== dueAt) setTestDue(db, model.id, dueAt);
  const [first, second] = scheduled.sort((a, b) => a.dueAt - b.dueAt);
  if (first === undefined || first.dueAt > clock()) return first?.dueAt;
  if (!trials.mayStart()) return undefined;
  await repeat(options, first.model, first.passed, everyMs);
  return second?.dueAt;
}

/** What is further away than a whole interval was set for a longer one. */
function dueAtOf(db: Db, { id, test_due_at: dueAt }: ModelRow, now: EpochMs, everyMs: number): EpochMs {
  return dueAt !== null && dueAt <= now + everyMs ? dueAt : (lastTest(db, id)?.at ?? now) + everyMs;
}

async function repeat(options: ScheduleOptions, model: ModelRow, passed: ModelTestRow, everyMs: number): Promise<void> {
  const { db, clock, settings } = options;
  const { workflow, sample, reference } = passed;
  const test = { cause: 'schedule', workflow, sample, reference } as const;
  try {
    const outcome = await outcomeOf(options, model, passed);
    const at = clock();
    const { onDrift } = settings;
    const drift = recordModelTest(db, model.id, { ...test, ...outcome }, at, { nextAt: at + everyMs, onDrift });
    if (drift !== undefined) tellDrift(model, onDrift, drift, outcome.report);
    else
      log[outcome.passed ? 'info' : 'warn']('the test of a model was repeated', {
        model: model.name,
        version: model.version,
        status: outcome.passed ? 'passed' : 'failed',
      });
  } catch (thrown) {
    const error = toAnteroomError(thrown);
    const gaveWay = error.code === 'RUN_CANCELLED';
    setTestDue(db, model.id, clock() + (gaveWay ? AGAIN_MS.gaveWay : AGAIN_MS.hindered));
    log[gaveWay ? 'info' : 'warn']('the test of a model could not be repeated, and is tried later', {
      model: model.name,
      version: model.version,
      code: error.code,
      seen: error.seen,
    });
  }
}

interface Outcome {
  readonly passed: boolean;
  readonly report?: string;
  readonly reason?: string;
}

/** @throws {AnteroomError} what says nothing of the model: the engine is away, the sample is gone, there was no room, the test gave way. */
async function outcomeOf(
  { clock, trials, folder }: ScheduleOptions,
  model: ModelRow,
  { workflow, sample, reference }: ModelTestRow,
): Promise<Outcome> {
  const other = await otherProgram(model);
  if (other !== undefined) return { passed: false, reason: other };
  const at = new Date(clock());
  const own = join(folder, String(model.id));
  const work = join(own, 'run');
  rmSync(work, { recursive: true, force: true });
  try {
    const { outputDir, facts } = await trials.run(model, { sample, workflow }, work);
    const { report, files } = await testOutputs({
      outputDir,
      referenceDir: reference,
      reportDir: own,
      name: `${workflow}-${at.toISOString().slice(0, 19).replaceAll(':', '')}`,
      madeBy: { model: model.name, digest: model.digest, workflow },
      facts,
      at,
    });
    if (report.conclusion) rmSync(work, { recursive: true, force: true });
    return { passed: report.conclusion, report: files[1], ...(report.conclusion ? {} : { reason: whatFailed(report) }) };
  } catch (thrown) {
    const error = toAnteroomError(thrown);
    if (BLAMES_MODEL.has(error.code) && !BLAMES_MACHINE.has(error.code)) return { passed: false, reason: `${error.code}: ${error.seen}` };
    throw error;
  }
}

/** A model without an image is run from its folder: that must still hold what was registered. */
async function otherProgram({ package: yaml, folder, digest, model_file: modelFile }: ModelRow): Promise<string | undefined> {
  if ((JSON.parse(yaml) as { runtime: string }).runtime !== 'process' || folder === null) return undefined;
  const read = readModelPackage(folder, modelFile === null ? {} : { modelFile });
  const now = await digestOf(read, () => Promise.reject(new Error('a process has no image')));
  return now === digest ? undefined : `Digest is ${now} in ${folder}, registered was ${digest}`;
}

/** Tells that a model in use does not pass the test any more that it had passed. */
export function tellDrift(model: ModelRow, onDrift: Settings['modelTests']['onDrift'], seen: string, report: string | undefined): void {
  log.error(onDrift === 'suspend' ? 'a model has drifted and is suspended: its runs wait until it is resumed' : 'a model has drifted', {
    model: model.name,
    version: model.version,
    digest: model.digest,
    seen,
    path: report,
    remedy: `Look at the report; find out what has changed, test it again, then: anteroom resume model ${model.name} (--reason TEXT where no test is passed)`,
  });
}
