/**
 * The one interface between a run and the engine that carries it out. Plain data only: nothing of an engine's library
 * shows here, so that a further engine is one more file beside `docker.ts` and `process.ts`.
 */

/** The label that says which node a container belongs to; without it nothing is adopted, stopped or removed. */
export const NODE_LABEL = 'anteroom.node';

/** Where an image of MHub's contract reads and writes. */
export const INPUT_MOUNT = '/app/data/input_data';
export const OUTPUT_MOUNT = '/app/data/output_data';

export interface RunLimits {
  readonly memoryMb: number;
  readonly cpus: number;
  /** Processes and threads together. */
  readonly pids: number;
  readonly shmMb: number;
  /** From the start of the container, also across a restart of the node. */
  readonly timeoutMs: number;
  readonly maxOutputMb: number;
  /** What it may write on the engine's disk elsewhere than to its output. */
  readonly maxScratchMb: number;
  /** What of the log is kept; the last lines are kept in any case. */
  readonly maxLogMb: number;
}

export type GpuRequest = 'none' | 'all' | { readonly devices: readonly string[] };

/** Everything an engine needs to know to carry out one attempt of a run. */
export interface RunSpec {
  /** The container's name, made from run and attempt: known before the container exists. */
  readonly name: string;
  /** For example `anteroom.run`, `anteroom.attempt`; `NODE_LABEL` must be among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** docker: reference pinned by digest or ID. */
  readonly image?: string;
  /** docker: arguments after the image's entry point (empty: the image's own); process: the program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Folders and file of the host, absolute. docker mounts the folders at `INPUT_MOUNT` (read-only) and `OUTPUT_MOUNT`. */
  readonly inputDir: string;
  readonly outputDir: string;
  readonly logPath: string;
  readonly limits: RunLimits;
  readonly gpu?: GpuRequest;
  readonly readOnlyRoot: boolean;
  /** Size of each memory-backed scratch folder; counts towards `memoryMb` as far as it is used. */
  readonly scratchMb: number;
  /** `uid:gid`; undefined: the image's own user. That user must be able to read `inputDir`; `outputDir` is made writable for it. */
  readonly user?: string;
  readonly workDir?: string;
}

/** How an attempt ended. These are facts, not a verdict: whether the run succeeded is decided by its output (DESIGN, point 5). */
export interface RunExit {
  readonly exitCode: number | undefined;
  /** Some process of the container was killed for memory. Also true beside exit code 0: MHub's engine survives the death of the model's process. */
  readonly oomKilled: boolean;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly outputTooLarge: boolean;
  readonly scratchTooLarge?: boolean;
  /** Ended with its engine or is gone, so that nothing can be said about the model: start it again. */
  readonly lost: boolean;
  /** Epoch ms. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly peakMemoryBytes?: number;
  /** One sentence about an end that the flags do not explain. */
  readonly detail?: string;
}

export interface RunProgress {
  /** 0 to 1, never going back; absent where the model does not say how far it is. */
  readonly fraction?: number;
  readonly text: string;
}

export interface RunEvents {
  /** The engine is about to be asked to start it: from here on it may be at work, also where the answer is an error. */
  onStarting?(): void;
  onProgress?(progress: RunProgress): void;
  /** Each line of the log that is not a progress line, without control characters. May hold patient data: for the run's own page, not for the node's log. */
  onLogLine?(line: string): void;
}

export interface RunWatch {
  /** Settles once, when the container has ended and its log is complete; never while the engine does not answer. */
  readonly done: Promise<RunExit>;
  /** Stops watching and leaves the container running, for the end of the node; `done` then never settles. */
  release(): void;
}

/** What an engine knows about an image. */
export interface ImageFacts {
  readonly id: string;
  /** The registry's digest where the image came from one, else the ID; both pin the image. `sha256:…` */
  readonly digest: string;
  readonly repoDigests: readonly string[];
  /** It is known to have come from a registry under the name that was asked for. */
  readonly fromRegistry: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The image's own user, empty for root. */
  readonly user: string;
}

/** Errors of all calls: ENGINE_UNREACHABLE, and what each one names. */
export interface Runtime {
  readonly kind: 'docker' | 'process';
  /** Which engine answers, and what it isolates, in words for a person. */
  check(): Promise<{ version: string; isolation: string }>;
  /**
   * Creates and starts the container, or adopts the one of that name. Doing it twice is doing it once; a name already
   * watched by this object gives the same watch. Errors: IMAGE_MISSING, CONTAINER_START_FAILED (nothing is left then).
   */
  start(spec: RunSpec, events: RunEvents): Promise<RunWatch>;
  /** After a restart of the node: watches what is there under that name. undefined: nothing of that name was ever started. */
  adopt(spec: RunSpec, events: RunEvents): Promise<RunWatch | undefined>;
  /** Stops and removes; resolves when it is gone. A watch of it ends with `cancelled`. */
  cancel(name: string): Promise<void>;
  /** Removes what `start` made, stopped or not; what is not there is fine. The folders and the log stay. */
  remove(name: string): Promise<void>;
  /** Names of everything of this node that exists, running or not: to sweep what no row knows. */
  list(nodeId: string): Promise<string[]>;
  /** Error: IMAGE_MISSING. */
  resolveImage?(reference: string): Promise<ImageFacts>;
  /** What a registry has under that name now. Error: IMAGE_MISSING with the registry's words. */
  registryDigest?(reference: string): Promise<string | undefined>;
  /** One file of an image, without starting it; undefined if the image has no such file. Error: IMAGE_MISSING. */
  readImageFile?(reference: string, path: string): Promise<Buffer | undefined>;
}
