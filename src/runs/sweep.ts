/** Containers that belong to no run: left by a kill, or by an engine that went away before their removal. */
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { containersInUse } from '../ledger/runs.js';
import type { Runtime } from './runtimes/runtime.js';

const log = loggerOf('runs');

/** Removes containers of this node that belong to no run under way. False where an engine did not answer: it is swept with a later look. */
export async function sweepContainers(db: Db, nodeId: string, runtimes: readonly Runtime[]): Promise<boolean> {
  let swept = true;
  for (const runtime of runtimes) {
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
      swept = false;
    }
  }
  return swept;
}
