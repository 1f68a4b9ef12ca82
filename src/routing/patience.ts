/**
 * How long a changed file must have stood as it is before it is taken. Editors, copies and checkouts leave files half-written for a
 * moment, and a half-written set of rules may be a valid one: with fewer rules, or with one that lost its last key. Pure.
 */

/** Long enough for the writes of one saving to be seen as one. */
export const CHANGED_MS = 60;
/** For what half-written files look like: new, gone, shorter than in force, or without the end of the last line. */
export const CUT_MS = 1000;

type Texts = ReadonlyMap<string, string>;

/** Remembers since when each file is as it is. Times are those of one clock that only goes forward, in ms. */
export class Patience {
  private readonly seen = new Map<string, { readonly text: string | undefined; readonly sinceMs: number }>();

  /**
   * When `now` may be taken in the place of what is in force, if it stays so; not after `nowMs`: at once.
   * `stoodMs`: how long files have stood that are looked at for the first time.
   */
  ripeAtMs(now: Texts, inForce: Texts, nowMs: number, stoodMs = 0): number {
    let ripeAtMs = nowMs;
    for (const name of new Set([...now.keys(), ...inForce.keys(), ...this.seen.keys()])) {
      const text = now.get(name);
      const before = this.seen.get(name);
      const first = { text, sinceMs: text === inForce.get(name) ? nowMs : nowMs - stoodMs };
      const seen = before === undefined ? first : before.text === text ? before : { text, sinceMs: nowMs };
      if (text === undefined && !inForce.has(name)) this.seen.delete(name);
      else this.seen.set(name, seen);
      ripeAtMs = Math.max(ripeAtMs, seen.sinceMs + standingMs(text, inForce.get(name)));
    }
    return ripeAtMs;
  }
}

function standingMs(now: string | undefined, inForce: string | undefined): number {
  if (now === inForce) return 0;
  const cut = now === undefined || inForce === undefined || now.length < inForce.length || (inForce.endsWith('\n') && !now.endsWith('\n'));
  return cut ? CUT_MS : CHANGED_MS;
}
