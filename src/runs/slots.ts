/** What of the machine is taken, what is free, and what is kept for a run that does not fit yet. Pure. */
import type { EpochMs } from '../foundation/clock.js';
import type { Capacity, Needs } from '../models/needs.js';

/** What a run takes; `gpu` is the index of the one that it was given. */
export interface Taken {
  readonly needs: Needs;
  readonly gpu?: number;
}

/** A run that does not fit yet, for which everything that became free since is kept. */
export interface Reservation {
  readonly needs: Needs;
  readonly since: EpochMs;
}

export type Placement = { readonly fits: true; readonly gpu?: number } | { readonly fits: false; readonly lacks: string };

/** Whether a run fits beside others, and on which GPU. `lacks` says what it waits for. */
export function place(needs: Needs, capacity: Capacity, taken: readonly Taken[]): Placement {
  const freeCpus = capacity.cpus - sum(taken, ({ cpus }) => cpus);
  if (exceeds(needs.cpus, freeCpus)) return lacking(`${needs.cpus} CPUs: ${round(freeCpus)} of ${capacity.cpus} are free`);
  const freeMb = capacity.memoryMb - sum(taken, ({ memoryMb }) => memoryMb);
  if (exceeds(needs.memoryMb, freeMb)) return lacking(`${needs.memoryMb} MB of memory: ${freeMb} of ${capacity.memoryMb} are free`);
  if (needs.gpu === undefined) return { fits: true };
  const { memoryMb } = needs.gpu;
  const fitting = capacity.gpus.flatMap((_, gpu) => {
    const left = leftOn(gpu, memoryMb, capacity, taken);
    return left === undefined ? [] : [{ gpu, left }];
  });
  if (fitting.length === 0) return lacking(memoryMb === undefined ? 'a GPU that is free' : `${memoryMb} MB of memory on a GPU`);
  // The fullest that has room: a free one is kept for those that need a whole one.
  const [{ gpu }] = fitting.sort((a, b) => a.left - b.left || a.gpu - b.gpu);
  return { fits: true, gpu };
}

/** What would be left of a GPU's memory; undefined where the run does not fit on it. */
function leftOn(gpu: number, memoryMb: number | undefined, capacity: Capacity, taken: readonly Taken[]): number | undefined {
  const users = taken.filter((run) => run.needs.gpu !== undefined && run.gpu === gpu);
  const total = capacity.gpus[gpu].memoryMb;
  if (memoryMb === undefined || total === undefined) {
    const enough = memoryMb === undefined || total === undefined || memoryMb <= total;
    return users.length === 0 && enough ? 0 : undefined;
  }
  if (users.some(({ needs }) => needs.gpu?.memoryMb === undefined)) return undefined;
  const left = total - memoryMb - users.reduce((all, { needs }) => all + (needs.gpu?.memoryMb ?? 0), 0);
  return left < 0 ? undefined : left;
}

/** Whether what is reserved would still fit after this start: beside it and whatever has started since the reservation. */
export function sparesReserved(
  start: Taken,
  reserved: readonly Reservation[],
  machine: { readonly capacity: Capacity; readonly slots: number; readonly running: readonly (Taken & { readonly startedAt: EpochMs })[] },
): boolean {
  return reserved.every((reservation, index) => {
    const since = machine.running.filter(({ startedAt }) => startedAt >= reservation.since);
    const before = reserved.slice(0, index).flatMap(({ needs }) => seated(needs, machine.capacity));
    const others = [...since, ...before, start];
    return others.length < machine.slots && place(reservation.needs, machine.capacity, others).fits;
  });
}

function seated(needs: Needs, capacity: Capacity): Taken[] {
  const placed = place(needs, capacity, []);
  return placed.fits ? [{ needs, gpu: placed.gpu }] : [];
}

const lacking = (lacks: string): Placement => ({ fits: false, lacks });
const sum = (taken: readonly Taken[], of: (needs: Needs) => number): number => taken.reduce((all, { needs }) => all + of(needs), 0);
const round = (value: number): number => Math.round(value * 100) / 100;
/** Fractions of CPUs add up to a little more or less than what they should. */
const exceeds = (wanted: number, free: number): boolean => wanted > free + 1e-9;
