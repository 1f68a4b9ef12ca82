/** Watches one process of the host to its end by what it leaves in its state folder. */
import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../foundation/log.js';
import { judgeExit, type ContainerState, type Intent } from './exit.js';
import { folderSizeBytes } from './output-watch.js';
import { groupMemoryBytes, isAlive, isGroupAlive, signalGroup, type ProcessIdentity } from './process-group.js';
import { readState, type ProcessState, type StateFolder } from './process-state.js';
import type { RunLog } from './run-log.js';
import type { RunExit, RunSpec } from './runtime.js';
import { Alarm, never, type EndingWatch } from './watches.js';

const BYTES_PER_MB = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** With a full log, what is read of `output` is given up in pieces of this size. */
const GIVE_UP_BYTES = BYTES_PER_MB;
/** Between SIGTERM and SIGKILL. */
export const STOP_GRACE_MS = 5000;

export interface ProcessWatchOptions {
  readonly folder: StateFolder;
  readonly spec: RunSpec;
  readonly runLog: RunLog;
  readonly log: Logger;
  readonly pollMs: number;
  /** It was started just now, and has not been watched by an earlier node. */
  readonly isNew: boolean;
}

export interface ProcessWatch extends EndingWatch {
  /** Look now: it may have ended. */
  ring(): void;
}

/** Begins to watch at once. The log is closed by the end or by `release`. */
export function watchProcess(options: ProcessWatchOptions): ProcessWatch {
  const watch = new Watch(options);
  return {
    done: watch.run(),
    release: () => {
      watch.release();
    },
    intend: (intent) => {
      watch.intend(intent);
    },
    ring: () => {
      watch.ring();
    },
  };
}

class Watch {
  private readonly alarm = new Alarm();
  private readonly maxOutputBytes: number;
  private intent: Intent | undefined;
  private killAt: number | undefined;
  private released = false;
  private readBytes = 0;
  private lastSeenRunningAt: number | undefined;
  private peakMemoryBytes: number | undefined;

  constructor(private readonly options: ProcessWatchOptions) {
    this.lastSeenRunningAt = options.isNew ? Date.now() : undefined;
    this.maxOutputBytes = options.spec.limits.maxOutputMb * BYTES_PER_MB;
  }

  intend(intent: Intent): void {
    this.intent ??= intent;
    this.alarm.ring();
  }

  ring(): void {
    this.alarm.ring();
  }

  release(): void {
    this.released = true;
    this.options.runLog.close();
    this.alarm.ring();
  }

  async run(): Promise<RunExit> {
    for (;;) {
      const exit = await this.look().catch((thrown: unknown) => {
        this.options.log.error('a process could not be looked at, tried again', { run: this.options.spec.name, seen: String(thrown) });
      });
      if (this.released) return await never();
      if (exit) return exit;
      await this.alarm.sleep(this.options.pollMs);
    }
  }

  /** Looks once; answers how it ended, or nothing while it runs. */
  private async look(): Promise<RunExit | undefined> {
    const state = await readState(this.options.folder);
    const running = state?.exitCode === undefined && state?.identity !== undefined && (await isAlive(state.identity));
    if (running) await this.attend(state.identity, state.startedAt ?? Date.now());
    // What the program has started and left may hold memory, a GPU and the output.
    else if (state?.identity !== undefined && (await isGroupAlive(state.identity))) await this.end(state.identity, this.intent);
    // Asked again, for it may have ended between the two questions.
    else return await this.finish(await readState(this.options.folder));
    return undefined;
  }

  private async attend(identity: ProcessIdentity, startedAt: number): Promise<void> {
    this.lastSeenRunningAt = Date.now();
    const { spec } = this.options;
    await this.readOutput();
    const memoryBytes = (await groupMemoryBytes(identity)) ?? 0;
    if (memoryBytes > 0) this.peakMemoryBytes = Math.max(this.peakMemoryBytes ?? 0, memoryBytes);
    if (memoryBytes > spec.limits.memoryMb * BYTES_PER_MB) this.intent ??= 'outOfMemory';
    if (await this.wroteTooMuch()) this.intent ??= 'outputTooLarge';
    const scratchBytes = await folderSizeBytes(join(this.options.folder.path, 'tmp'), spec.limits.maxScratchMb * BYTES_PER_MB);
    if (scratchBytes > spec.limits.maxScratchMb * BYTES_PER_MB) this.intent ??= 'scratchTooLarge';
    if (Date.now() >= startedAt + spec.limits.timeoutMs) this.intent ??= 'timedOut';
    if (this.intent !== undefined) await this.end(identity, this.intent);
  }

  /** SIGTERM first, unless each moment costs memory or disk. */
  private async end(identity: ProcessIdentity, intent: Intent | undefined): Promise<void> {
    const urgent = intent === 'outOfMemory' || intent === 'outputTooLarge' || intent === 'scratchTooLarge';
    const isFirst = this.killAt === undefined;
    this.killAt ??= Date.now() + (urgent ? 0 : STOP_GRACE_MS);
    if (Date.now() >= this.killAt) await signalGroup(identity, 'SIGKILL');
    else if (isFirst) await signalGroup(identity, 'SIGTERM');
  }

  private async finish(state: ProcessState | undefined): Promise<RunExit> {
    await this.readOutput();
    this.options.runLog.close();
    const { intent, lastSeenRunningAt, peakMemoryBytes } = this;
    const outputTooLarge = await this.wroteTooMuch();
    return judgeExit(endOf(state, intent), {
      intent,
      oomIsSilent: false,
      lastSeenRunningAt,
      engineWasAway: false,
      engineKeepsContainers: true,
      outputTooLarge,
      peakMemoryBytes,
    });
  }

  private async wroteTooMuch(): Promise<boolean> {
    return (await folderSizeBytes(this.options.spec.outputDir, this.maxOutputBytes)) > this.maxOutputBytes;
  }

  /** Passes on what was printed since the last time. The program appends (O_APPEND), so the file may be emptied under it. */
  private async readOutput(): Promise<void> {
    const { folder, runLog } = this.options;
    const file = await open(folder.output, 'r').catch(() => undefined);
    if (!file) return;
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length, this.readBytes);
        if (bytesRead === 0 || this.released) break;
        runLog.write('stdout', chunk.subarray(0, bytesRead));
        this.readBytes += bytesRead;
      }
    } finally {
      await file.close();
    }
    if (!runLog.cut || this.readBytes < GIVE_UP_BYTES) return;
    await writeFile(folder.cut, '');
    await truncate(folder.output);
    this.readBytes = 0;
  }
}

/** undefined: nothing is known of its end. A process that we killed is known to have been killed. */
function endOf(state: ProcessState | undefined, intent: Intent | undefined): ContainerState | undefined {
  const exitCode = state?.exitCode ?? (intent === undefined ? undefined : 137);
  if (exitCode === undefined) return undefined;
  return { status: 'exited', running: false, exitCode, oomKilled: false, error: '', startedAt: state?.startedAt, endedAt: state?.endedAt };
}
