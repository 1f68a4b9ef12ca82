/** What kind of values a clause is about, and what can be asked of them. */
import { closest } from '../../foundation/faults.js';
import { FACTS, type FactKind, type FactName } from '../fact-names.js';
import { numberOf } from '../header-values.js';
import type { SeenValue } from './explained.js';
import { RANGE_OPERATORS, TEXT_OPERATORS, type Clause, type Operand, type Operator } from './operators.js';
import { inUnit, secondsOfTime, unitOfTag, yearsOfAge, type UnitName } from './quantity.js';
import { parseTagPath, type TagPath } from './tag-path.js';

/** `free` is what may be text or number: tags whose VR nobody knows. */
export type ValueKind = 'number' | 'age' | 'time' | 'text' | 'free' | 'flag' | 'word' | 'sequence';

export interface AskedAbout {
  /** As it is shown: `PatientAge`, `sliceCount`. */
  readonly name: string;
  readonly kind: ValueKind;
  readonly unit: UnitName | undefined;
  readonly path?: TagPath;
  readonly fact?: FactName;
}

const NUMBER_VRS: readonly string[] = ['DS', 'IS', 'FL', 'FD', 'US', 'SS', 'UL', 'SL', 'UV', 'SV'];

/** What a clause is about; undefined where it names nothing that is known. */
export function askedAbout(clause: Clause): AskedAbout | undefined {
  if (clause.fact !== undefined) {
    if (!(clause.fact in FACTS)) return undefined;
    const fact = clause.fact as FactName;
    const known: FactKind = FACTS[fact];
    return { name: fact, kind: known.kind, unit: known.kind === 'number' ? known.unit : undefined, fact };
  }
  const path = parseTagPath(clause.tag ?? '');
  if ('fault' in path) return undefined;
  return { name: path.text, kind: kindOfVr(path.vr), unit: path.keyword === undefined ? undefined : unitOfTag(path.keyword), path };
}

function kindOfVr(vr: string): ValueKind {
  if (NUMBER_VRS.includes(vr)) return 'number';
  if (vr === 'AS') return 'age';
  if (vr === 'TM') return 'time';
  if (vr === 'SQ') return 'sequence';
  return vr === 'UN' ? 'free' : 'text';
}

/** An operand as the number that values are compared with, or what is wrong with it. Ages are in years, times in seconds since midnight. */
export function operandNumber(operand: string | number, { kind, unit }: AskedAbout): number | { readonly fault: string } {
  if (kind === 'time') {
    const seconds = typeof operand === 'string' ? secondsOfTime(operand) : undefined;
    return seconds ?? { fault: `must be a time of day like '20:00', in quotes` };
  }
  if (kind === 'age' && typeof operand === 'string') {
    const years = yearsOfAge(operand);
    if (years !== undefined) return years;
  }
  return inUnit(operand, unit);
}

/** A value that was seen as a number for comparing; undefined where it is none. */
export function seenNumber(value: SeenValue, kind: ValueKind): number | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'string' && kind === 'age') return yearsOfAge(value);
  if (typeof value === 'string' && kind === 'time') return secondsOfTime(value);
  return numberOf(value);
}

/** Why an operator with this operand can never be true of what is asked about; undefined where it can. */
export function operandFault(about: AskedAbout, operator: Operator, clause: Clause): string | undefined {
  if (operator === 'exists' || operator === 'absent') return undefined;
  const { name, kind } = about;
  if (kind === 'sequence') return `can never be true: ${name} is a sequence; name an element in it, like ${name}.CodeValue`;
  if (RANGE_OPERATORS.includes(operator)) return rangeFault(about, operator, clause);
  if (TEXT_OPERATORS.includes(operator))
    return kind === 'word' || kind === 'flag' || (about.fact !== undefined && kind === 'number')
      ? `can never be true: ${name} is not a free text; use equals or oneOf`
      : undefined;
  const wanted = operator === 'equals' ? [clause.equals ?? ''] : (clause.oneOf ?? []);
  for (const one of wanted) {
    const fault = equalsFault(about, one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function rangeFault(about: AskedAbout, operator: Operator, clause: Clause): string | undefined {
  const { name, kind } = about;
  if (kind === 'flag' || kind === 'word' || (kind === 'text' && about.fact !== undefined))
    return `can never be true: ${name} is not a number`;
  const bounds = operator === 'between' ? (clause.between ?? []) : [clause[operator as 'atLeast' | 'atMost'] ?? ''];
  const numbers: number[] = [];
  for (const bound of bounds) {
    const number = operandNumber(bound, about);
    if (typeof number !== 'number') return number.fault;
    numbers.push(number);
  }
  const [least, most] = numbers;
  if (least === undefined || most === undefined || kind === 'time' || least <= most) return undefined;
  return 'can never be true: the least is above the most';
}

function equalsFault(about: AskedAbout, wanted: Operand): string | undefined {
  const { name, kind } = about;
  if (kind === 'flag') return typeof wanted === 'boolean' ? undefined : `can never be true: ${name} is true or false`;
  if (typeof wanted === 'boolean') {
    if (about.fact === undefined) return 'a tag has texts and numbers, not true and false';
    return `can never be true: ${name} is ${kind === 'word' ? `one of ${wordsOf(about).join(', ')}` : `a ${kind}`}`;
  }
  if (kind === 'word') {
    const words = wordsOf(about);
    if (words.includes(String(wanted))) return undefined;
    const near = closest(String(wanted), words);
    return `can never be true: ${name} is one of ${words.join(', ')}, never ${wanted}${near === undefined ? '' : `; did you mean ${near}?`}`;
  }
  if (kind === 'text' || kind === 'free') return undefined;
  const number = operandNumber(wanted, about);
  if (typeof number === 'number') return undefined;
  return kind === 'number' && !/\d/.test(String(wanted)) ? `can never be true: ${name} is a number` : number.fault;
}

/** The words that a fact can be. */
export function wordsOf({ fact }: AskedAbout): readonly string[] {
  const kind = fact === undefined ? undefined : FACTS[fact];
  return kind !== undefined && 'words' in kind ? kind.words : [];
}
