/**
 * Carrying out attempts: a runtime starts a container or finds it again, and how it ended is written down. Memory holds only the watches of
 * what is running; after a restart they are found again by the containers' names.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Bell } from '../foundation/bell.js';
import type { Clock } from '../foundation/clock.js';
import { orDiskFault } from '../foundation/disk-fault.js';
import { AnteroomError, toAnteroomError, type ErrorCode } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { modelById } from '../ledger/models.js';
import { beginAttempt, lastAttempt, NO_PROGRESS, recordProgress, runById, type AttemptRow, type RunRow } from '../ledger/runs.js';
import type { RegisteredModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
import { Endings } from './endings.js';
import { EnginePatience, untilEngineAnswers } from './engine-patience.js';
import { inputFilesOf } from './input-files.js';
import { LogTail } from './log-tail.js';
import { attemptFolders, dropAttempt, dropInput, prepareFolders, type AttemptFolders } from './run-folders.js';
import { containerName, runSpec } from './run-spec.js';
import type { RunEvents, RunExit, RunSpec, Runtime, RunWatch } from './runtimes/runtime.js';
import { untilWritten } from './until-written.js';

const log = loggerOf('runs');

const PROGRESS_EVERY_MS = 500;
/** How long the end of the node waits for an engine to remove what has ended. */
const REMOVAL_GRACE_MS = 5_000;
/** How long results wait for the containers that take the room of one that has ended. */
const START_GRACE_MS = 2_000;
/** A start that is refused so leaves nothing. */
const NOT_STARTED: readonly ErrorCode[] = ['IMAGE_MISSING', 'CONTAINER_START_FAILED'];

export interface AttemptOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  /** Short name of this node, in the labels of containers. */
  readonly nodeId: string;
  /** Part of the names of new containers; differs from `nodeId` after a restore. */
  readonly containerId: string;
  readonly archiveFolder: string;
  readonly runsFolder: string;
  readonly runtimes: Readonly<Record<Runtime['kind'], Runtime>>;
  readonly settings: Settings['runs'];
}

/** What is being carried out now. */
interface Active {
  readonly container: string;
  readonly runtime: Runtime;
  /** Settles when the container was started or found, or could not be. */
  started?: Promise<unknown>;
  /** The engine was asked to start it, and it may be at work whatever the engine said. */
  mayRun?: boolean;
  watch?: RunWatch;
}

/** Carries out the attempts of one node. */
export class Attempts {
  readonly patience = new EnginePatience();
  /** Containers may be there that belong to no run. */
  sweepDue = true;
  private readonly active = new Map<number, Active>();
  private readonly ending = new AbortController();
  /** Removals under way of containers whose runs have ended, by name; none rejects. */
  private readonly removals = new Map<string, Promise<void>>();
  private readonly endings: Endings;

  constructor(private readonly options: AttemptOptions) {
    this.endings = new Endings({ ...options, patience: this.patience });
  }

  /** Runs whose containers are at work, or about to be. One that has ended takes nothing any more, though it is there until it is removed. */
  get underWay(): readonly number[] {
    return [...this.active.keys()];
  }

  /** Containers go on; the next start adopts them. */
  stop(): void {
    this.ending.abort();
  }

  /** Whether that container's run has ended, and it is about to be gone. */
  isBeingRemoved(container: string): boolean {
    return this.removals.has(container);
  }

  /** Lets the watches go. Resolves when containers whose runs have ended are removed, or after a while: the next start sweeps them then. */
  async release(): Promise<void> {
    for (const active of this.active.values()) active.watch?.release();
    await Promise.race([Promise.all(this.removals.values()), setTimeout(REMOVAL_GRACE_MS, undefined, { ref: false })]);
  }

  /** Stops the container of a run that is under way; false if it is not. */
  cancel(runId: number): boolean {
    const active = this.active.get(runId);
    if (active === undefined) return false;
    void active.runtime
      .cancel(active.container)
      .catch((error: unknown) => log.warn('cancel failed', { run: runId, seen: toAnteroomError(error).seen }));
    return true;
  }

