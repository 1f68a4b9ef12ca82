/** How senders trickle: when which instance of a study comes, over which association, and how that ends. Times in seconds of real senders. */

/** A number from 0 up to 1; the same seed gives the same ones. */
export type Random = () => number;

export interface Step {
  /** Seconds to wait before it. */
  readonly afterS: number;
  /** Which association; it is opened when it is first used. */
  readonly association: number;
  /** Index of the instance to send, or how the association ends. */
  readonly what: number | 'release' | 'abort';
}

/** Runs that go on at the same time, each a list of steps one after the other. */
export type Schedule = readonly (readonly Step[])[];

export interface Pattern {
  readonly name: string;
  /** For a study of two series of `perSeries` instances; those of the second follow those of the first. */
  schedule(perSeries: number, random: Random): Schedule;
}

const between = (random: Random, least: number, most: number) => least + random() * (most - least);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

/** Instances over one association, and its end. */
function association(number: number, instances: readonly number[], gapS: () => number, end: 'release' | 'abort' = 'release'): Step[] {
  return [
    ...instances.map((what): Step => ({ afterS: gapS(), association: number, what })),
    { afterS: 0.1, association: number, what: end },
  ];
}

const wait = (steps: readonly Step[], afterS: number): Step[] => steps.map((step, index) => (index === 0 ? { ...step, afterS } : step));

export const PATTERNS: readonly Pattern[] = [
  {
    name: 'one association, steady',
    schedule: (n, random) => [association(0, range(0, 2 * n), () => between(random, 0.05, 0.5))],
  },
  {
    name: 'one association, pauses of 6 to 40 s',
    schedule: (n, random) => [association(0, range(0, 2 * n), () => (random() < 0.2 ? between(random, 6, 40) : between(random, 0.05, 1)))],
  },
  {
    name: 'an association for each series, 8 to 45 s apart',
    schedule: (n, random) => {
      const gap = () => between(random, 0.05, 0.5);
      return [[...association(0, range(0, n), gap), ...wait(association(1, range(n, 2 * n), gap), between(random, 8, 45))]];
    },
  },
  {
    name: 'an association for each instance, 0.3 to 9 s apart',
    schedule: (n, random) => [
      range(0, 2 * n).flatMap((what) =>
        association(what, [what], () => (random() < 0.2 ? between(random, 4, 9) : between(random, 0.3, 3))),
      ),
    ],
  },
  {
    name: 'aborted half-way, sent again 10 to 40 s later',
    schedule: (n, random) => {
      const gap = () => between(random, 0.05, 0.5);
      const half = Math.floor(between(random, 2, 2 * n - 2));
      return [[...association(0, range(0, half), gap, 'abort'), ...wait(association(1, range(0, 2 * n), gap), between(random, 10, 40))]];
    },
  },
  {
    name: 'two associations at the same time, one slow',
    schedule: (n, random) => [
      association(0, range(0, n), () => between(random, 0.05, 0.5)),
      association(1, range(n, 2 * n), () => between(random, 1, 12)),
    ],
  },
  {
    name: 'a late series, 70 to 140 s after the first',
    schedule: (n, random) => {
      const gap = () => between(random, 0.05, 0.5);
      return [[...association(0, range(0, n), gap), ...wait(association(1, range(n, 2 * n), gap), between(random, 70, 140))]];
    },
  },
];
