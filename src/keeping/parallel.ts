/** Doing something with many things, a few at a time: the disk is kept busy and memory stays flat. */

/** Calls `work` for each thing, at most `atOnce` at the same time; things are taken as they are needed. Rejects with the first failure. */
export async function inParallel<T>(things: Iterable<T>, atOnce: number, work: (thing: T) => Promise<void>): Promise<void> {
  const iterator = things[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
