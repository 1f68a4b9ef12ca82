/** Long work in steps: a generator that yields after each of them, so that its caller says whether other work goes on meanwhile. */
import { setImmediate } from 'node:timers/promises';

/** Work that ends with a `T`. */
export type Steps<T> = Generator<void, T, void>;

/** Does all steps in one go: for who has nothing else to do. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Does the steps, and lets other work of the thread go on after each. */
export async function givingWay<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}
