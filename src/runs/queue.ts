/**
 * The queue of runs: takes what is due from the ledger, has a runtime carry it out, and writes down how it ended.
 * Memory holds only the watches of what is running; after a restart they are found again by the containers' names.
 */
import { startStageLoop, type Bell } from '../foundation/bell.js';
import { backOffMs, type Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { instancesOfVersion } from '../ledger/instances.js';
import { modelById } from '../ledger/models.js';
import { insertOutput } from '../ledger/results.js';
import {
  beginAttempt,
  containersInUse,
  endAttempt,
  inputsOfRun,
  lastAttempt,
  nextDueRun,
  nextRunDueAt,
  recordProgress,
  runById,
  runsInState,
  runsToCancel,
  type AttemptRow,
  type RunRow,
} from '../ledger/runs.js';
import type { ModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
import { ENGINE_RETRY_MS, EnginePatience, MAX_ENGINE_RETRY_MS, untilEngineAnswers } from './engine-patience.js';
import { judgeExit, type Verdict } from './judge.js';
import { collectOutputs } from './outputs.js';
import { LogTail } from './log-tail.js';
import { attemptFolders, dropAttempt, dropInput, prepareFolders } from './run-folders.js';
import { containerName, limitsOf, runSpec } from './run-spec.js';
import type { RunEvents, RunExit, RunSpec, Runtime, RunWatch } from './runtimes/runtime.js';

const log = loggerOf('runs');

/** A run that was started this often is given up when its container is lost once more: something kills it each time. */
const MAX_LOST_ATTEMPTS = 5;
const PROGRESS_EVERY_MS = 500;

export interface QueueOptions {
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
  readonly concurrency: number;
  readonly limits: Settings['runs']['limits'];
}

/** What is being carried out now. */
interface Active {
  readonly container: string;
  readonly runtime: Runtime;
  watch?: RunWatch;
}

/** Carries out the runs of one ledger; there is one of it per node. */
export class RunQueue {
  private readonly active = new Map<number, Active>();
  private stopLoop: (() => Promise<void>) | undefined;
  private stopping = false;
  private readonly patience = new EnginePatience();
  /** Containers may be there that belong to no run: left by a kill, or by an engine that went away before their removal. */
  private sweepDue = true;

  constructor(private readonly options: QueueOptions) {}

  /** Finds again what was under way when the node ended, sweeps containers that no row knows, and starts taking runs. */
  start(): void {
    const { db, bell } = this.options;
    for (const run of [...runsInState(db, 'starting'), ...runsInState(db, 'running')]) this.resume(run);
    this.stopLoop = startStageLoop({ stage: 'runs', bell, log, work: () => this.work() });
  }

  /** Stops taking runs. Containers go on; the next start adopts them. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.stopLoop?.();
    for (const active of this.active.values()) active.watch?.release();
  }

  private work(): number | undefined {
    const { db, clock, concurrency } = this.options;
    this.cancelWhatWasAskedFor();
    if (this.sweepDue) void this.sweep();
    while (this.active.size < concurrency) {
      if (clock() < this.patience.untilMs) return this.patience.untilMs;
      const run = nextDueRun(db, clock());
      if (run === undefined) return nextRunDueAt(db);
      this.begin(run);
    }
    return undefined;
  }

  private cancelWhatWasAskedFor(): void {
    const { db, clock } = this.options;
    for (const run of runsToCancel(db)) {
      const active = this.active.get(run.id);
      if (active !== undefined)
        void active.runtime
          .cancel(active.container)
          .catch((error: unknown) => log.warn('cancel failed', { run: run.id, seen: toAnteroomError(error).seen }));
      else if (run.state === 'waiting' || run.state === 'queued') {
        db.move('runs', run.id, 'cancelled', {
          at: clock(),
          set: { cancel_requested: 0, ended_at: clock(), failure_code: 'RUN_CANCELLED', reason: 'cancelled by a person before it started' },
        });
      }
    }
  }

  private begin(run: RunRow): void {
    const { db, clock, containerId } = this.options;
    const attempt = beginAttempt(db, run, (number) => containerName(containerId, run.id, number), clock());
    if (attempt === undefined) return;
    failpoint('runs.starting');
    this.carryOut(run, attempt, (runtime, spec, events) => this.startNew(run, runtime, spec, events));
  }

  /** After a restart: adopts the container of a run by its name, or queues the run again if there is none. */
  private resume(run: RunRow): void {
    const { db, clock } = this.options;
    const attempt = lastAttempt(db, run.id);
    if (attempt === undefined) {
      db.move('runs', run.id, 'queued', { at: clock(), set: { due_at: clock() }, detail: 'no attempt was made' });
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
    let plan: ReturnType<RunQueue['plan']>;
    try {
      plan = this.plan(run, attempt);
    } catch (thrown) {
      this.couldNotRun(run, attempt, toAnteroomError(thrown));
      return;
    }
    const { runtime, spec, yaml } = plan;
    const active: Active = { container: attempt.container, runtime };
    this.active.set(run.id, active);
    void this.attempt(run, attempt, yaml, active, (events) => obtain(runtime, spec, events)).finally(() => {
      this.active.delete(run.id);
      this.options.bell.ring('runs');
    });
  }

  private async attempt(
    run: RunRow,
    attempt: AttemptRow,
    yaml: ModelYaml,
    active: Active,
    obtain: (events: RunEvents) => Promise<RunWatch | undefined>,
  ): Promise<void> {
    const { db, clock } = this.options;
    const tail = new LogTail();
    try {
      active.watch = await obtain(this.events(run.id, tail));
      if (this.stopping) {
        // The row stays as it is: the next start adopts the container.
        active.watch?.release();
        return;
      }
      this.patience.answered();
      if (active.watch === undefined) {
        this.lostBeforeStart(run, attempt);
        return;
      }
      failpoint('runs.created');
      db.move('runs', run.id, 'running', { at: clock(), from: ['starting'] });
      failpoint('runs.running');
      const exit = await active.watch.done;
      await this.finish(run, attempt, exit, yaml, tail);
    } catch (thrown) {
      // While the node ends, the row stays as it is: the next start looks for the container.
      if (this.stopping) return;
      this.couldNotRun(run, attempt, toAnteroomError(thrown));
      const folders = attemptFolders(this.options.runsFolder, run.id, attempt.number);
      if (active.watch === undefined) dropAttempt(folders);
      else dropInput(folders);
      return;
    }
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

  private plan(run: RunRow, attempt: AttemptRow): { runtime: Runtime; spec: RunSpec; yaml: ModelYaml } {
    const { db, nodeId, runsFolder, runtimes, limits } = this.options;
    const model = run.model_id === null ? undefined : modelById(db, run.model_id);
    if (model === undefined) throw new AnteroomError('MODEL_UNKNOWN', `run ${run.id} has no registered model`);
    const yaml = JSON.parse(model.package) as ModelYaml;
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
      limits,
    });
    return { runtime: runtimes[yaml.runtime], spec, yaml };
  }

  private async startNew(run: RunRow, runtime: Runtime, spec: RunSpec, events: RunEvents): Promise<RunWatch> {
    const { db, archiveFolder, runsFolder } = this.options;
    const series = inputsOfRun(db, run.id).map((input) => input.series_instance_uid);
    const instances = instancesOfVersion(db, run.version_id).filter((instance) => series.includes(instance.series_instance_uid));
    const attempt = lastAttempt(db, run.id) as AttemptRow;
    prepareFolders(attemptFolders(runsFolder, run.id, attempt.number), archiveFolder, instances, spec.user);
    return runtime.start(spec, events);
  }

  private events(runId: number, tail: LogTail): RunEvents {
    let writtenAt = 0;
    return {
      onLogLine: (line) => tail.add(line),
      onProgress: ({ fraction, text }) => {
        const now = this.options.clock();
        if (now - writtenAt < PROGRESS_EVERY_MS && fraction !== 1) return;
        writtenAt = now;
        recordProgress(this.options.db, runId, fraction ?? null, text);
      },
    };
  }

  private async finish(run: RunRow, attempt: AttemptRow, exit: RunExit, yaml: ModelYaml, tail: LogTail): Promise<void> {
    const { db, clock, runsFolder, bell } = this.options;
    const folders = attemptFolders(runsFolder, run.id, attempt.number);
    const outputs = await collectOutputs(folders.outputDir);
    const verdict = judgeExit(exit, outputs, limitsOf(yaml, this.options.limits));
    const at = clock();
    const end = { at, exitCode: exit.exitCode, peakMemoryBytes: exit.peakMemoryBytes, outcome: verdict.outcome };
    if (verdict.outcome === 'produced') {
      db.transaction(() => {
        endAttempt(db, attempt.id, end);
        for (const { path, kind, sizeBytes, sha256 } of outputs) {
          insertOutput(db, { run_id: run.id, attempt_id: attempt.id, path, kind, size_bytes: sizeBytes, sha256 });
        }
        db.move('runs', run.id, 'produced', { at, from: ['running'], set: { progress: 1 } });
      });
      failpoint('runs.produced');
      bell.ring('results');
    } else {
      db.transaction(() => {
        endAttempt(db, attempt.id, end);
        this.unsuccessful(run, verdict, tail);
      });
    }
    dropInput(folders);
  }

  private unsuccessful(run: RunRow, { outcome, error }: Exclude<Verdict, { outcome: 'produced' }>, tail: LogTail): void {
    const { db, clock } = this.options;
    const at = clock();
    const lastLines = tail.text();
    const set = {
      failure_code: error.code,
      reason: lastLines === '' ? error.seen : `${error.seen}\nlast lines of its log:\n${lastLines}`,
      ended_at: at,
    };
    const givesUp = outcome === 'again' && (runById(db, run.id)?.attempts ?? 0) >= MAX_LOST_ATTEMPTS;
    if (outcome === 'again' && !givesUp)
      db.move('runs', run.id, 'queued', { at, set: { ...set, due_at: at + ENGINE_RETRY_MS }, detail: error.code });
    else {
      const to = outcome === 'cancelled' ? 'cancelled' : 'failed';
      db.move('runs', run.id, to, { at, set: { ...set, cancel_requested: 0 }, detail: error.code });
    }
  }

  /** Killed between the row and the container: nothing has run, so the attempt does not count. */
  private lostBeforeStart(run: RunRow, attempt: AttemptRow): void {
    const { db, clock, runsFolder } = this.options;
    const at = clock();
    const detail = 'no container was found after a restart';
    dropInput(attemptFolders(runsFolder, run.id, attempt.number));
    this.sweepDue = true;
    db.transaction(() => {
      endAttempt(db, attempt.id, { at, outcome: detail });
      db.move('runs', run.id, 'queued', { at, set: { due_at: at, attempts: Math.max(0, run.attempts - 1) }, detail });
    });
  }

  private couldNotRun(run: RunRow, attempt: AttemptRow, error: AnteroomError): void {
    const { db, clock } = this.options;
    const at = clock();
    log.warn('run could not be carried out', { run: run.id, code: error.code, kind: error.kind, seen: error.seen });
    this.sweepDue = true;
    const set = { failure_code: error.code, reason: error.seen };
    const from = ['starting', 'running'] as const;
    db.transaction(() => {
      endAttempt(db, attempt.id, { at, outcome: error.code });
      if (error.kind === 'transient') {
        const away = error.code === 'ENGINE_UNREACHABLE';
        const due_at = away ? this.patience.wasSilent(at) : at + backOffMs(attempt.number, ENGINE_RETRY_MS, MAX_ENGINE_RETRY_MS);
        const attempts = Math.max(0, (runById(db, run.id)?.attempts ?? 0) - 1);
        db.move('runs', run.id, 'queued', { at, from, set: { ...set, due_at, attempts }, detail: error.code });
      } else db.move('runs', run.id, 'failed', { at, from, set: { ...set, ended_at: at, cancel_requested: 0 }, detail: error.code });
    });
  }

  /** Removes containers of this node that belong to no run under way. An engine that does not answer is swept with a later look. */
  private async sweep(): Promise<void> {
    const { db, nodeId, runtimes } = this.options;
    this.sweepDue = false;
    for (const runtime of Object.values(runtimes)) {
      try {
        const present = await runtime.list(nodeId);
        // Asked after the engine: a row is there before its container is.
        const inUse = new Set(containersInUse(db));
        for (const name of present.filter((known) => !inUse.has(known))) {
          log.info('removing a container that no run knows', { container: name });
          await runtime.remove(name);
        }
      } catch (thrown) {
        const { code, seen } = toAnteroomError(thrown);
        log.debug('no sweep of containers', { code, seen });
        this.sweepDue = true;
      }
    }
  }
}
