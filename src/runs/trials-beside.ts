/**
 * Tests of registered models beside the queue of a running node: one at a time, only in their window and while the queue has nothing to do, and
 * given up as soon as it has. No run starts before its container is gone. So a test takes nothing from any run, and no account of what is free has to
 * know of it.
 */
import type { Bell } from '../foundation/bell.js';
import type { Clock } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from '../ledger/database.js';
import type { ModelRow } from '../ledger/models.js';
import type { RunWindow } from '../ledger/runs.js';
import { cardOf } from '../models/answers.js';
import type { ModelYaml } from '../models/model-yaml.js';
import { chooseNext } from './choose-next.js';
import { readDueRuns, type QueueRules } from './due-runs.js';
import type { Runtime } from './runtimes/runtime.js';
import { openSince } from './start-window.js';
import { runTrial, trialFacts, type Trial } from './trial.js';

const LOOK_MS = 1_000;

export interface TrialsOptions extends QueueRules {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly runtimes: Readonly<Record<Runtime['kind'], Runtime>>;
  readonly window: RunWindow;
}

/** The tests of one node. */
export class TrialsBeside {
  private underWay: AbortController | undefined;

  constructor(private readonly options: TrialsOptions) {}

  /** Whether one may start now. */
  mayStart(): boolean {
    return openSince(this.options.window, this.options.clock()) !== undefined && this.queueIsIdle();
  }

  /** Whether a container of one is there, or may be: it holds its part of the machine until it is removed. */
  get holdsRoom(): boolean {
    return this.underWay !== undefined;
  }

  /** Containers of tests that were under way when the node was killed. */
  async sweep(): Promise<void> {
    for (const runtime of Object.values(this.options.runtimes)) {
      const left = await runtime.list(this.owner).catch(() => []);
      for (const name of left) await runtime.remove(name).catch(() => undefined);
    }
  }

  /** @throws {AnteroomError} as `runTrial`; RUN_CANCELLED where it gave way or the node ends. */
  async run(
    model: ModelRow,
    { sample, workflow }: { sample: string; workflow: string },
    folder: string,
  ): Promise<Trial & { facts: ReturnType<typeof trialFacts> }> {
    const { bell, runtimes, settings } = this.options;
    const ending = new AbortController();
    this.underWay = ending;
    const look = () => {
      if (!this.queueIsIdle()) ending.abort();
    };
    const silence = bell.listen('runs', look);
    const timer = setInterval(look, LOOK_MS);
    try {
      const yaml = JSON.parse(model.package) as ModelYaml;
      const trial = await runTrial({
        model: { card: cardOf(model), model: yaml, dir: model.folder ?? '' },
        digest: model.digest,
        sampleDir: sample,
        folder,
        workflow,
        runtime: runtimes[yaml.runtime],
        limits: settings.limits,
        owner: this.owner,
        signal: ending.signal,
      });
      return { ...trial, facts: trialFacts(trial) };
    } catch (thrown) {
      if (ending.signal.aborted)
        throw new AnteroomError('RUN_CANCELLED', 'the test gave way to the queue, or the node ended', { cause: thrown });
      throw thrown;
    } finally {
      clearInterval(timer);
      silence();
      this.underWay = undefined;
      bell.ring('runs');
    }
  }

  /** Ends the one that is under way. */
  stop(): void {
    this.underWay?.abort();
  }

  /** Not the node's own name: what belongs to no run would be swept. */
  private get owner(): string {
    return `${this.options.nodeId}-tests`;
  }

  private queueIsIdle(): boolean {
    const { db, clock } = this.options;
    const due = readDueRuns(db, this.options, clock());
    return due.state.running.length === 0 && chooseNext(due.candidates, due.state).start === undefined;
  }
}
