/** Three-valued logic after Kleene. A value that is not there makes a clause `missing`, which is neither true nor false. */

export type Truth = 'true' | 'false' | 'missing';

/** What is known is true or false. */
export function truthOf(value: boolean): Truth {
  return value ? 'true' : 'false';
}

/** False if one is false; else missing if one is missing; else true. */
export function allOf(truths: readonly Truth[]): Truth {
  if (truths.includes('false')) return 'false';
  return truths.includes('missing') ? 'missing' : 'true';
}

/** True if one is true; else missing if one is missing; else false. */
export function anyOf(truths: readonly Truth[]): Truth {
  if (truths.includes('true')) return 'true';
  return truths.includes('missing') ? 'missing' : 'false';
}

/** Missing stays missing. */
export function notOf(truth: Truth): Truth {
  if (truth === 'missing') return truth;
  return truthOf(truth === 'false');
}
