/** A few at a time, to the end of what was begun. */
import { setImmediate } from 'node:timers/promises';
import { inParallel } from '../../../src/keeping/parallel.js';

it('after a failure begins nothing more, and rejects when what is under way has ended', async () => {
  const begun: number[] = [];
  let end: () => void = () => undefined;
  const underWay = new Promise<void>((resolve) => (end = resolve));
  const failure = new Error('no space');
  let standing = 'works';
  const all = inParallel([1, 2, 3, 4], 2, async (thing) => {
    begun.push(thing);
    if (thing === 1) throw failure;
    await underWay;
  }).catch((thrown: unknown) => {
    standing = 'ended';
    return thrown;
  });
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  expect(standing).toBe('works');
  end();
  expect(await all).toBe(failure);
  expect(begun).toEqual([1, 2]);
});
