/** The watches of one runtime object, by name: two watches of one container would write the same log. */
import { setTimeout } from 'node:timers/promises';
import type { Intent } from './exit.js';
import type { RunWatch } from './runtime.js';

/** A watch that can be told to end what it watches. */
export interface EndingWatch extends RunWatch {
  /** It is to be ended for this reason; the first reason stands. */
  intend(intent: Intent): void;
}

/** The watches that are under way; one that has ended or was released is forgotten. */
export class Watches {
  private readonly byName = new Map<string, Promise<EndingWatch>>();

  /** The watch of that name; begun if there is none. */
  async only(name: string, begin: () => Promise<EndingWatch>): Promise<EndingWatch> {
    const present = this.byName.get(name);
    if (present) return await present;
    const forget = () => {
      if (this.byName.get(name) === begun) this.byName.delete(name);
    };
    const begun = begin().then((watch) => forgetOnRelease(watch, forget));
    this.byName.set(name, begun);
    begun.then(({ done }) => done).then(forget, forget);
    return await begun;
  }

  /** The watch of that name, also one that is just being begun. */
  async find(name: string): Promise<EndingWatch | undefined> {
    return await this.byName.get(name)?.catch(() => undefined);
  }
}

function forgetOnRelease(watch: EndingWatch, forget: () => void): EndingWatch {
  return {
    done: watch.done,
    intend: (intent) => {
      watch.intend(intent);
    },
    release: () => {
      forget();
      watch.release();
    },
  };
}

/** The value, or undefined if it takes longer. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([promise, setTimeout(timeoutMs, undefined, { signal: late.signal })]);
  } finally {
    late.abort();
  }
}

/** What a released watch answers. */
export function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

/** A sleep that a ring ends early; a ring while awake ends the next sleep. */
export class Alarm {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.rung) {
      const cut = new AbortController();
      this.wake = () => {
        cut.abort();
      };
      await setTimeout(ms, undefined, { signal: cut.signal }).catch(() => undefined);
      this.wake = undefined;
    }
    this.rung = false;
  }
}
