/** How a decision compares with its label. */
import { NO_SERIES, NOT_APPLIED, type Expectation } from './labelled-studies.js';

/** What a rule did with a study: the part of its decision that a label speaks of. */
export interface Decided {
  readonly outcome: string;
  readonly runs: readonly { readonly inputs: readonly { readonly name: string; readonly seriesInstanceUid: string }[] }[];
}

/**
 * `wrong series`: it fired, with another input than the right one. `fired wrongly`: it fired, and should not have. `missed`: it should have fired.
 * `other answer`: rightly no run, but `not applied` where the study was due a statement, or the other way round.
 */
export type Verdict = 'right' | 'wrong series' | 'fired wrongly' | 'missed' | 'other answer';

/** Compares what was decided with the label. A rule that waits for its model has chosen as if it ran. */
export function verdictOn(decided: Decided, expected: Expectation): Verdict {
  const [run] = decided.runs;
  const isTaken = expected !== NO_SERIES && expected !== NOT_APPLIED;
  if (run === undefined) return isTaken ? 'missed' : decided.outcome === expected ? 'right' : 'other answer';
  if (!isTaken) return 'fired wrongly';
  const inputs = Object.fromEntries(run.inputs.map(({ name, seriesInstanceUid }) => [name, seriesInstanceUid]));
  const wanted = typeof expected === 'string' ? { series: expected } : expected;
  const names = new Set([...Object.keys(inputs), ...Object.keys(wanted)]);
  return decided.runs.length === 1 && [...names].every((name) => inputs[name] === wanted[name]) ? 'right' : 'wrong series';
}

/** What was taken, or why nothing was, in the words of a label. */
export function inWords({ outcome, runs }: Decided): string {
  const [run] = runs;
  if (run === undefined) return outcome;
  const [only] = run.inputs;
  if (run.inputs.length === 1 && only?.name === 'series') return only.seriesInstanceUid;
  return run.inputs.map(({ name, seriesInstanceUid }) => `${name}: ${seriesInstanceUid}`).join(', ');
}
