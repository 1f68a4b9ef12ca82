/** What became of a run must get into the ledger, also one that is locked, full or on a failing disk for a while. */
import { setTimeout } from 'node:timers/promises';
import { backOffMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';

const log = loggerOf('runs');

const WRITE_RETRY_MS = 500;
const MAX_WRITE_RETRY_MS = 30_000;

/**
 * Calls `write`, which can be done twice, until it succeeds. Never rejects.
 * False: the node ends before that, and its next start finds the run as it was.
 */
export async function untilWritten(runId: number, write: () => Promise<void> | void, ending: AbortSignal): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      await write();
      return true;
    } catch (thrown) {
      if (ending.aborted) return false;
      const { code, kind, seen, remedy } = thrown instanceof AnteroomError ? thrown : notWritten(thrown);
      log.error('what became of a run is not written down yet, tried again', { run: runId, code, kind, seen, remedy });
    }
    await setTimeout(backOffMs(tries, WRITE_RETRY_MS, MAX_WRITE_RETRY_MS), undefined, { signal: ending }).catch(() => undefined);
    if (ending.aborted) return false;
  }
}

function notWritten(cause: unknown): AnteroomError {
  return new AnteroomError('RUN_NOT_WRITTEN', cause instanceof Error ? cause.message : String(cause), { cause });
}
