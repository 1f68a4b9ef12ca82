/**
 * Watches one container to its end, also over the death of its engine. The engine's `wait` is only a bell (dockerode's
 * never settles if the daemon dies): what counts is what `inspect` says, and silence is never taken for an end.
 */
import { backOffMs } from '../../foundation/clock.js';
import type { Logger } from '../../foundation/log.js';
import { inspectContainer, killContainer, layerSizeBytes, stopContainer, type Inspected } from './docker-container.js';
import type { DockerEngine, EngineFacts } from './docker-engine.js';
import { endedBySignal, judgeExit, type ContainerState, type Intent } from './exit.js';
import { followLog, type LogFollower } from './docker-log.js';
import { engineLogMb } from './docker-spec.js';
import { folderSizeBytes } from './output-watch.js';
import type { RunLog } from './run-log.js';
import type { RunExit, RunSpec } from './runtime.js';
import { Alarm, never, type EndingWatch } from './watches.js';

const MAX_BACK_OFF_MS = 5000;
const AFTER_STOP_MS = 50;
const SCRATCH_EVERY_MS = 5000;
const BYTES_PER_MB = 1024 * 1024;

export interface WatchOptions {
  readonly engine: DockerEngine;
  readonly facts: EngineFacts;
  readonly spec: RunSpec;
  readonly runLog: RunLog;
  readonly log: Logger;
  /** How often output, memory and state are looked at. */
  readonly pollMs: number;
  /** How long an engine that is being stopped may still answer after it has ended its containers. */
  readonly engineStopMs: number;
  /** It was started just now, and has not been watched by an earlier node. */
  readonly isNew: boolean;
}

/** Begins to watch at once. The log is closed by the end or by `release`. */
export function watchContainer(options: WatchOptions): EndingWatch {
  const watch = new Watch(options);
  return {
    done: watch.run(),
    release: () => {
      watch.release();
    },
    intend: (intent) => {
      watch.intend(intent);
    },
  };
}

class Watch {
  private readonly follower: LogFollower;
  private readonly maxOutputBytes: number;
  private intent: Intent | undefined;
  private released = false;
  private lastSeenRunningAt: number | undefined;
  private endSeenAt: number | undefined;
  private nextScratchLookAt = Date.now() + SCRATCH_EVERY_MS;
  private engineWasAway = false;
  private failures = 0;
  private peakMemoryBytes: number | undefined;
  private readonly alarm = new Alarm();
  private bell: AbortController | undefined;

  constructor(private readonly options: WatchOptions) {
    const { engine, spec, runLog } = options;
    this.lastSeenRunningAt = options.isNew ? Date.now() : undefined;
    this.maxOutputBytes = spec.limits.maxOutputMb * BYTES_PER_MB;
    this.follower = followLog({
      engine,
      name: spec.name,
      runLog,
      rotatedAtBytes: engineLogMb(spec) * BYTES_PER_MB,
      onBroken: () => {
        this.lostContact();
      },
    });
  }

  intend(intent: Intent): void {
    this.intent ??= intent;
    this.alarm.ring();
  }

  release(): void {
    this.released = true;
    this.follower.stop();
    this.bell?.abort();
    this.options.runLog.close();
    this.alarm.ring();
  }

  async run(): Promise<RunExit> {
    for (;;) {
      const seen = await this.look();
      if (this.released) return await never();
      if (typeof seen !== 'number') return await this.finish(seen.ended);
      await this.alarm.sleep(seen);
    }
  }

  /** Looks once; answers how long to wait for the next look, or how it ended. */
  private async look(): Promise<number | { readonly ended: ContainerState | undefined }> {
    const askedAt = Date.now();
    try {
      const found: Inspected | undefined = await inspectContainer(this.options.engine, this.options.spec.name);
      this.failures = 0;
      if (!found?.state.running) return this.mayBeEngineStop(found?.state) ? this.options.pollMs : { ended: found?.state };
      this.lastSeenRunningAt = askedAt;
      this.engineWasAway = false;
      return await this.attend(found.state);
    } catch (thrown) {
      this.failures += 1;
      this.engineWasAway = true;
      if (this.failures === 1)
        this.options.log.warn('the engine does not answer; the run is watched again when it is back', {
          container: this.options.spec.name,
          seen: String(thrown),
        });
      return backOffMs(this.failures, this.options.pollMs, MAX_BACK_OFF_MS);
    }
  }

