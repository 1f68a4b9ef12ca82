/**
 * Carrying out attempts: a runtime starts a container or finds it again, and how it ended is written down. Memory holds only the watches of
 * what is running; after a restart they are found again by the containers' names.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Bell } from '../foundation/bell.js';
import type { Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { modelById } from '../ledger/models.js';
import { beginAttempt, lastAttempt, recordProgress, runById, type AttemptRow, type RunRow } from '../ledger/runs.js';
import type { RegisteredModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
import { Endings } from './endings.js';
import { EnginePatience, untilEngineAnswers } from './engine-patience.js';
import { inputFilesOf } from './input-files.js';
import { LogTail } from './log-tail.js';
import { attemptFolders, dropAttempt, dropInput, prepareFolders } from './run-folders.js';
import { containerName, runSpec } from './run-spec.js';
import type { RunEvents, RunSpec, Runtime, RunWatch } from './runtimes/runtime.js';

const log = loggerOf('runs');

const PROGRESS_EVERY_MS = 500;
/** How long the end of the node waits for an engine to remove what has ended. */
const REMOVAL_GRACE_MS = 5_000;

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
  watch?: RunWatch;
}

/** Carries out the attempts of one node. */
export class Attempts {
  readonly patience = new EnginePatience();
  /** Containers may be there that belong to no run. */
  sweepDue = true;
  private readonly active = new Map<number, Active>();
  private stopping = false;
  /** Removals under way of containers whose runs have ended. */
  private readonly removals = new Set<Promise<void>>();
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
    this.stopping = true;
  }

  /** Lets the watches go. Resolves when containers whose runs have ended are removed, or after a while: the next start sweeps them then. */
  async release(): Promise<void> {
    for (const active of this.active.values()) active.watch?.release();
    await Promise.race([Promise.all(this.removals), setTimeout(REMOVAL_GRACE_MS, undefined, { ref: false })]);
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
      db.move('runs', run.id, 'queued', { at: clock(), detail: 'no attempt was made' });
      return;
    }
    log.info('looking for the container of a run that was under way', { run: run.id, container: attempt.container });
    this.carryOut(run, attempt, (runtime, spec, events) =>
      untilEngineAnswers(
        () => runtime.adopt(spec, events),
        () => this.stopping,
      ),
    );
  }

  /** Runs one attempt to its end; `obtain` starts the container or finds it. Never rejects. */
  private carryOut(
    run: RunRow,
    attempt: AttemptRow,
    obtain: (runtime: Runtime, spec: RunSpec, events: RunEvents) => Promise<RunWatch | undefined>,
  ): void {
    let plan: ReturnType<Attempts['plan']>;
    try {
      plan = this.plan(run, attempt);
    } catch (thrown) {
      this.couldNotRun(run, attempt, thrown);
      return;
    }
    const { runtime, spec, yaml } = plan;
    const active: Active = { container: attempt.container, runtime };
    this.active.set(run.id, active);
    void this.attempt(run, attempt, yaml, active, (events) => obtain(runtime, spec, events)).finally(() => this.makeRoom(run));
  }

  /** The next containers start first, then results are made beside them: doing both at once would take longer. */
  private async makeRoom(run: RunRow): Promise<void> {
    const { bell } = this.options;
    this.active.delete(run.id);
    bell.ring('runs');
    await setImmediate();
    await Promise.allSettled([...this.active.values()].flatMap(({ started }) => started ?? []));
    bell.ring('results');
  }

  private async attempt(
    run: RunRow,
    attempt: AttemptRow,
    yaml: RegisteredModelYaml,
    active: Active,
    obtain: (events: RunEvents) => Promise<RunWatch | undefined>,
  ): Promise<void> {
    const { db, clock } = this.options;
    const tail = new LogTail();
    try {
      const obtaining = obtain(this.events(run.id, tail));
      active.started = obtaining;
      active.watch = await obtaining;
      if (this.stopping) {
        // The row stays as it is: the next start adopts the container.
        active.watch?.release();
        return;
      }
      this.patience.answered();
      if (active.watch === undefined) {
        this.sweepDue = true;
        this.endings.lostBeforeStart(run, attempt);
        return;
      }
      failpoint('runs.created');
      db.move('runs', run.id, 'running', { at: clock(), from: ['starting'] });
      failpoint('runs.running');
      const exit = await active.watch.done;
      await this.endings.finish(run, attempt, exit, yaml, tail);
    } catch (thrown) {
      // While the node ends, the row stays as it is: the next start looks for the container.
      if (this.stopping) return;
      this.couldNotRun(run, attempt, thrown);
      const folders = attemptFolders(this.options.runsFolder, run.id, attempt.number);
      if (active.watch === undefined) dropAttempt(folders);
      else dropInput(folders);
      return;
    }
    // Not waited for: what has ended takes no room from the next run.
    const removal = this.tidyUp(run, attempt, active).finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }

  private async tidyUp(run: RunRow, attempt: AttemptRow, active: Active): Promise<void> {
    await this.removeContainer(active);
    dropInput(attemptFolders(this.options.runsFolder, run.id, attempt.number));
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
    const { db, nodeId, runsFolder, runtimes, settings } = this.options;
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
      folders: attemptFolders(runsFolder, run.id, attempt.number),
      limits: settings.limits,
      gpu: runById(db, run.id)?.gpu ?? undefined,
    });
    return { runtime: runtimes[yaml.runtime], spec, yaml };
  }

  private async startNew(run: RunRow, runtime: Runtime, spec: RunSpec, events: RunEvents): Promise<RunWatch> {
    const { db, archiveFolder, runsFolder } = this.options;
    const attempt = lastAttempt(db, run.id) as AttemptRow;
    prepareFolders(attemptFolders(runsFolder, run.id, attempt.number), archiveFolder, inputFilesOf(db, run), spec.user);
    return runtime.start(spec, events);
  }

  private events(runId: number, tail: LogTail): RunEvents {
    let writtenAt = 0;
    let writtenText: string | undefined;
    return {
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

  private couldNotRun(run: RunRow, attempt: AttemptRow, thrown: unknown): void {
    this.sweepDue = true;
    this.endings.couldNotRun(run, attempt, toAnteroomError(thrown));
  }
}
