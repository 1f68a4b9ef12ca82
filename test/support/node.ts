/** The built node (`anteroom serve`) as a process of its own, which a test may kill and start again on the same data and ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { NodeClient } from '../../src/cli/node-client.js';
import { demandFaultlessSegs } from './judge-segs.js';
import { freePort } from './orthanc.js';
import { until } from './until.js';

const MAIN = resolve('dist/anteroom.cjs');
const FAILPOINTS = fileURLToPath(new URL('failpoints.mjs', import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

const started: (() => void)[] = [];

/** What SEGs of removed nodes are at fault for. Told at the end: a test removes its node also where it has failed, and its own error must be seen. */
const faults: unknown[] = [];

/** A test that failed half-way leaves no node behind. */
afterAll(() => {
  for (const kill of started.splice(0)) kill();
  if (faults.length > 0) throw new Error(faults.map(String).join('\n'));
});

/** What is missing on this machine, for `describeWith`. */
export function missingForNode(): string[] {
  return existsSync(MAIN) ? [] : ['dist/anteroom.cjs (npm run build)'];
}

export interface NodeOptions {
  /** Merged over settings with free loopback ports, a settle time of 1 s and the test's own folders. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** File name in routing-rules/ -> its text. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** `name` or `name:n`: the first start dies there (test/support/failpoints.mjs); later ones only if `start` says so again. */
  readonly failpoint?: string;
}

/** One line of the node's log: winston's JSON, or `message` alone for anything else that it wrote to stderr. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message?: string };

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestNode {
  readonly folder: string;
  readonly dataDir: string;
  readonly rulesDir: string;
  readonly settingsFile: string;
  readonly dicomPort: number;
  readonly httpPort: number;
  /** The administration over its unix socket. */
  readonly admin: NodeClient;
  /** Everything logged since the first start, oldest first. */
  readonly log: readonly LogLine[];
  /** Process id of the present or last process. */
  pid(): number | undefined;
  /** Starts it (again) and resolves when it answers. */
  start(options?: { readonly failpoint?: string }): Promise<void>;
  /** Kills it at once and resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends it as an administrator does (SIGTERM); fails unless it ends with 0. */
  stop(): Promise<void>;
  /** Resolves when it has ended by itself, at a failpoint for instance, with its signal or exit code. */
  ended(deadlineMs?: number): Promise<NodeJS.Signals | number>;
  /** Runs `anteroom ARGS` on this node's settings. */
  command(...args: string[]): Promise<CommandResult>;
  /** Kills it and removes its folder; the suite fails where a SEG that it has made is at fault. `damaged`: the test has damaged files of results. */
  remove(options?: { readonly damaged?: boolean }): Promise<void>;
}

/** Starts a node in a folder of its own. With a failpoint it may be dead already when this resolves. */
export async function startNode(options: NodeOptions = {}): Promise<TestNode> {
  const node = await prepareNode(options);
  try {
    await node.start(options.failpoint === undefined ? {} : { failpoint: options.failpoint });
  } catch (error) {
    // Why it did not start matters, not what it may have left.
    await node.remove().catch(() => undefined);
    throw error;
  }
  return node;
}

