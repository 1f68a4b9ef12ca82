/** Conditions asked of each instance of a series, or of each series of a study. */
import { notOf, truthOf, type Truth } from '../truth.js';
import { QUANTIFIERS, type CountBounds, type QuantifierName } from './condition-types.js';
import type { Explained } from './explained.js';
import type { Member, Question, Subject } from './subject.js';

/** Of how many members of each answer the account is kept: of 3 000 instances nobody reads all. */
const KEPT_OF_EACH = 2;

type Counts = Record<Truth, number>;

/** `inner` asked of each member; what it answers is known as soon as the missing ones cannot change it. */
export function quantified(name: QuantifierName, inner: Question, bounds: CountBounds | undefined, path: string): Question {
  const { of, how, text } = QUANTIFIERS[name];
  const wording = `${how === 'count' ? countWords(bounds ?? {}, text) : text} with ${inner.wording}`;
  const truthFrom = (counts: Counts): Truth => answer(how, counts, bounds ?? {});
  return {
    wording,
    truth: (subject) => truthFrom(countsOf(subject.members(of), inner)),
    explain: (subject) => explainMembers(subject),
  };

  function explainMembers(subject: Subject): Explained {
    const counts: Counts = { true: 0, false: 0, missing: 0 };
    const parts: Explained[] = [];
    for (const { label, subject: member } of subject.members(of)) {
      const truth = inner.truth(member);
      counts[truth] += 1;
      if (counts[truth] <= KEPT_OF_EACH) parts.push({ ...inner.explain(member), member: label });
    }
    return { path, text: wording, truth: truthFrom(counts), group: 'members', counts, parts };
  }
}

function countsOf(members: readonly Member[], inner: Question): Counts {
  const counts: Counts = { true: 0, false: 0, missing: 0 };
  for (const { subject } of members) counts[inner.truth(subject)] += 1;
  return counts;
}

function answer(how: 'any' | 'all' | 'none' | 'count', counts: Counts, bounds: CountBounds): Truth {
  if (how === 'all') return counts.false > 0 ? 'false' : counts.missing > 0 ? 'missing' : 'true';
  if (how === 'count') return countAnswer(counts, bounds);
  const any = counts.true > 0 ? 'true' : counts.missing > 0 ? 'missing' : 'false';
  return how === 'any' ? any : notOf(any);
}

/** How many there are lies between those that are true and those that may be. */
function countAnswer(counts: Counts, { atLeast, atMost, between }: CountBounds): Truth {
  const [least, most] = between ?? [atLeast ?? 0, atMost ?? Infinity];
  const [fewest, highest] = [counts.true, counts.true + counts.missing];
  if (fewest >= least && highest <= most) return 'true';
  return truthOf(highest >= least && fewest <= most) === 'false' ? 'false' : 'missing';
}

function countWords({ atLeast, atMost, between }: CountBounds, text: string): string {
  if (between !== undefined) return `between ${between[0]} and ${between[1]} ${text}`;
  return atLeast !== undefined ? `at least ${atLeast} ${text}` : `at most ${atMost ?? ''} ${text}`;
}
