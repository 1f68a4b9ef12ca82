/** Faults of files that people write: all of them at once, each with its line and, where one is near, a suggestion. */
import { AnteroomError, type ErrorCode } from './errors.js';

/** One fault of one file. */
export interface Fault {
  readonly file: string;
  /** Counted from 1; 0 where the fault has no place in a file. */
  readonly line: number;
  readonly column: number;
  /** Where in the file's structure: `rules[0].when[1].tag`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What the writer probably meant. */
  readonly suggestion?: string;
}

/** One line for each fault, `file:line:column path: message (did you mean …?)`, in the order of the file. */
export function formatFaults(faults: readonly Fault[]): string {
  return [...faults].sort(byPlace).map(formatFault).join('\n');
}

function formatFault(fault: Fault): string {
  const place = fault.line > 0 ? `${fault.file}:${fault.line}:${fault.column}` : fault.file;
  const path = fault.path === '' ? '' : ` ${fault.path}`;
  const suggestion = fault.suggestion === undefined ? '' : ` (did you mean ${fault.suggestion}?)`;
  return `${place}${path}: ${fault.message}${suggestion}`;
}

function byPlace(a: Fault, b: Fault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** A file that is refused as a whole, with every fault in it. */
export class InvalidFileError extends AnteroomError {
  readonly faults: readonly Fault[];

  constructor(code: ErrorCode, faults: readonly Fault[]) {
    super(code, formatFaults(faults));
    this.name = 'InvalidFileError';
    this.faults = faults;
  }
}

/** More slips than these make another word, however long it is. */
const MOST_SLIPS = 4;

/** The known word that is nearest to `word`, if it is near enough to be a slip of the keyboard. Case does not count. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.min(MOST_SLIPS, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `closest` as the part of a fault that it becomes. */
export function suggestionFor(word: string, known: Iterable<string>): { suggestion?: string } {
  const suggestion = closest(word, known);
  return suggestion === undefined ? {} : { suggestion };
}

/**
 * Single characters inserted, deleted or replaced, and neighbours swapped (optimal string alignment); something that is not less than
 * `limit` as soon as it cannot be less: an unknown tag is compared with thousands of words.
 */
function editDistance(a: string, b: string, limit: number): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforePrevious[j - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    if (Math.min(...current) >= limit && Math.min(...previous) >= limit) return limit;
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}