/** As `startNode`, not started yet. */
export async function prepareNode(options: NodeOptions = {}): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-node-'));
  const [dataDir, rulesDir, settingsFile] = [join(folder, 'data'), join(folder, 'routing-rules'), join(folder, 'anteroom.yaml')];
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  await mkdir(rulesDir);
  for (const [name, text] of Object.entries(options.rules ?? {})) {
    await mkdir(dirname(join(rulesDir, name)), { recursive: true });
    await writeFile(join(rulesDir, name), text);
  }
  await writeFile(settingsFile, stringify(settingsOf({ dataDir, rulesDir, dicomPort, httpPort }, options.settings ?? {})));

  const log: LogLine[] = [];
  const env = { ...process.env, ...options.env };
  const common = ['--config', settingsFile, '--data', dataDir];
  const admin = new NodeClient(dataDir);
  let running: ChildProcess | undefined;
  started.push(() => running?.kill('SIGKILL'));

  const end = async (signal: NodeJS.Signals, deadlineMs: number): Promise<NodeJS.Signals | number> => {
    if (running === undefined) return 0;
    running.kill(signal);
    return exitOf(running, deadlineMs);
  };
  return {
    folder,
    dataDir,
    rulesDir,
    settingsFile,
    dicomPort,
    httpPort,
    admin,
    log,
    pid: () => running?.pid,
    start: async ({ failpoint } = {}) => {
      const armed = failpoint === undefined ? {} : { ANTEROOM_FAILPOINT: failpoint };
      // The preload of the failpoints starts the thread pool before the node says how large it shall be.
      const preload = failpoint === undefined ? [] : ['--import', FAILPOINTS];
      running = launch([...preload, MAIN, 'serve', ...common], { ...env, ...armed }, log);
      await answering(running, admin, log, failpoint !== undefined);
    },
    kill: async () => {
      await end('SIGKILL', STOP_DEADLINE_MS);
    },
    stop: async () => {
      const exit = await end('SIGTERM', STOP_DEADLINE_MS);
      if (exit !== 0) throw new Error(`the node ended with ${String(exit)} after SIGTERM, expected exit code 0:\n${tail(log)}`);
    },
    ended: (deadlineMs = START_DEADLINE_MS) => (running === undefined ? Promise.resolve(0) : exitOf(running, deadlineMs)),
    command: (...args) => runCommand([MAIN, ...args, ...common], env),
    remove: async ({ damaged = false } = {}) => {
      try {
        await end('SIGKILL', STOP_DEADLINE_MS);
        await demandFaultlessSegs(dataDir, damaged).catch((fault: unknown) => faults.push(fault));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Runs `anteroom ARGS` without a node. */
export function runAnteroom(...args: string[]): Promise<CommandResult> {
  return runCommand([MAIN, ...args], process.env);
}

interface Places {
  readonly dataDir: string;
  readonly rulesDir: string;
  readonly dicomPort: number;
  readonly httpPort: number;
}

function settingsOf(
  { dataDir, rulesDir, dicomPort, httpPort }: Places,
  wanted: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const own: Record<string, Record<string, unknown>> = {
    dimse: { host: '127.0.0.1', port: dicomPort },
    http: { port: httpPort },
    settle: { quietS: 1 },
    disk: { warnFreeMb: 2, refuseFreeMb: 1 },
  };
  const merged = Object.entries(wanted).map<[string, unknown]>(([key, value]) => [key, isGroup(value) ? { ...own[key], ...value } : value]);
  return { dataDir, rulesDir, ...own, ...Object.fromEntries(merged) };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function launch(args: readonly string[], env: NodeJS.ProcessEnv, log: LogLine[]): ChildProcess {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  createInterface({ input: child.stderr }).on('line', (line) => log.push(logLine(line)));
  return child;
}

function logLine(line: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    return isGroup(parsed) ? parsed : { message: line };
  } catch {
    return { message: line };
  }
}

/** Resolves when `GET /health` is answered; a process that ends before is an error, unless a failpoint may end it. */
async function answering(child: ChildProcess, admin: NodeClient, log: readonly LogLine[], mayEnd: boolean): Promise<void> {
  const healthy = async () => (hasEnded(child) ? 'ended' : (await admin.get<{ ok: boolean }>('/health')).ok);
  const answer = await until('the node answers GET /health', healthy, START_DEADLINE_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${tail(log)}`, { cause: error });
  });
  if (answer === 'ended' && !mayEnd)
    throw new Error(`the node ended with ${String(child.signalCode ?? child.exitCode)} before it answered:\n${tail(log)}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function exitOf(child: ChildProcess, deadlineMs: number): Promise<NodeJS.Signals | number> {
  if (!hasEnded(child)) {
    await once(child, 'exit', { signal: AbortSignal.timeout(deadlineMs) }).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw new Error(`the node did not end within ${String(deadlineMs)} ms`, { cause: error });
    });
  }
  return child.signalCode ?? child.exitCode ?? 0;
}

async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout, stderr };
}

function tail(log: readonly LogLine[]): string {
  return log
    .slice(-20)
    .map((line) => JSON.stringify(line))
    .join('\n');
}
