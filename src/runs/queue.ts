/**
 * The queue of runs: cancels what was asked for, takes over what was done already, suspends models that keep failing, and starts what is next
 * as long as there is room. What is next, and why, says `choose-next.ts`.
 */
import { startStageLoop } from '../foundation/bell.js';
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { nextRunDueAt, type RunWithModel } from '../ledger/queued-runs.js';
import { runsInState, runsToCancel, type RunRow } from '../ledger/runs.js';
import type { Capacity } from '../models/needs.js';
import type { Refusal } from '../models/use-gate.js';
import { Attempts, type AttemptOptions } from './attempts.js';
import { guardModels } from './breaker.js';
import { chooseNext } from './choose-next.js';
import { breakerOptions, readDueRuns } from './due-runs.js';
import { stopWaitingForEqual, takeOverEqual } from './equal-work.js';
import { sweepContainers } from './sweep.js';

const log = loggerOf('runs');

export interface QueueOptions extends AttemptOptions {
  /** What all running models together may take. */
  readonly capacity: Capacity;
  /** What runs beside it; no run starts as long as that holds room. */
  readonly trials: { readonly holdsRoom: boolean };
  /** Why a run must not start with the model that it has now, as it may not be used for it; undefined where it may. */
  readonly useRefusalOf: (run: RunRow) => Refusal | undefined;
  /** Why the model does not take what the run has for it; undefined where it does. */
  readonly refusalOf: (run: RunRow) => Refusal | undefined;
  /** Those that take segmentations as label maps. */
  readonly labelMapDestinations: ReadonlySet<string>;
}

/** Carries out the runs of one ledger; there is one of it per node. */
export class RunQueue {
  private readonly attempts: Attempts;
  private stopLoop: (() => Promise<void>) | undefined;

  constructor(private readonly options: QueueOptions) {
    this.attempts = new Attempts(options);
  }

  /** Finds again what was under way when the node ended, sweeps containers that no row knows, and starts taking runs. */
  start(): void {
    const { db, bell } = this.options;
    for (const run of [...runsInState(db, 'starting'), ...runsInState(db, 'running')]) this.attempts.resume(run);
    this.stopLoop = startStageLoop({ stage: 'runs', bell, log, work: () => this.work() });
  }

  /** Stops taking runs. Containers go on; the next start adopts them. */
  async stop(): Promise<void> {
    this.attempts.stop();
    await this.stopLoop?.();
    await this.attempts.release();
  }

  private work(): number | undefined {
    const { db, clock, settings } = this.options;
    this.cancelWhatWasAskedFor();
    if (this.attempts.sweepDue) void this.sweep();
    guardModels(db, breakerOptions(settings.breaker), clock());
    stopWaitingForEqual(db, clock());
    const { patience } = this.attempts;
    // It gives way, and rings when it is gone.
    if (this.options.trials.holdsRoom) return undefined;
    while (clock() >= patience.untilMs) if (!this.startNext()) return nextRunDueAt(db, clock());
    return patience.untilMs;
  }

  /** Starts the next run, or ends it with the result of an equal one. False where none may start. */
  private startNext(): boolean {
    const { db, clock, bell, settings, capacity, labelMapDestinations } = this.options;
    const due = readDueRuns(db, { settings, capacity }, clock(), this.attempts.underWay);
    const { start } = chooseNext(due.candidates, due.state);
    if (start === undefined) return false;
    const run = due.rows.get(start.id) as RunWithModel;
    if (this.refuse(run)) return true;
    if (takeOverEqual(db, run, labelMapDestinations, clock())) bell.ring('delivery');
    else this.attempts.begin(run, start.gpu);
    return true;
  }

  /** Ends a run that its model must not have. */
  private refuse(run: RunRow): boolean {
    const { db, clock } = this.options;
    const at = clock();
    const refusal = this.useRefusal(run) ?? this.cardRefusal(run);
    if (refusal === undefined) return false;
    const set = { failure_code: refusal.code, reason: refusal.reason, ended_at: at };
    return db.move('runs', run.id, 'cancelled', { at, from: ['queued'], set, detail: set.failure_code });
  }

  /** What cannot be asked is not allowed. */
  private useRefusal(run: RunRow): Refusal | undefined {
    try {
      return this.options.useRefusalOf(run);
    } catch (thrown) {
      const { code, seen, stack } = toAnteroomError(thrown);
      log.error('it cannot be told whether a model may be used for a run: it does not start', { run: run.id, code, stack });
      return { code: 'USE_NOT_PERMITTED', reason: `model ${run.model_name}: it cannot be told whether it may be used: ${seen}` };
    }
  }

  /** What cannot be asked must not stop the queue: the run starts, and the model tells. */
  private cardRefusal(run: RunRow): Refusal | undefined {
    try {
      return this.options.refusalOf(run);
    } catch (thrown) {
      const { code, stack } = toAnteroomError(thrown);
      log.error('it cannot be told whether a model takes what a run has: it starts', { run: run.id, code, stack });
      return undefined;
    }
  }

  private cancelWhatWasAskedFor(): void {
    const { db, clock } = this.options;
    for (const run of runsToCancel(db)) {
      if (this.attempts.cancel(run.id) || (run.state !== 'waiting' && run.state !== 'queued')) continue;
      db.move('runs', run.id, 'cancelled', {
        at: clock(),
        set: { cancel_requested: 0, ended_at: clock(), failure_code: 'RUN_CANCELLED', reason: 'cancelled by a person before it started' },
      });
    }
  }

  private async sweep(): Promise<void> {
    const { attempts } = this;
    attempts.sweepDue = false;
    const isBeingRemoved = (container: string) => attempts.isBeingRemoved(container);
    if (!(await sweepContainers({ ...this.options, isBeingRemoved }))) attempts.sweepDue = true;
  }
}
