/** What the tests of the runtimes share: a run in a folder of its own, and what was heard from it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFields, Logger } from '../../src/foundation/log.js';
import {
  INPUT_MOUNT,
  OUTPUT_MOUNT,
  type RunEvents,
  type RunLimits,
  type RunProgress,
  type RunSpec,
} from '../../src/runs/runtimes/runtime.js';
import { until } from './until.js';

export interface Heard {
  readonly events: RunEvents;
  readonly progress: RunProgress[];
  readonly lines: string[];
}

export function listener(): Heard {
  const progress: RunProgress[] = [];
  const lines: string[] = [];
  return { progress, lines, events: { onProgress: (p) => progress.push(p), onLogLine: (line) => lines.push(line) } };
}

/** A logger that keeps what it is told. */
export function keepingLogger(): Logger & { readonly kept: { readonly message: string; readonly fields: LogFields | undefined }[] } {
  const kept: { message: string; fields: LogFields | undefined }[] = [];
  const keep = (message: string, fields?: LogFields) => {
    kept.push({ message, fields });
  };
  return { kept, error: keep, warn: keep, info: keep, debug: keep };
}

export interface RunFolder {
  readonly spec: RunSpec;
  /** Lets a script go on that waits for it: `until [ -e "$ANTEROOM_INPUT_DIR/go" ]; do sleep 0.05; done`. */
  letGo(): Promise<void>;
  log(): Promise<string>;
  output(name: string): Promise<string>;
  /** Resolves when the script has left a file of that name in its output. */
  outputThere(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** The shell line that waits for `letGo`. */
export const WAIT_FOR_GO = 'until [ -e "$ANTEROOM_INPUT_DIR/go" ]; do sleep 0.05; done';

export const LIMITS: RunLimits = {
  memoryMb: 64,
  cpus: 1,
  pids: 64,
  shmMb: 16,
  timeoutMs: 60_000,
  maxOutputMb: 8,
  maxScratchMb: 64,
  maxLogMb: 4,
};

let made = 0;

/** A run of a shell script. `image`: in a container; without: on the host. */
export async function makeRun(
  script: string,
  options: { readonly image?: string; readonly limits?: Partial<RunLimits>; readonly spec?: Partial<RunSpec> } = {},
): Promise<RunFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-run-'));
  const [inputDir, outputDir, logPath] = [join(folder, 'in'), join(folder, 'out'), join(folder, 'run.log')];
  await mkdir(inputDir);
  await mkdir(outputDir);
  await writeFile(join(inputDir, 'greeting'), 'hello');
  made += 1;
  const spec: RunSpec = {
    name: `anteroom-test-${process.pid}-${made}`,
    labels: { 'anteroom.node': 'test-node', 'anteroom.run': String(made), 'anteroom.attempt': '1' },
    ...(options.image === undefined ? {} : { image: options.image }),
    command: [options.image === undefined ? '/bin/sh' : 'sh', '-c', script],
    environment: options.image === undefined ? {} : { ANTEROOM_INPUT_DIR: INPUT_MOUNT, ANTEROOM_OUTPUT_DIR: OUTPUT_MOUNT },
    inputDir,
    outputDir,
    logPath,
    limits: { ...LIMITS, ...options.limits },
    readOnlyRoot: true,
    scratchMb: 8,
    ...options.spec,
  };
  const output = (name: string) => readFile(join(outputDir, name), 'utf8');
  return {
    spec,
    letGo: () => writeFile(join(inputDir, 'go'), ''),
    log: () => readFile(logPath, 'utf8'),
    output,
    async outputThere(name) {
      await until(`output ${name}`, async () => (await output(name)) !== undefined);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
