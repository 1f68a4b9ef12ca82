/** Conditions asked of one series, with an account of every clause. Pure; never throws, whatever the header holds. */
import { tagKey, tagOf } from '../dicom/element/tags.js';
import type { Header, HeaderValue } from '../dicom/header.js';
import type { SeriesFacts } from './facts.js';
import { numberOf, textOf, valuesOf } from './header-values.js';
import { patternFound } from './pattern.js';
import { OPERATORS, type Clause, type Condition, type Operator } from './schema.js';
import { allOf, anyOf, notOf, truthOf, type Truth } from './truth.js';

export type SeenValue = string | number | boolean;

/** One node of a condition with its answer. May hold values of the patient's header: for people with access, never for logs. */
export interface Explained {
  /** Where it stands in the rule: `when[1].any[0]`. */
  readonly path: string;
  /** In words: `BodyPartExamined is one of CHEST, THORAX`; `all of`, `any of` and `not` for groups. */
  readonly text: string;
  readonly truth: Truth;
  /** Clauses only: what was there, and where it was read or why it was not. */
  readonly seen?: { readonly values: readonly SeenValue[]; readonly source: string };
  /** Groups only. */
  readonly parts?: readonly Explained[];
}

/** Asks a condition of a series. Every part is answered, also where the first already decides. */
export function explain(condition: Condition, series: SeriesFacts, path: string): Explained {
  if (isList(condition)) return group('all of', condition, series, path, allOf);
  if ('all' in condition) return group('all of', condition.all, series, `${path}.all`, allOf);
  if ('any' in condition) return group('any of', condition.any, series, `${path}.any`, anyOf);
  if ('not' in condition) {
    const inner = explain(condition.not, series, `${path}.not`);
    return { path, text: 'not', truth: notOf(inner.truth), parts: [inner] };
  }
  return explainClause(condition, series, path);
}

function isList(condition: Condition): condition is readonly Condition[] {
  return Array.isArray(condition);
}

function group(
  text: string,
  members: readonly Condition[],
  series: SeriesFacts,
  path: string,
  join: (truths: readonly Truth[]) => Truth,
): Explained {
  const parts = members.map((member, index) => explain(member, series, `${path}[${index}]`));
  return { path, text, truth: join(parts.map((part) => part.truth)), parts };
}

function explainClause(clause: Clause, series: SeriesFacts, path: string): Explained {
  const operator = OPERATORS.find((name) => clause[name] !== undefined) ?? 'exists';
  const { values, source } = clause.fact === undefined ? tagValues(series.first, clause.tag ?? '') : series.facts[clause.fact];
  const truth = answer(operator, clause, values);
  return { path, text: clauseText(clause, operator), truth, seen: { values, source } };
}

function answer(operator: Operator, clause: Clause, values: readonly SeenValue[]): Truth {
  if (operator === 'exists') return truthOf(values.length > 0);
  if (operator === 'absent') return truthOf(values.length === 0);
  if (values.length === 0) return 'missing';
  return anyOf(values.map((value) => holds(operator, clause, value)));
}

/** Whether one value of a multi-valued element answers the clause; a value that is no number where one is needed is missing. */
function holds(operator: Operator, clause: Clause, value: SeenValue): Truth {
  switch (operator) {
    case 'equals':
      return same(value, clause.equals ?? '');
    case 'oneOf':
      return anyOf((clause.oneOf ?? []).map((wanted) => same(value, wanted)));
    case 'matches':
      return truthOf(patternFound(clause.matches ?? '', String(value)));
    case 'contains':
      return truthOf(
        String(value)
          .toLowerCase()
          .includes((clause.contains ?? '').toLowerCase()),
      );
    case 'atLeast':
      return within(value, clause.atLeast ?? -Infinity, Infinity);
    case 'atMost':
      return within(value, -Infinity, clause.atMost ?? Infinity);
    case 'between':
      return within(value, ...(clause.between ?? [-Infinity, Infinity]));
    default:
      return 'missing';
  }
}

