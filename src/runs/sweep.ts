/** Containers that belong to no run under way: left by a kill, or by an engine that went away before their removal. */
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { attemptOfContainer, containersInUse } from '../ledger/runs.js';
import { attemptFolders, dropInput } from './run-folders.js';
import type { Runtime } from './runtimes/runtime.js';

const log = loggerOf('runs');

export interface SweepOptions {
  readonly db: Db;
  readonly nodeId: string;
  readonly runsFolder: string;
  readonly runtimes: Readonly<Record<string, Runtime>>;
  /** Of a run that has just ended: it goes without a sweep. */
  readonly isBeingRemoved: (container: string) => boolean;
}

/**
 * Removes containers of this node that belong to no run under way, and the input that they were given. Never rejects. False where an engine did not
 * answer: it is swept with a later look.
 */
export async function sweepContainers({ db, nodeId, runsFolder, runtimes, isBeingRemoved }: SweepOptions): Promise<boolean> {
  let swept = true;
  for (const runtime of Object.values(runtimes)) {
    try {
      const present = await runtime.list(nodeId);
      // Asked after the engine: a row is there before its container is.
      const inUse = new Set(containersInUse(db));
      for (const name of present.filter((known) => !inUse.has(known) && !isBeingRemoved(known))) {
        log.info('removing a container that no run under way has', { container: name });
        await runtime.remove(name);
        const attempt = attemptOfContainer(db, name);
        if (attempt !== undefined) dropInput(attemptFolders(runsFolder, attempt.run_id, attempt.number));
      }
    } catch (thrown) {
      const { code, seen } = toAnteroomError(thrown);
      log.debug('no sweep of containers', { code, seen });
      swept = false;
    }
  }
  return swept;
}
