/** A condition made ready for being asked: of a series, of an instance, or of a study. */
import { allOf, anyOf, notOf, type Truth } from '../truth.js';
import { prepareClause } from './clause.js';
import { partsOf, type Condition } from './condition-types.js';
import type { Explained } from './explained.js';
import type { Clause } from './operators.js';
import { quantified } from './quantifier.js';
import type { Question, Subject } from './subject.js';

/** By condition, then by path: a named condition stands in several places. */
const prepared = new WeakMap<object, Map<string, Question>>();

/** Prepares a condition that stands at `path`; the work is done once for each place. */
export function questionOf(condition: Condition, path: string): Question {
  const known = prepared.get(condition) ?? new Map<string, Question>();
  const before = known.get(path);
  if (before !== undefined) return before;
  const question = prepare(condition, path);
  prepared.set(condition, known.set(path, question));
  return question;
}

function prepare(condition: Condition, path: string): Question {
  const parts = partsOf(condition);
  switch (parts.kind) {
    case 'group': {
      const inside = parts.key === undefined ? path : `${path}.${parts.key}`;
      const members = parts.members.map((member, index) => questionOf(member, `${inside}[${index}]`));
      return parts.join === 'all' ? every(members, inside) : some(members, inside);
    }
    case 'not':
      return negated(questionOf(parts.inner, `${path}.not`), path);
    case 'use':
      return named(parts.name, parts.inner, path);
    case 'quantifier': {
      const inside = `${path}.${parts.name}`;
      return quantified(parts.name, questionOf(parts.inner, parts.bounds === undefined ? inside : `${inside}.where`), parts.bounds, inside);
    }
    case 'clause':
      return asked(parts.clause, path);
  }
}

function asked(clause: Clause, path: string): Question {
  const { text, read, values: valuesFor, answer } = prepareClause(clause);
  return {
    wording: text,
    truth: (subject) => answer(valuesFor(subject)),
    explain: (subject) => {
      const { values, source } = read(subject);
      return { path, text, truth: answer(values), seen: { values, source } };
    },
  };
}

function every(members: readonly Question[], path: string): Question {
  return {
    wording: wordingOf('all of', members),
    truth: (subject) => {
      let truth: Truth = 'true';
      for (const member of members) {
        const next = member.truth(subject);
        if (next === 'false') return next;
        if (next === 'missing') truth = next;
      }
      return truth;
    },
    explain: (subject) => groupOf('all of', 'all', members, path, subject),
  };
}

function some(members: readonly Question[], path: string): Question {
  return {
    wording: wordingOf('any of', members),
    truth: (subject) => {
      let truth: Truth = 'false';
      for (const member of members) {
        const next = member.truth(subject);
        if (next === 'true') return next;
        if (next === 'missing') truth = next;
      }
      return truth;
    },
    explain: (subject) => groupOf('any of', 'any', members, path, subject),
  };
}

function groupOf(text: string, group: 'all' | 'any', members: readonly Question[], path: string, subject: Subject): Explained {
  const parts = members.map((member) => member.explain(subject));
  const truths = parts.map(({ truth }) => truth);
  return { path, text, truth: group === 'all' ? allOf(truths) : anyOf(truths), group, parts };
}

function wordingOf(text: string, members: readonly Question[]): string {
  const [only] = members;
  return members.length === 1 && only !== undefined ? only.wording : `${text} (${members.map(({ wording }) => wording).join(', ')})`;
}

function negated(inner: Question, path: string): Question {
  return {
    wording: `not (${inner.wording})`,
    truth: (subject) => notOf(inner.truth(subject)),
    explain: (subject) => {
      const part = inner.explain(subject);
      return { path, text: 'not', truth: notOf(part.truth), group: 'not', parts: [part] };
    },
  };
}

/** A named condition answers as what it stands for. One that nobody resolved is missing; files with one are refused. */
function named(name: string, condition: Condition | undefined, path: string): Question {
  if (condition === undefined) return asked({ tag: name }, path);
  const inner = questionOf(condition, `${path}.${name}`);
  return {
    wording: name,
    truth: inner.truth,
    explain: (subject) => {
      const part = inner.explain(subject);
      return { path, text: name, truth: part.truth, group: 'named', parts: [part] };
    },
  };
}
