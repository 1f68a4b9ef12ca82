/** Most elements are the same in every instance of a series: each value is looked at once. */
import type { Header, HeaderValue } from '../../dicom/header.js';
import { valuesOf } from '../header-values.js';

export interface Distinct {
  /** The first header of those that hold this value. */
  readonly header: Header;
  readonly count: number;
}

/** One header for each value that an element (no sequence) has in the series, in the order of instances; absent and empty are one of them. */
export function distinctBy(headers: readonly Header[], tag: number): Distinct[] {
  const found = new Map<string, { header: Header; count: number }>();
  let last: { readonly values: readonly HeaderValue[]; readonly entry: { count: number } } | undefined;
  for (const header of headers) {
    const values = valuesOf(header, tag);
    if (last !== undefined && areSame(values, last.values)) {
      last.entry.count++;
      continue;
    }
    const key = JSON.stringify(values);
    const entry = found.get(key) ?? { header, count: 0 };
    entry.count++;
    found.set(key, entry);
    last = { values, entry };
  }
  return [...found.values()];
}

function areSame(a: readonly HeaderValue[], b: readonly HeaderValue[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
