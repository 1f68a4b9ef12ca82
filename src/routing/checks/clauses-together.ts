/**
 * Whether several clauses about the same tag or fact can be answered as wanted by one header. Answers "no" only where no header that
 * keeps to the VR and the number of values that DICOM gives a tag could do it; in doubt the answer is yes.
 */
import { prepareClause, type AskedClause } from '../language/clause.js';
import { askedAbout, operandNumber, wordsOf, type AskedAbout } from '../language/kind.js';
import type { SeenValue } from '../language/explained.js';
import { operatorsOf, type Clause, type Operand, type Operator } from '../language/operators.js';
import { folded } from '../language/text.js';
import { isCount } from './subjects.js';
import { meets, type Wanted } from './wanted.js';

export interface WantedClause {
  readonly clause: Clause;
  readonly wanted: Wanted;
}

/** `several`: the subject may have more than one value at a time, of which any may answer. */
export function canHoldTogether(asked: readonly WantedClause[], about: AskedAbout, several: boolean): boolean {
  if (asked.every(({ clause, wanted }) => meets(ready(clause).answer([]), wanted))) return true;
  const [ofPresence, ofValues] = [asked.filter(isOfPresence), asked.filter((one) => !isOfPresence(one))];
  if (!ofPresence.every(({ clause, wanted }) => meets(ready(clause).answer(['x']), wanted))) return false;
  if (!several) return isPossible(ofValues, about);
  // Of several values each wish for one may be met by another one; what no value may do holds for all of them.
  const ofEach = ofValues.filter(({ wanted }) => wanted === 'false' || wanted === 'not true');
  const ofOne = ofValues.filter(({ wanted }) => wanted === 'true' || wanted === 'not false');
  return isPossible(ofEach, about) && ofOne.every((one) => isPossible([one, ...ofEach], about));
}

function isOfPresence({ clause }: WantedClause): boolean {
  return clause.exists !== undefined || clause.absent !== undefined;
}

const prepared = new WeakMap<Clause, AskedClause>();

function ready(clause: Clause): AskedClause {
  const known = prepared.get(clause) ?? prepareClause(clause);
  prepared.set(clause, known);
  return known;
}

/** Whether one value can answer all of them as wanted. */
function isPossible(asked: readonly WantedClause[], about: AskedAbout): boolean {
  if (contradictsItself(asked)) return false;
  switch (about.kind) {
    case 'flag':
      return answeredByOne([true, false], asked);
    case 'word':
      return answeredByOne(wordsOf(about), asked);
    case 'number':
    case 'age':
    case 'time':
      return answeredByNumber(asked, about);
    case 'text':
    case 'free':
      return answeredByText(asked, about);
    case 'sequence':
      return true;
  }
}

function answeredByOne(values: readonly SeenValue[], asked: readonly WantedClause[]): boolean {
  return values.some((value) => asked.every(({ clause, wanted }) => meets(ready(clause).answer([value]), wanted)));
}

/** The same question twice, with answers that exclude each other. */
function contradictsItself(asked: readonly WantedClause[]): boolean {
  const byQuestion = new Map<string, Set<Wanted>>();
  for (const { clause, wanted } of asked) {
    const [operator] = operatorsOf(clause);
    const question = JSON.stringify([operator, operator && clause[operator]]);
    byQuestion.set(question, (byQuestion.get(question) ?? new Set()).add(wanted));
  }
  return [...byQuestion.values()].some(
    (wanted) => (wanted.has('true') && (wanted.has('false') || wanted.has('not true'))) || (wanted.has('false') && wanted.has('not false')),
  );
}

/** A text where a number belongs: every comparison with it is missing. */
const NO_NUMBER = 'x';
/** Bounds that are nearer to one another than this, in relation to their size, are not told apart. */
const NEAR = 1e-6;

function answeredByNumber(asked: readonly WantedClause[], about: AskedAbout): boolean {
  const compared = asked.filter(({ clause }) => clause.matches === undefined && clause.contains === undefined);
  const samples = samplesBetween(boundsOf(compared, about));
  if (samples === undefined) return true;
  const values = isCount(about) ? wholeFromOne(samples) : samples;
  return answeredByOne(about.fact === undefined ? [...values, NO_NUMBER] : values, compared);
}

