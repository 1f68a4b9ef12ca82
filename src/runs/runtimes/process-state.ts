/**
 * What a process leaves in its state folder, so that a node that was restarted can find it, end it, or collect it:
 *   labels.json  the run's labels
 *   born         pid, the machine's boot id and `/proc/<pid>/stat` of the wrapper, written by itself before the program runs
 *   output       all that the program prints
 *   cut          present once the beginning of `output` has been given up (the log is full)
 *   exit         the exit code, written when the program has ended
 *   tmp/         the program's TMPDIR
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import { makeFolders } from '../../foundation/folders.js';
import type { RunSpec } from './runtime.js';
import { parseStat, type ProcessIdentity } from './process-group.js';

/**
 * Runs a program and leaves its traces. The wrapper outlives a SIGTERM to its group (a trap that does nothing is not
 * inherited), so that the exit code is written also then; at the end it takes with it what the program left behind.
 * Its stdout is a pipe to the node, closed as soon as `born` is there.
 */
const WRAPPER = `
folder=$1; shift
trap : TERM INT HUP
{ echo "$$"; cat /proc/sys/kernel/random/boot_id "/proc/$$/stat"; } >"$folder/born.part" 2>/dev/null
mv "$folder/born.part" "$folder/born" || exit 1
exec >/dev/null 2>&1
( exec "$@" ) >>"$folder/output" 2>&1 </dev/null
echo "$?" >"$folder/exit.part" && mv "$folder/exit.part" "$folder/exit"
kill -s KILL 0
`;

/** What the program of a run may see of the node's own environment: no credentials. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ'] as const;

export interface StateFolder {
  readonly path: string;
  readonly output: string;
  readonly cut: string;
}

export interface ProcessState {
  readonly labels: Readonly<Record<string, string>>;
  /** undefined: the program was never started. */
  readonly identity: ProcessIdentity | undefined;
  readonly startedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly endedAt: number | undefined;
}

/** Error: CONTAINER_START_FAILED for a name that could lead out of the root. */
export function stateFolder(root: string, name: string): StateFolder {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new AnteroomError('CONTAINER_START_FAILED', `"${name}" is no name for a process; expected letters, digits, ".", "_", "-"`);
  const path = join(root, name);
  return { path, output: join(path, 'output'), cut: join(path, 'cut') };
}

/** undefined: there is nothing of that name. */
export async function readState(folder: StateFolder): Promise<ProcessState | undefined> {
  const labels = await readIfThere(join(folder.path, 'labels.json'));
  if (!labels) return undefined;
  const [born, exit] = await Promise.all([readIfThere(join(folder.path, 'born')), readIfThere(join(folder.path, 'exit'))]);
  return {
    labels: JSON.parse(labels.text) as Record<string, string>,
    identity: born && parseBorn(born.text),
    startedAt: born?.writtenAt,
    exitCode: exit && Number(exit.text),
    endedAt: exit?.writtenAt,
  };
}

/** Starts the program in a process group of its own; returns when its `born` is written. Calls `onExit` if it ends while this node lives. Errors: CONTAINER_START_FAILED; DISK_LOW or STORE_FAILED where its folder cannot be made; as `node:fs`. */
export async function startProcess(folder: StateFolder, spec: RunSpec, onExit: () => void): Promise<void> {
  const scratch = join(folder.path, 'tmp');
  makeFolders(scratch, { code: 'STORE_FAILED' });
  await writeFile(join(folder.path, 'labels.part'), JSON.stringify(spec.labels));
  await rename(join(folder.path, 'labels.part'), join(folder.path, 'labels.json'));
  const child = spawn('/bin/sh', ['-c', WRAPPER, 'anteroom-run', folder.path, ...spec.command], {
    cwd: spec.workDir ?? scratch,
    env: environmentOf(spec, scratch),
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.once('exit', onExit);
  child.unref();
  try {
    await once(child, 'spawn');
    child.stdout.resume();
    await once(child.stdout, 'close');
  } catch (thrown) {
    throw new AnteroomError('CONTAINER_START_FAILED', `the process could not be started: ${String(thrown)}`, { cause: thrown });
  }
  if (!(await readState(folder))?.identity)
    throw new AnteroomError(
      'CONTAINER_START_FAILED',
      `the process left no trace in ${folder.path}; expected that the node may write there`,
    );
}

/** Names of the state folders whose labels hold this one. */
export async function listStates(root: string, label: string, value: string): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  const states = await Promise.all(names.map(async (name) => ({ name, state: await readState(stateFolder(root, name)) })));
  return states.filter(({ state }) => state?.labels[label] === value).map(({ name }) => name);
}

/** Removes the folder and all that the process left in it; what is not there is fine. */
export async function removeState(folder: StateFolder): Promise<void> {
  await rm(folder.path, { recursive: true, force: true, maxRetries: 3 });
}

function environmentOf(spec: RunSpec, scratch: string): Record<string, string> {
  const inherited = INHERITED.map((name) => [name, process.env[name]] as const).filter(
    (pair): pair is readonly [(typeof INHERITED)[number], string] => pair[1] !== undefined,
  );
  return {
    ...Object.fromEntries(inherited),
    TMPDIR: scratch,
    PYTHONUNBUFFERED: '1',
    ...spec.environment,
    ANTEROOM_INPUT_DIR: spec.inputDir,
    ANTEROOM_OUTPUT_DIR: spec.outputDir,
  };
}

/** Three lines: pid, boot id, stat; the last two are missing where there is no /proc. */
function parseBorn(text: string): ProcessIdentity | undefined {
  const [pid, bootId = '', statLine = ''] = text.split('\n');
  const startTicks = parseStat(statLine)?.startTicks;
  return Number(pid) > 1 ? { pid: Number(pid), bootId, ...(startTicks === undefined ? {} : { startTicks }) } : undefined;
}

async function readIfThere(path: string): Promise<{ text: string; writtenAt: number } | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { text, writtenAt: Math.round(mtimeMs) };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
