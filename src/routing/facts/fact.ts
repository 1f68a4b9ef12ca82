/** What is derived of a series: its values, and where they come from. */

export type FactValue = string | number | boolean;

/**
 * What was derived and where it comes from. Without values it is missing, and the source says why; of several values each one
 * holds (a chest and abdomen CT shows both).
 */
export interface Fact {
  readonly values: readonly FactValue[];
  readonly source: string;
}

/** A fact with one value; missing where there is none, and the source then says why. */
export function known(value: FactValue | undefined, source: string): Fact {
  return { values: value === undefined ? [] : [value], source };
}

/** A fact with several values. */
export function several(values: readonly FactValue[], source: string): Fact {
  return { values, source };
}

/** A fact that cannot be told, with the reason. */
export function missing(reason: string): Fact {
  return { values: [], source: reason };
}