function same(value: SeenValue, wanted: SeenValue): Truth {
  if (typeof value === 'boolean' || typeof wanted === 'boolean') return truthOf(value === wanted);
  const [seenNumber, wantedNumber] = [numberOf(value), numberOf(wanted)];
  if (seenNumber !== undefined && wantedNumber !== undefined) return truthOf(seenNumber === wantedNumber);
  if (typeof wanted === 'number') return 'missing';
  return truthOf(String(value).toLowerCase() === wanted.trim().toLowerCase());
}

function within(value: SeenValue, least: number, most: number): Truth {
  const number = typeof value === 'boolean' ? undefined : numberOf(value);
  return number === undefined ? 'missing' : truthOf(number >= least && number <= most);
}

interface Values {
  readonly values: readonly SeenValue[];
  readonly source: string;
}

function tagValues(header: Header, name: string): Values {
  const tag = tagOf(name);
  const key = tagKey(tag ?? 0);
  if (tag === undefined || header[key] === undefined) return { values: [], source: `${name} is absent` };
  const written = valuesOf(header, tag);
  const values = written.flatMap(scalarOf);
  if (values.length > 0) return { values, source: name };
  const isSequence = written.some((value) => typeof value === 'object' && value !== null);
  return { values, source: `${name} is ${isSequence ? 'a sequence' : 'empty'}` };
}

function scalarOf(value: HeaderValue): SeenValue[] {
  if (typeof value === 'number') return [value];
  const text = textOf(value);
  return text === undefined || text === '' ? [] : [text];
}

/** A clause in words. */
function clauseText(clause: Clause, operator: Operator): string {
  const subject = clause.fact ?? clause.tag ?? '';
  switch (operator) {
    case 'equals':
      return `${subject} is ${String(clause.equals)}`;
    case 'oneOf':
      return `${subject} is one of ${(clause.oneOf ?? []).join(', ')}`;
    case 'matches':
      return `${subject} matches /${clause.matches ?? ''}/`;
    case 'contains':
      return `${subject} contains "${clause.contains ?? ''}"`;
    case 'atLeast':
      return `${subject} is at least ${clause.atLeast ?? ''}`;
    case 'atMost':
      return `${subject} is at most ${clause.atMost ?? ''}`;
    case 'between':
      return `${subject} is between ${(clause.between ?? []).join(' and ')}`;
    case 'exists':
      return `${subject} is there`;
    case 'absent':
      return `${subject} is absent or empty`;
  }
}

/** The parts because of which a condition is not true, each once, in the order of the rule. */
export function blame(explained: Explained): Explained[] {
  if (explained.truth === 'true') return [];
  if (explained.parts === undefined || explained.text === 'not') return [explained];
  const guilty = explained.text === 'all of' ? explained.parts.filter((part) => part.truth === explained.truth) : explained.parts;
  return guilty.flatMap(blame);
}

/** Why a condition is not true, in one line. */
export function reasonOf(explained: Explained): string {
  return blame(explained).map(phrase).join('; ');
}

/** One blamed part as a phrase: what was asked and what was seen instead. */
function phrase(explained: Explained): string {
  const [inner] = explained.parts ?? [];
  if (explained.text === 'not' && inner !== undefined) return `not (${inner.text}): ${seenText(inner)}`;
  return `${explained.text}: ${seenText(explained)}`;
}

/** What a clause saw, for people: the values, or why there is none. */
export function seenText({ seen, truth }: Explained): string {
  if (seen === undefined) return truth;
  if (seen.values.length === 0) return seen.source;
  return `seen ${seen.values.map(String).join('\\')}`;
}

/** `series 3`, or its UID where it has no number. */
export function seriesLabel(series: { readonly seriesNumber?: number; readonly seriesInstanceUid: string }): string {
  return series.seriesNumber === undefined ? `series ${series.seriesInstanceUid}` : `series ${series.seriesNumber}`;
}