  /** Starts a queued run, on the GPU given. */
  begin(run: RunRow, gpu?: number): void {
    const { db, clock, containerId } = this.options;
    const attempt = beginAttempt(db, run, (number) => containerName(containerId, run.id, number), clock(), gpu);
    if (attempt === undefined) return;
    failpoint('runs.starting');
    this.carryOut(run, attempt, (runtime, spec, events) => this.startNew(run, runtime, spec, events));
  }

  /** After a restart: adopts the container of a run by its name, or queues the run again if there is none. */
  resume(run: RunRow): void {
    const { db, clock } = this.options;
    const attempt = lastAttempt(db, run.id);
    if (attempt === undefined) {
      db.move('runs', run.id, 'queued', { at: clock(), set: NO_PROGRESS, detail: 'no attempt was made' });
      return;
    }
    log.info('looking for the container of a run that was under way', { run: run.id, container: attempt.container });
    this.carryOut(run, attempt, (runtime, spec, events) => {
      events.onStarting?.();
      return untilEngineAnswers(
        () => runtime.adopt(spec, events),
        () => this.ending.signal.aborted,
      );
    });
  }

  /** Runs one attempt to its end; `obtain` starts the container or finds it. What fails on the way is written down or logged. */
  private carryOut(
    run: RunRow,
    attempt: AttemptRow,
    obtain: (runtime: Runtime, spec: RunSpec, events: RunEvents) => Promise<RunWatch | undefined>,
  ): void {
    let plan: ReturnType<Attempts['plan']>;
    try {
      plan = this.plan(run, attempt);
    } catch (thrown) {
      void this.couldNotRun(run, attempt, thrown);
      return;
    }
    const { runtime, spec, yaml } = plan;
    const active: Active = { container: attempt.container, runtime };
    this.active.set(run.id, active);
    this.attempt(run, attempt, yaml, active, (events) => obtain(runtime, spec, events))
      .finally(() => this.makeRoom(run))
      .catch((thrown: unknown) => {
        const { code, seen, remedy, stack } = toAnteroomError(thrown);
        log.error('an attempt ended in a way that nobody foresaw', { run: run.id, attempt: attempt.number, code, seen, remedy, stack });
      });
  }

  /** The containers that take its room start first, then results are made beside them: doing both at once would take longer. */
  private async makeRoom(run: RunRow): Promise<void> {
    const { bell } = this.options;
    this.active.delete(run.id);
    const before = new Set(this.active.values());
    bell.ring('runs');
    await setImmediate();
    const starts = [...this.active.values()].filter((active) => !before.has(active)).flatMap(({ started }) => started ?? []);
    await Promise.race([Promise.allSettled(starts), setTimeout(START_GRACE_MS, undefined, { ref: false })]);
    bell.ring('results');
  }

  private async attempt(
    run: RunRow,
    attempt: AttemptRow,
    yaml: RegisteredModelYaml,
    active: Active,
    obtain: (events: RunEvents) => Promise<RunWatch | undefined>,
  ): Promise<void> {
    const tail = new LogTail();
    const exit = await this.exitOf(run, attempt, active, () => obtain(this.events(run.id, tail, active)));
    if (exit === undefined) return;
    // Not `couldNotRun`: what it left is complete, only the word of it is missing.
    const end = { run, attempt, exit, yaml, tail, unjudged: 0 };
    if (!(await untilWritten(run.id, () => this.endings.finish(end), this.ending.signal))) return;
    // Not waited for: what has ended takes no room from the next run.
    const removal = this.tidyUp(run, attempt, active).finally(() => this.removals.delete(active.container));
    this.removals.set(active.container, removal);
  }

