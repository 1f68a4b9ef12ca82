/** Keys of a table of codes that stand for a range of numbers: `< 0.2`, `>= 0.5`, `0.2..0.5` (from the first, up to but without the second). */

/** The numbers that a key stands for; undefined for a key that is a value by itself, 'faulty' for one that is neither. */
export function rangeOf(key: string): ((value: number) => boolean) | 'faulty' | undefined {
  const text = key.trim();
  const [, comparison, limit] = /^(<=|>=|<|>)\s*(\S+)$/.exec(text) ?? [];
  if (comparison !== undefined) return compared(comparison, Number(limit));
  const [, from, to] = /^(\S+?)\s*\.\.\s*(\S+)$/.exec(text) ?? [];
  if (from !== undefined) {
    const [low, high] = [Number(from), Number(to)];
    return low < high ? (value) => value >= low && value < high : 'faulty';
  }
  // As people write ranges; a model may well answer `2-3`, but not `0.2-0.5`.
  return /^[<>=≤≥]|^[\d.]*\.\d+\s*[-–]\s*[\d.]+$|^[\d.]+\s*[-–]\s*[\d.]*\.\d+$/.test(text) ? 'faulty' : undefined;
}

function compared(comparison: string, limit: number): ((value: number) => boolean) | 'faulty' {
  if (Number.isNaN(limit)) return 'faulty';
  if (comparison === '<') return (value) => value < limit;
  if (comparison === '<=') return (value) => value <= limit;
  return comparison === '>' ? (value) => value > limit : (value) => value >= limit;
}
