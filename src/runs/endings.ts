/** How attempts end, written down: what was produced, what failed, what is tried again. */
import { backOffMs, type Clock } from '../foundation/clock.js';
import { toAnteroomError, type AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { insertOutput } from '../ledger/results.js';
import { endAttempt, NO_PROGRESS, runById, type AttemptRow, type RunRow } from '../ledger/runs.js';
import { modelById, type ModelRow } from '../ledger/models.js';
import { promiseOf } from '../models/answers.js';
import type { ModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
import { errorsInLogs } from './engine-logs.js';
import { ENGINE_RETRY_MS, MAX_ENGINE_RETRY_MS, type EnginePatience } from './engine-patience.js';
import { judgeExit, type Verdict } from './judge.js';
import type { LogTail } from './log-tail.js';
import { collectOutputs, type FoundOutput } from './outputs.js';
import { attemptFolders, dropInput } from './run-folders.js';
import { limitsOf } from './run-spec.js';
import type { RunExit } from './runtimes/runtime.js';

const log = loggerOf('runs');

/** A run that was started this often is given up when its container is lost once more: something kills it each time. */
const MAX_LOST_ATTEMPTS = 5;
/** Of outputs that cannot be read this is the model's doing, and another try is in vain. */
const MODELS_DOING: readonly string[] = ['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR'];
/** What cannot be judged then fails: a disk may refuse now what it gives the next moment. */
const MAX_JUDGEMENTS = 5;

/** A container that has ended, and whose it was. */
export interface Ended {
  readonly run: RunRow;
  readonly attempt: AttemptRow;
  readonly exit: RunExit;
  readonly yaml: ModelYaml;
  readonly tail: LogTail;
  /** How often it could not be judged; what could not be written down does not count. */
  unjudged: number;
}

export interface EndingOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly runsFolder: string;
  readonly settings: Settings['runs'];
  readonly patience: EnginePatience;
}

/** Writes down how the attempts of one node end. */
export class Endings {
  constructor(private readonly options: EndingOptions) {}

  /** Writes down how a container ended, and what it left. Rejects where that could not be read or written: it is to be tried again then. */
  async finish(ended: Ended): Promise<void> {
    const { db, clock, runsFolder } = this.options;
    const { run, attempt, exit, tail } = ended;
    const { outputDir } = attemptFolders(runsFolder, run.id, attempt.number);
    const { outputs, verdict } = await this.judge(ended, outputDir);
    const told = await errorsInLogs(outputDir, outputs);
    // Of two series MHub's engine may fail for one, and end with 0.
    if (verdict.outcome === 'produced' && told.length > 0)
      log.warn('the model left an answer, and its engine tells of errors', { run: run.id, count: told.length });
    const at = clock();
    db.transaction(() => {
      // The ledger may have written it, and failed to say so.
      if (runById(db, run.id)?.state !== 'running') return;
      endAttempt(db, attempt.id, { at, exitCode: exit.exitCode, peakMemoryBytes: exit.peakMemoryBytes, outcome: verdict.outcome });
      if (verdict.outcome === 'produced') this.produced(run, attempt, outputs);
      else
        this.unsuccessful(
          run,
          verdict,
          [...told, tail.text()].filter((text) => text !== ''),
        );
    });
    if (verdict.outcome === 'produced') failpoint('runs.produced');
  }

  private async judge(ended: Ended, outputDir: string): Promise<{ outputs: FoundOutput[]; verdict: Verdict }> {
    const { run, exit, yaml } = ended;
    try {
      const outputs = await collectOutputs(outputDir);
      const promise = promiseOf(modelById(this.options.db, run.model_id ?? 0) as ModelRow);
      return { outputs, verdict: judgeExit(exit, outputs, limitsOf(yaml, this.options.settings.limits), promise) };
    } catch (thrown) {
      const error = toAnteroomError(thrown);
      const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
      if (++ended.unjudged < MAX_JUDGEMENTS && !MODELS_DOING.includes(code)) throw error;
      return { outputs: [], verdict: { outcome: 'failed', error } };
    }
  }

  private produced(run: RunRow, attempt: AttemptRow, outputs: readonly FoundOutput[]): void {
    const { db, clock } = this.options;
    for (const { path, kind, sizeBytes, sha256 } of outputs)
      insertOutput(db, { run_id: run.id, attempt_id: attempt.id, path, kind, size_bytes: sizeBytes, sha256 });
    db.move('runs', run.id, 'produced', { at: clock(), from: ['running'], set: { progress: 1, makings: 0 } });
  }

  private unsuccessful(run: RunRow, { outcome, error }: Exclude<Verdict, { outcome: 'produced' }>, lines: readonly string[]): void {
    const { db, clock } = this.options;
    const at = clock();
    const lastLines = lines.join('\n');
    const set = {
      failure_code: error.code,
      reason: lastLines === '' ? error.seen : `${error.seen}\nlast lines of its log:\n${lastLines}`,
      ended_at: at,
    };
    const givesUp = outcome === 'again' && (runById(db, run.id)?.attempts ?? 0) >= MAX_LOST_ATTEMPTS;
    if (outcome === 'again' && !givesUp)
      db.move('runs', run.id, 'queued', { at, set: { ...set, ...NO_PROGRESS, due_at: at + ENGINE_RETRY_MS }, detail: error.code });
    else {
      const to = outcome === 'cancelled' ? 'cancelled' : 'failed';
      db.move('runs', run.id, to, { at, set: { ...set, cancel_requested: 0 }, detail: error.code });
    }
  }

  /** Killed between the row and the container: nothing has run, so the attempt does not count, and the run keeps its place in the queue. */
  lostBeforeStart(run: RunRow, attempt: AttemptRow): void {
    const { db, clock, runsFolder } = this.options;
    const at = clock();
    const detail = 'no container was found after a restart';
    dropInput(attemptFolders(runsFolder, run.id, attempt.number));
    db.transaction(() => {
      endAttempt(db, attempt.id, { at, outcome: detail });
      db.move('runs', run.id, 'queued', { at, set: { ...NO_PROGRESS, attempts: Math.max(0, run.attempts - 1) }, detail });
    });
  }

  /** The engine is away, or has refused: the kind of the failure decides whether the run is tried again. */
  couldNotRun(run: RunRow, attempt: AttemptRow, error: AnteroomError): void {
    const { db, clock } = this.options;
    const at = clock();
    log.warn('run could not be carried out', { run: run.id, code: error.code, kind: error.kind, seen: error.seen });
    const set = { failure_code: error.code, reason: error.seen };
    const from = ['starting', 'running'] as const;
    db.transaction(() => {
      endAttempt(db, attempt.id, { at, outcome: error.code });
      if (error.kind === 'transient') {
        const away = error.code === 'ENGINE_UNREACHABLE';
        const due_at = away ? this.options.patience.wasSilent(at) : at + backOffMs(attempt.number, ENGINE_RETRY_MS, MAX_ENGINE_RETRY_MS);
        const attempts = Math.max(0, (runById(db, run.id)?.attempts ?? 0) - 1);
        db.move('runs', run.id, 'queued', { at, from, set: { ...set, ...NO_PROGRESS, due_at, attempts }, detail: error.code });
      } else db.move('runs', run.id, 'failed', { at, from, set: { ...set, ended_at: at, cancel_requested: 0 }, detail: error.code });
    });
  }
}
