/** What a segment shows, by its codes: what labels and numbers say is not compared. */
import type { Code } from '../../dicom/structures/code.js';
import type { Segment, Segmentation } from '../../dicom/seg/segmentation.js';
import { structureByCodes } from '../../dicom/structures/table.js';

/** A segment under the name by which it is found in the other object. */
export interface NamedSegment {
  /** Equal for equal meanings: a structure's id, or its codes; counted where one comes again, as nodules do. */
  readonly name: string;
  /** For people. */
  readonly meaning: string;
  readonly segment: Segment;
}

/** The segments of an object, named. */
export function namedSegments({ segments }: Segmentation): NamedSegment[] {
  const names = counted(segments.map(meaningOf));
  return segments.map((segment, n) => ({ name: names[n], meaning: `the codes ${codesOf(segment.codes)}`, segment }));
}

/** Names that come again, with a number from the second on. */
export function counted(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

function meaningOf({ codes }: Segment): string {
  const known = structureByCodes(codes);
  return known === undefined ? codesOf(codes) : known.id;
}

/** All codes of a segment, for people. */
export function codesOf({ category, type, typeModifiers, regions, regionModifiers }: Segment['codes']): string {
  const text = ({ value, scheme, meaning }: Code) => `${value} ${scheme} "${meaning}"`;
  const parts = [category, type, ...typeModifiers, ...regions, ...regionModifiers];
  return parts.flatMap((code) => (code === undefined ? [] : text(code))).join(', ') || 'no codes';
}
