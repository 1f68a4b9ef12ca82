/** The hours at which runs of a rule may start: local time, over midnight, on some days. Pure. */
import type { EpochMs } from '../foundation/clock.js';
import { WEEKDAYS, type RunWindow } from '../ledger/runs.js';

/** Since when a window is open at this time; undefined where it is closed. */
export function openSince(window: RunWindow, now: EpochMs): EpochMs | undefined {
  const at = new Date(now);
  // The one that began today, or yesterday's that goes over midnight.
  for (const dayBack of [0, 1]) {
    const { from, to } = hoursOf(window, at, dayBack);
    const onThatDay = window.days === undefined || window.days.includes(WEEKDAYS[from.getDay()]);
    if (onThatDay && now >= from.getTime() && now < to.getTime()) return from.getTime();
  }
  return undefined;
}

function hoursOf({ from, to }: RunWindow, at: Date, daysBack: number): { from: Date; to: Date } {
  const [fromMinutes, toMinutes] = [minutesOf(from), minutesOf(to)];
  const on = (day: number, minutes: number) => new Date(at.getFullYear(), at.getMonth(), at.getDate() - daysBack + day, 0, minutes);
  return { from: on(0, fromMinutes), to: on(toMinutes > fromMinutes ? 0 : 1, toMinutes) };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** `20:00-06:00 on mon, tue`. */
export function windowText({ from, to, days }: RunWindow): string {
  return `${from}-${to}${days === undefined ? '' : ` on ${days.join(', ')}`}`;
}