  /** A stopping engine ends its containers before it falls silent: an end by a signal that is not ours is not believed at once. */
  private mayBeEngineStop(state: ContainerState | undefined): boolean {
    this.endSeenAt ??= Date.now();
    const watched = this.lastSeenRunningAt !== undefined && !this.engineWasAway && this.intent === undefined;
    return watched && state !== undefined && endedBySignal(state) && Date.now() < this.endSeenAt + this.options.engineStopMs;
  }

  /** What is to be done for a container that runs. */
  private async attend(state: ContainerState): Promise<number> {
    this.armBell();
    this.follower.attach();
    this.sampleMemory();
    const deadline = (state.startedAt ?? Date.now()) + this.options.spec.limits.timeoutMs;
    if (await this.wroteTooMuch()) this.intent ??= 'outputTooLarge';
    this.measureScratch();
    if (Date.now() >= deadline) this.intent ??= 'timedOut';
    if (this.intent !== undefined) {
      await this.end(this.intent);
      return AFTER_STOP_MS;
    }
    return Math.max(0, Math.min(this.options.pollMs, deadline - Date.now()));
  }

  private async end(intent: Intent): Promise<void> {
    const { engine, spec } = this.options;
    // What fills the disk gets no grace time.
    if (intent === 'outputTooLarge') await killContainer(engine, spec.name);
    else await stopContainer(engine, spec.name);
  }

  private async wroteTooMuch(): Promise<boolean> {
    return (await folderSizeBytes(this.options.spec.outputDir, this.maxOutputBytes)) > this.maxOutputBytes;
  }

  /** Asked now and then, and not waited for: the engine walks through all that the container has written. */
  private measureScratch(): void {
    const { engine, spec } = this.options;
    if (spec.readOnlyRoot || Date.now() < this.nextScratchLookAt) return;
    this.nextScratchLookAt = Number.POSITIVE_INFINITY;
    layerSizeBytes(engine, spec.name)
      .then(
        (sizeBytes = 0) => {
          if (sizeBytes <= spec.limits.maxScratchMb * BYTES_PER_MB) return;
          this.intend('scratchTooLarge');
        },
        () => undefined,
      )
      .finally(() => {
        this.nextScratchLookAt = Date.now() + SCRATCH_EVERY_MS;
      });
  }

  /** A figure for the run's page: not worth an error, nor waiting for it. */
  private sampleMemory(): void {
    const { engine, spec } = this.options;
    // one-shot, or the engine takes a second to compare two samples
    const stats = engine.call((docker) => docker.getContainer(spec.name).stats({ stream: false, 'one-shot': true }), { timeoutMs: 5000 });
    stats.then(
      (sample) => {
        const memory: { usage?: number; max_usage?: number } | undefined = sample?.memory_stats;
        const usedBytes = Math.max(memory?.usage ?? 0, memory?.max_usage ?? 0);
        if (usedBytes > 0) this.peakMemoryBytes = Math.max(this.peakMemoryBytes ?? 0, usedBytes);
      },
      () => undefined,
    );
  }

  private async finish(ended: ContainerState | undefined): Promise<RunExit> {
    const { spec, runLog, log, facts } = this.options;
    this.bell?.abort();
    await this.follower.finish().catch((thrown: unknown) => {
      log.warn('the end of a log could not be read', { container: spec.name, seen: String(thrown) });
    });
    runLog.close();
    const outputTooLarge = await this.wroteTooMuch();
    const { intent, lastSeenRunningAt, engineWasAway, peakMemoryBytes } = this;
    return judgeExit(ended, {
      intent,
      oomIsSilent: facts.podman,
      lastSeenRunningAt,
      engineWasAway,
      engineKeepsContainers: facts.keepsContainers,
      outputTooLarge,
      peakMemoryBytes,
    });
  }

  /** Asks the engine to tell when the container ends. Its silence costs one `pollMs`. */
  private armBell(): void {
    if (this.bell) return;
    const bell = new AbortController();
    this.bell = bell;
    const unset = () => {
      if (this.bell === bell) this.bell = undefined;
    };
    this.options.engine.docker
      .getContainer(this.options.spec.name)
      .wait({ abortSignal: bell.signal })
      .then(
        () => {
          this.alarm.ring();
        },
        () => undefined,
      )
      .finally(unset);
  }

  /** The log's connection broke: the engine may be gone, and a pending `wait` with it. */
  private lostContact(): void {
    this.engineWasAway = true;
    this.bell?.abort();
    this.bell = undefined;
    this.alarm.ring();
  }
}
