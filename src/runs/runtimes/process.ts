/** The `process` runtime: the program runs on the host, as the node's own user. It isolates nothing. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { refuseForeign } from './labels.js';
import { endGroup } from './process-group.js';
import { listStates, readState, removeState, startProcess, stateFolder, type ProcessState, type StateFolder } from './process-state.js';
import { STOP_GRACE_MS, watchProcess, type ProcessWatch } from './process-watch.js';
import { openRunLog } from './run-log.js';
import { NODE_LABEL, type RunEvents, type RunSpec, type Runtime } from './runtime.js';
import { Watches, within } from './watches.js';

const DEFAULT_POLL_MS = 250;
const WATCH_END_TIMEOUT_MS = 15_000;

export interface ProcessRuntimeOptions {
  readonly log: Logger;
  /** Where each process has its state folder; must stay the same over restarts of the node. */
  readonly stateDir: string;
  readonly pollMs?: number;
}

/** A runtime that starts programs on this machine. */
export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
  const { log, stateDir, pollMs = DEFAULT_POLL_MS } = options;
  const watches = new Watches();

  const watch = (folder: StateFolder, spec: RunSpec, events: RunEvents, isNew: boolean): ProcessWatch =>
    watchProcess({ folder, spec, runLog: openRunLog(spec, events, log, existsSync(folder.cut)), log, pollMs, isNew });

  return {
    kind: 'process',
    async check() {
      await access('/bin/sh', constants.X_OK).catch(() => {
        throw new AnteroomError('ENGINE_UNREACHABLE', 'there is no /bin/sh; expected a POSIX system');
      });
      return {
        version: `processes of ${process.platform}, Node ${process.version}`,
        isolation: 'none: the program has the rights, the files and the network of this node; its memory is watched, not limited',
      };
    },
    start: (spec, events) =>
      watches.only(spec.name, async () => {
        const folder = stateFolder(stateDir, spec.name);
        const begun: { watch?: ProcessWatch } = {};
        const isNew = await ensureStarted(folder, spec, events, () => begun.watch?.ring());
        begun.watch = watch(folder, spec, events, isNew);
        return begun.watch;
      }),
    async adopt(spec, events) {
      const folder = stateFolder(stateDir, spec.name);
      const state = await findOurs(folder, spec);
      if (!state?.identity) return undefined;
      return await watches.only(spec.name, () => Promise.resolve(watch(folder, spec, events, false)));
    },
    async cancel(name) {
      const running = await watches.find(name);
      running?.intend('cancelled');
      const folder = stateFolder(stateDir, name);
      await endProcesses(folder, STOP_GRACE_MS);
      if (running) await within(running.done, WATCH_END_TIMEOUT_MS);
      await removeState(folder);
    },
    async remove(name) {
      const folder = stateFolder(stateDir, name);
      await endProcesses(folder, 0);
      await removeState(folder);
    },
    list: (nodeId) => listStates(stateDir, NODE_LABEL, nodeId),
  };
}

/** After this the program has been started: true if by this call, false if by an earlier one. */
async function ensureStarted(folder: StateFolder, spec: RunSpec, events: RunEvents, onExit: () => void): Promise<boolean> {
  const state = await findOurs(folder, spec);
  if (state?.identity) {
    events.onStarting?.();
    return false;
  }
  await removeState(folder);
  await refuseMissingProgram(spec.command[0] ?? '');
  events.onStarting?.();
  await startProcess(folder, spec, onExit).catch(async (thrown: unknown) => {
    await removeState(folder);
    throw thrown;
  });
  return true;
}

async function refuseMissingProgram(program: string): Promise<void> {
  if (program === '')
    throw new AnteroomError('CONTAINER_START_FAILED', 'the run names no program; expected a program and its arguments in `command`');
  if (!isAbsolute(program)) return;
  await access(program, constants.X_OK).catch(() => {
    throw new AnteroomError('CONTAINER_START_FAILED', `${program} cannot be run; expected a program that the node may execute`);
  });
}

async function findOurs(folder: StateFolder, spec: RunSpec): Promise<ProcessState | undefined> {
  const state = await readState(folder);
  if (!state) return undefined;
  refuseForeign(spec, state.labels);
  return state;
}

/** Returns when the program and all that it has started are gone: by SIGTERM, or by SIGKILL after the grace time. */
async function endProcesses(folder: StateFolder, graceMs: number): Promise<void> {
  const identity = (await readState(folder))?.identity;
  if (identity) await endGroup(identity, graceMs);
}
