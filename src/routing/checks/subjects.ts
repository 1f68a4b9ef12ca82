/** What is known of the tags and facts that clauses are about: which are the same, how many values they have, what they count. */
import { dictionaryVm } from '../../dicom/element/tags.js';
import { FACTS, type FactName } from '../fact-names.js';
import type { Scope } from '../language/condition-types.js';
import type { AskedAbout } from '../language/kind.js';

/** Facts of several words that are never more than one of them at a time. */
const ONE_WORD: readonly FactName[] = ['contrast', 'plane', 'stack', 'kernelFamily'];

/** Facts that are 1 or more, and whole. */
const COUNTS: readonly FactName[] = ['instanceCount', 'sliceCount'];

/** Two clauses with the same key ask the same value. */
export function subjectKey({ fact, path }: AskedAbout): string {
  return fact ?? JSON.stringify(path?.steps);
}

/**
 * Whether the subject may have several values at once: as the dictionary says (PS3.6), in any item of a sequence, private, or seen
 * over all series of a study.
 */
export function mayHaveSeveral({ fact, path }: AskedAbout, scope: Scope): boolean {
  if (fact !== undefined) return FACTS[fact].kind === 'word' && !ONE_WORD.includes(fact);
  const last = path?.steps.at(-1);
  if (scope === 'study' || last === undefined || !('key' in last)) return true;
  return path?.steps.slice(0, -1).some((step) => step.item === undefined) === true || dictionaryVm(Number.parseInt(last.key, 16)) !== '1';
}

/** Whether it is a fact that counts what there is at least one of. */
export function isCount({ fact }: AskedAbout): boolean {
  return fact !== undefined && COUNTS.includes(fact);
}
