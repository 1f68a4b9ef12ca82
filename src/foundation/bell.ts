/**
 * Memory holds only a bell: a stage is told that there may be work, and looks into the ledger itself.
 * A lost ring costs at most one `pollMs`.
 */
import { toAnteroomError } from './errors.js';
import type { Logger } from './log.js';

/** The stages of the way of a study that can be rung for, and the files of rules. */
export type Stage = 'intake' | 'counts' | 'rules' | 'routing' | 'runs' | 'results' | 'delivery' | 'fetching' | 'tests';

/** One bell for each stage. */
export class Bell {
  private readonly listeners = new Map<Stage, Set<() => void>>();

  ring(stage: Stage): void {
    for (const listener of this.listeners.get(stage) ?? []) listener();
  }

  /** Calls `listener` on each ring; the returned function stops that. */
  listen(stage: Stage, listener: () => void): () => void {
    const set = this.listeners.get(stage) ?? new Set();
    this.listeners.set(stage, set.add(listener));
    return () => set.delete(listener);
  }
}

export interface StageLoopOptions {
  readonly stage: Stage;
  readonly bell: Bell;
  readonly log: Logger;
  /**
   * Does what is due now and says when the next work is due (epoch ms), if that is known. Must not keep state between calls.
   * What takes long asks `isStopping` and leaves the rest to the next start.
   */
  readonly work: (isStopping: () => boolean) => Promise<number | undefined> | number | undefined;
  /** Looks into the ledger at least this often, should a ring be lost. */
  readonly pollMs?: number;
}

/**
 * Runs `work` when rung, when its own due time comes, and every `pollMs`; never twice at the same time.
 * An error is logged and the loop goes on. The returned function stops the loop and waits for the work under way.
 */
export function startStageLoop(options: StageLoopOptions): () => Promise<void> {
  const { stage, bell, log, work, pollMs = 2000 } = options;
  let stopped = false;
  let rung = true;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  const silence = bell.listen(stage, ring);
  const loop = (async () => {
    while (!stopped) {
      rung = false;
      let dueAt: number | undefined;
      try {
        dueAt = await work(() => stopped);
      } catch (thrown) {
        const error = toAnteroomError(thrown);
        log.error('stage failed, goes on', { event: stage, code: error.code, seen: error.seen, stack: error.stack });
      }
      if (rung || stopped) continue;
      const waitMs = Math.max(0, Math.min(pollMs, dueAt === undefined ? pollMs : dueAt - Date.now()));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = undefined;
    }
  })();
  return async () => {
    stopped = true;
    silence();
    wake?.();
    await loop;
  };
}
