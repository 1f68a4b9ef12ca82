/** Doing something with many things, a few at a time: the disk is kept busy and memory stays flat. */
import { allEnded } from '../foundation/all-ended.js';

/**
 * Calls `work` for each thing, at most `atOnce` at the same time; things are taken as they are needed, and no more after a failure. Rejects with the
 * first one when what is under way has ended.
 */
export async function inParallel<T>(things: Iterable<T>, atOnce: number, work: (thing: T) => Promise<void>): Promise<void> {
  const iterator = things[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = iterator.next(); !failed && next.done !== true; next = iterator.next())
      await work(next.value).catch((thrown: unknown) => {
        failed = true;
        throw thrown;
      });
  };
  await allEnded(Array.from({ length: atOnce }, worker));
}
