/** Waiting for what must come true, with a deadline. */
import { setTimeout } from 'node:timers/promises';

/** The first value that is not undefined or false. Fails with `what` at the deadline; a throwing question counts as "not yet". */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await ask();
      if (value !== undefined && value !== false) return value;
    } catch (thrown) {
      last = thrown;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
    await setTimeout(20);
  }
}
