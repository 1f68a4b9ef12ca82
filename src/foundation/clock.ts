/** Milliseconds since the epoch: the unit of every time column in the ledger. */
export type EpochMs = number;

/** Where the time comes from; tests hand in their own. */
export type Clock = () => EpochMs;

export const systemClock: Clock = () => Date.now();

/** Back-off with full jitter: between half of and the whole of `base · 2^(attempt-1)`, at most `maxMs`. */
export function backOffMs(attempt: number, baseMs: number, maxMs: number, random: () => number = Math.random): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