function boundsOf(asked: readonly WantedClause[], about: AskedAbout): number[] {
  return asked
    .flatMap(({ clause }) => operatorsOf(clause).flatMap((operator) => clause[operator] ?? []))
    .flatMap((operand) => (typeof operand === 'boolean' ? [] : operandNumber(operand, about)))
    .filter((bound) => typeof bound === 'number');
}

/** Each bound, one number between each two, one below and one above all; undefined where bounds are too near to one another. */
function samplesBetween(bounds: readonly number[]): number[] | undefined {
  const sorted = [...new Set(bounds)].sort((a, b) => a - b);
  const [first, last] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const between: number[] = [];
  for (const [index, bound] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next === undefined) break;
    if (next - bound <= NEAR * Math.max(Math.abs(next), Math.abs(bound))) return undefined;
    between.push((bound + next) / 2);
  }
  const step = (bound: number) => Math.max(1, Math.abs(bound));
  return [first - step(first), ...sorted, ...between, last + step(last)];
}

function wholeFromOne(samples: readonly number[]): number[] {
  const whole = samples.flatMap((sample) => [Math.floor(sample), Math.ceil(sample)]);
  return [...new Set([1, ...whole])].filter((sample) => sample >= 1);
}

function answeredByText(asked: readonly WantedClause[], about: AskedAbout): boolean {
  const listing = asked.find(({ clause, wanted }) => wanted === 'true' && textsNamed(clause, about) !== undefined);
  if (listing !== undefined)
    return answeredByOne(
      textsNamed(listing.clause, about) ?? [],
      asked.filter(({ clause }) => clause.matches === undefined || isCertain(clause.matches, about)),
    );
  if (asked.some(({ clause, wanted }) => wanted === 'true' && comparesNumbers(clause)))
    return answeredByTextOfNumber(
      asked.filter(({ clause }) => comparesNumbers(clause)),
      about,
    );
  return !containsWhatItMustNot(asked);
}

/** The only texts, upper and lower case apart, that a clause is true of; undefined where others are too. */
function textsNamed(clause: Clause, about: AskedAbout): string[] | undefined {
  const operands = namedIn(clause);
  const areTexts = operands?.every(
    (one) => typeof one === 'string' && (about.kind === 'text' || typeof operandNumber(one, about) !== 'number'),
  );
  return areTexts === true ? operands?.map((one) => String(one).trim()) : undefined;
}

function namedIn({ equals, oneOf }: Clause): readonly Operand[] | undefined {
  return equals === undefined ? oneOf : [equals];
}

const RANGES: readonly Operator[] = ['atLeast', 'atMost', 'between'];

function comparesNumbers(clause: Clause): boolean {
  return RANGES.some((operator) => clause[operator] !== undefined) || namedIn(clause)?.every((one) => typeof one === 'number') === true;
}

function answeredByTextOfNumber(asked: readonly WantedClause[], about: AskedAbout): boolean {
  const samples = samplesBetween(boundsOf(asked, about));
  return samples === undefined || answeredByOne(samples, asked);
}

const ASCII_VRS: readonly string[] = ['AE', 'CS', 'DA', 'DT', 'UI'];

/** Whether a pattern finds the same in all texts that count as the same; full-width letters and flags in the pattern spoil that. */
function isCertain(pattern: string, { path }: AskedAbout): boolean {
  return path !== undefined && ASCII_VRS.includes(path.vr) && !/\(\?[a-zA-Z]*-|\\p|\\P|\[:/.test(pattern);
}

/** `contains: CHESTWALL` and not `contains: CHEST`. */
function containsWhatItMustNot(asked: readonly WantedClause[]): boolean {
  const texts = (wishes: readonly Wanted[]) =>
    asked.flatMap(({ clause, wanted }) => (clause.contains !== undefined && wishes.includes(wanted) ? [folded(clause.contains)] : []));
  const forbidden = texts(['false', 'not true']).filter((text) => /^[ -~]*$/.test(text));
  return texts(['true']).some((text) => /^[ -~]*$/.test(text) && forbidden.some((other) => text.includes(other)));
}

/** What a clause is about; undefined where it names nothing that is known. */
export const aboutOf = (() => {
  const known = new WeakMap<Clause, AskedAbout | null>();
  return (clause: Clause): AskedAbout | undefined => {
    const before = known.get(clause);
    if (before !== undefined) return before ?? undefined;
    const about = askedAbout(clause);
    known.set(clause, about ?? null);
    return about;
  };
})();
