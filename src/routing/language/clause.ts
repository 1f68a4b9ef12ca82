/** A clause made ready once for being asked often: its tag, operand, pattern and words are worked out when the rule is loaded. */
import { patternFound } from '../pattern.js';
import { anyOf, truthOf, type Truth } from '../truth.js';
import type { SeenValue } from './explained.js';
import { askedAbout, operandNumber, seenNumber, type AskedAbout, type ValueKind } from './kind.js';
import { operatorsOf, type Clause, type Operand, type Operator } from './operators.js';
import type { Subject } from './subject.js';
import { readTag, tagValues, type Found, type TagPath } from './tag-path.js';
import { composed, folded } from './text.js';

export interface AskedClause {
  /** In words: `PatientAge is at least 18 years`. */
  readonly text: string;
  readonly read: (subject: Subject) => Found;
  /** The values of `read` alone. */
  readonly values: (subject: Subject) => readonly SeenValue[];
  readonly answer: (values: readonly SeenValue[]) => Truth;
}

/** A clause that names nothing known, or asks nothing, is missing for every subject; rule files with one are refused. */
export function prepareClause(clause: Clause): AskedClause {
  const about = askedAbout(clause);
  const [operator] = operatorsOf(clause);
  if (about === undefined || operator === undefined) {
    const text = String(clause.tag ?? clause.fact);
    return { text, read: () => ({ values: [], source: `${text} is not known` }), values: () => [], answer: () => 'missing' };
  }
  return { text: `${about.name} ${wordsFor(operator, clause, about)}`, ...readersOf(about), answer: answerOf(operator, clause, about) };
}

function readersOf({ path, fact }: AskedAbout): Pick<AskedClause, 'read' | 'values'> {
  if (fact !== undefined) return { read: (subject) => subject.fact(fact), values: (subject) => subject.fact(fact).values };
  if (path === undefined) return { read: () => ({ values: [], source: 'nothing is asked' }), values: () => [] };
  return { read: (subject) => readTag(subject.headers, path), values: (subject) => remembered(subject, path) };
}

function remembered({ found, headers }: Subject, path: TagPath): readonly SeenValue[] {
  const before = found?.get(path.text);
  if (before !== undefined) return before;
  const values = tagValues(headers, path);
  found?.set(path.text, values);
  return values;
}

function answerOf(operator: Operator, clause: Clause, about: AskedAbout): AskedClause['answer'] {
  if (operator === 'exists') return (values) => truthOf(values.length > 0);
  if (operator === 'absent') return (values) => truthOf(values.length === 0);
  const holds = testOf(operator, clause, about);
  return (values) => {
    const [first] = values;
    if (first === undefined) return 'missing';
    return values.length === 1 ? holds(first) : anyOf(values.map(holds));
  };
}

type Test = (value: SeenValue) => Truth;

function testOf(operator: Operator, clause: Clause, about: AskedAbout): Test {
  switch (operator) {
    case 'equals':
      return equality(clause.equals ?? '', about);
    case 'oneOf': {
      const tests = (clause.oneOf ?? []).map((wanted) => equality(wanted, about));
      return (value) => anyOf(tests.map((test) => test(value)));
    }
    case 'matches': {
      const pattern = clause.matches ?? '';
      return (value) => truthOf(patternFound(pattern, composed(String(value))));
    }
    case 'contains': {
      const wanted = folded(clause.contains ?? '');
      return (value) => truthOf(folded(String(value)).includes(wanted));
    }
    case 'atLeast':
      return range(clause.atLeast ?? -Infinity, Infinity, about);
    case 'atMost':
      return range(-Infinity, clause.atMost ?? Infinity, about);
    default:
      return range(...(clause.between ?? [-Infinity, Infinity]), about);
  }
}

/** Both ends included. A time range whose end is before its beginning goes over midnight. */
function range(from: string | number, to: string | number, about: AskedAbout): Test {
  const [least, most] = [bound(from, about), bound(to, about)];
  const overMidnight = about.kind === 'time' && least > most;
  return (value) => {
    const number = seenNumber(value, about.kind);
    if (number === undefined || Number.isNaN(least) || Number.isNaN(most)) return 'missing';
    const [above, below] = [number >= least || near(number, least), number <= most || near(number, most)];
    return truthOf(overMidnight ? above || below : above && below);
  };
}

function bound(operand: string | number, about: AskedAbout): number {
  if (operand === Infinity || operand === -Infinity) return operand;
  const number = operandNumber(operand, about);
  return typeof number === 'number' ? number : Number.NaN;
}

/** Whether two numbers are the same but for the rounding of a conversion of units. */
function near(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

const COMPARED_AS_NUMBERS: readonly ValueKind[] = ['number', 'age', 'time', 'free'];

/**
 * Numbers are compared as numbers where DICOM has numbers, or where the rule names one without quotes; `007` of a patient's id
 * is not `7`. A value that should be a number and is none is missing.
 */
function equality(wanted: Operand, about: AskedAbout): Test {
  if (typeof wanted === 'boolean') return (value) => truthOf(value === wanted);
  const text = folded(String(wanted).trim());
  const asNumbers = COMPARED_AS_NUMBERS.includes(about.kind) || typeof wanted === 'number';
  const wantedNumber = asNumbers ? bound(wanted, about.kind === 'text' ? { ...about, unit: undefined } : about) : Number.NaN;
  return (value) => {
    if (typeof value === 'boolean') return 'false';
    const number = Number.isNaN(wantedNumber) ? undefined : seenNumber(value, about.kind);
    if (number !== undefined) return truthOf(near(number, wantedNumber));
    if (Number.isNaN(wantedNumber) || about.kind === 'text' || about.kind === 'free') return truthOf(folded(String(value)) === text);
    return 'missing';
  };
}

function wordsFor(operator: Operator, clause: Clause, { unit, kind }: AskedAbout): string {
  const shown = (operand: Operand) => (typeof operand === 'number' && unit !== undefined ? `${operand} ${unit}` : String(operand));
  switch (operator) {
    case 'equals':
      return `is ${shown(clause.equals ?? '')}`;
    case 'oneOf':
      return `is one of ${(clause.oneOf ?? []).map(shown).join(', ')}`;
    case 'matches':
      return `matches /${clause.matches ?? ''}/`;
    case 'contains':
      return `contains "${clause.contains ?? ''}"`;
    case 'atLeast':
      return kind === 'time' ? `is ${String(clause.atLeast)} or later` : `is at least ${shown(clause.atLeast ?? '')}`;
    case 'atMost':
      return kind === 'time' ? `is ${String(clause.atMost)} or earlier` : `is at most ${shown(clause.atMost ?? '')}`;
    case 'between':
      return `is between ${(clause.between ?? []).map(shown).join(' and ')}`;
    case 'exists':
      return 'is there';
    case 'absent':
      return 'is absent or empty';
  }
}