  /** How the container ended; undefined where there is none, which is written down, and where the node ends first: the next start looks for it. */
  private async exitOf(
    run: RunRow,
    attempt: AttemptRow,
    active: Active,
    obtain: () => Promise<RunWatch | undefined>,
  ): Promise<RunExit | undefined> {
    const { db, clock } = this.options;
    const { signal } = this.ending;
    try {
      const obtaining = obtain();
      active.started = obtaining;
      active.watch = await obtaining;
      if (signal.aborted) {
        // The row stays as it is: the next start adopts the container.
        active.watch?.release();
        return undefined;
      }
      this.patience.answered();
      if (active.watch === undefined) {
        await untilWritten(run.id, () => this.endings.lostBeforeStart(run, attempt), signal);
        this.sweepDue = true;
        return undefined;
      }
      failpoint('runs.created');
      await untilWritten(run.id, () => void db.move('runs', run.id, 'running', { at: clock(), from: ['starting'] }), signal);
      failpoint('runs.running');
      return await active.watch.done;
    } catch (thrown) {
      // While the node ends, the row stays as it is: the next start looks for the container.
      if (!signal.aborted) await this.couldNotRun(run, attempt, thrown, active);
      return undefined;
    }
  }

  /** The input goes first, as it holds a study: what is left by a kill in between is swept. */
  private async tidyUp(run: RunRow, attempt: AttemptRow, active: Active): Promise<void> {
    dropInput(this.foldersOf(run, attempt));
    await this.removeContainer(active);
  }

  /** How the run ended is written down already, and stays so if the engine has gone away since. */
  private async removeContainer({ runtime, container }: Active): Promise<void> {
    try {
      await runtime.remove(container);
    } catch (thrown) {
      const { code, seen } = toAnteroomError(thrown);
      log.warn('a container could not be removed, it is swept later', { container, code, seen });
      this.sweepDue = true;
    }
  }

  private plan(run: RunRow, attempt: AttemptRow): { runtime: Runtime; spec: RunSpec; yaml: RegisteredModelYaml } {
    const { db, nodeId, runtimes, settings } = this.options;
    const model = run.model_id === null ? undefined : modelById(db, run.model_id);
    if (model === undefined) throw new AnteroomError('MODEL_UNKNOWN', `run ${run.id} has no registered model`);
    const yaml = JSON.parse(model.package) as RegisteredModelYaml;
    const spec = runSpec({
      nodeId,
      runId: run.id,
      attempt: attempt.number,
      container: attempt.container,
      yaml,
      digest: model.digest,
      modelFolder: model.folder,
      settings: JSON.parse(run.settings) as Record<string, unknown>,
      workflow: run.workflow,
      folders: this.foldersOf(run, attempt),
      limits: settings.limits,
      gpu: runById(db, run.id)?.gpu ?? undefined,
    });
    return { runtime: runtimes[yaml.runtime], spec, yaml };
  }

  private async startNew(run: RunRow, runtime: Runtime, spec: RunSpec, events: RunEvents): Promise<RunWatch> {
    const { db, archiveFolder } = this.options;
    const folders = this.foldersOf(run, lastAttempt(db, run.id) as AttemptRow);
    await prepareFolders(folders, archiveFolder, inputFilesOf(db, run), spec.user, this.ending.signal);
    return runtime.start(spec, events);
  }

  private events(runId: number, tail: LogTail, active: Active): RunEvents {
    let writtenAt = 0;
    let writtenText: string | undefined;
    return {
      onStarting: () => {
        active.mayRun = true;
      },
      onLogLine: (line) => tail.add(line),
      onProgress: ({ fraction, text }) => {
        const now = this.options.clock();
        // A new step is always told: the next word may come when it has ended.
        if (text === writtenText && now - writtenAt < PROGRESS_EVERY_MS && fraction !== 1) return;
        [writtenAt, writtenText] = [now, text];
        recordProgress(this.options.db, runId, fraction ?? null, text);
      },
    };
  }

  private foldersOf(run: RunRow, attempt: AttemptRow): AttemptFolders {
    return attemptFolders(this.options.runsFolder, run.id, attempt.number);
  }

  /** Of a container that may be at work the folders stay, until it is swept. Never rejects. */
  private async couldNotRun(run: RunRow, attempt: AttemptRow, thrown: unknown, active?: Active): Promise<void> {
    const error = orDiskFault(thrown);
    if (active !== undefined && (active.mayRun !== true || NOT_STARTED.includes(error.code))) dropAttempt(this.foldersOf(run, attempt));
    await untilWritten(run.id, () => this.endings.couldNotRun(run, attempt, error), this.ending.signal);
    this.sweepDue = true;
  }
}
