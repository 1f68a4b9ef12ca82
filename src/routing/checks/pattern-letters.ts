/** What can be told of a regular expression without running it. In doubt, nothing. */

/** What takes part of a pattern away from being a plain letter that must be there. */
const PLAIN = /^[^\\[\](){}|.*+?^$]$/;

/**
 * Letters that every text must have in which the pattern is found, in their order: those that stand outside of groups, classes and
 * choices and are not optional. Empty where there are none, or where that cannot be told easily.
 */
export function lettersNeededBy(pattern: string): string {
  if (pattern.includes('(?')) return '';
  const letters: string[] = [];
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at] ?? '';
    if (sign === '\\') {
      const end = escapeEnd(pattern, at);
      if (end === undefined) return '';
      at = end;
    } else if (sign === '[') {
      const end = classEnd(pattern, at);
      if (end === undefined) return '';
      at = end;
    } else if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (sign === '|' && depth === 0) return '';
    else if (depth === 0 && PLAIN.test(sign) && !isRepeated(pattern, at)) letters.push(sign);
    else if (sign === '{') at = Math.max(at, pattern.indexOf('}', at));
  }
  return letters.join('');
}

/** A letter before `?`, `*` or a count need not be there. */
function isRepeated(pattern: string, at: number): boolean {
  return ['?', '*', '{'].includes(pattern[at + 1] ?? '');
}

/** The end of an escape of two signs; longer ones are not looked into. */
function escapeEnd(pattern: string, at: number): number | undefined {
  return /[bBdDsSwWAz.[\](){}|*+?^$/\\-]/.test(pattern[at + 1] ?? '') ? at + 1 : undefined;
}

/** The end of a class without anything unusual in it. */
function classEnd(pattern: string, at: number): number | undefined {
  const end = pattern.indexOf(']', at + 2);
  const inside = pattern.slice(at + 1, end);
  return end === -1 || /[[\\]/.test(inside) ? undefined : end;
}
