/** How long to leave an engine alone that does not answer. */
import { backOffMs, type EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';

/** An engine that is away is asked again after this time, and after longer ones up to the second. */
export const ENGINE_RETRY_MS = 5_000;
export const MAX_ENGINE_RETRY_MS = 30_000;

/**
 * An engine that is away is away for all runs: one of them finds out when it is back, or each would add an attempt in vain
 * every few seconds.
 */
export class EnginePatience {
  private silences = 0;
  /** No run is tried before this time. */
  untilMs: EpochMs = 0;

  answered(): void {
    this.silences = 0;
    this.untilMs = 0;
  }

  /** Returns when to try again. */
  wasSilent(at: EpochMs): EpochMs {
    this.untilMs = at + backOffMs(++this.silences, ENGINE_RETRY_MS, MAX_ENGINE_RETRY_MS);
    return this.untilMs;
  }
}

/** Asks until there is an answer, a refusal included, or the asker has `givenUp`. */
export async function untilEngineAnswers<T>(ask: () => Promise<T>, givenUp: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof AnteroomError) || thrown.code !== 'ENGINE_UNREACHABLE' || givenUp()) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, ENGINE_RETRY_MS));
    }
  }
}
