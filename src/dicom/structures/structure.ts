/** What the table says of a structure, and how its entries are written down. */
import type { Rgb } from './cielab.js';
import { CATEGORY, LATERALITY } from './code.js';
import type { KnownCode } from './code.js';

export interface Structure {
  /** `LEFT_LUNG`; an abnormality in a place is `LEFT_LUNG+NODULE`, place before the plus. */
  readonly id: string;
  readonly name: string;
  /** Other names in use, lower case: labels of other tools, British spelling. */
  readonly synonyms: readonly string[];
  /** Names in Chinese. */
  readonly chinese: readonly string[];
  readonly category: KnownCode;
  readonly type: KnownCode;
  /** Types under which other producers write it, wrongly or more broadly. We read them where the label says the rest, and never write them. */
  readonly otherTypes: readonly KnownCode[];
  readonly laterality?: KnownCode;
  /** Where in the body it is: for anatomy the part of the body, for an abnormality the organ. */
  readonly region?: KnownCode;
  readonly regionLaterality?: KnownCode;
  readonly colour: Rgb;
  /** The id of the structure that this one is a part of; of an abnormality in a place, the same in the greater place or in none. */
  readonly parent?: string;
  /** True where its parts in the table are all of it: what none of them covers does not belong to it. Not so of a pancreas and its duct. */
  readonly madeOfParts: boolean;
}

export type Side = keyof typeof LATERALITY;

export interface Extra {
  readonly side?: Side;
  readonly parent?: string;
  readonly madeOfParts?: boolean;
  readonly synonyms?: readonly string[];
  readonly chinese?: readonly string[];
  readonly otherTypes?: readonly KnownCode[];
}

/** An entry for anatomy. */
export function organ(id: string, name: string, region: KnownCode, type: KnownCode, colour: Rgb, extra: Extra = {}): Structure {
  return {
    id,
    name,
    synonyms: extra.synonyms ?? [],
    chinese: extra.chinese ?? [],
    category: CATEGORY.anatomy,
    type,
    otherTypes: extra.otherTypes ?? [],
    region,
    colour,
    madeOfParts: extra.madeOfParts ?? false,
    ...(extra.side === undefined ? {} : { laterality: LATERALITY[extra.side] }),
    ...(extra.parent === undefined ? {} : { parent: extra.parent }),
  };
}

/** An organ that is there on both sides. `name` is in lower case and without a side, as are synonyms and Chinese names. */
export interface Pair extends Omit<Extra, 'side'> {
  readonly id: string;
  readonly name: string;
  readonly region: KnownCode;
  readonly type: KnownCode;
  readonly left: Rgb;
  readonly right: Rgb;
}

/** The two entries of an organ that is there on both sides, also known by `kidney left` and `kidney l`. */
export function pair(one: Pair): Structure[] {
  const { id, name, region, type, synonyms = [], chinese = [] } = one;
  return (['left', 'right'] as const).map((side) =>
    organ(`${side.toUpperCase()}_${id}`, `${side === 'left' ? 'Left' : 'Right'} ${name}`, region, type, one[side], {
      side,
      parent: one.parent,
      madeOfParts: one.madeOfParts,
      otherTypes: one.otherTypes,
      synonyms: [`${name} ${side}`, ...synonyms.flatMap((other) => [`${side} ${other}`, `${other} ${side}`])],
      chinese: chinese.map((other) => `${side === 'left' ? '左' : '右'}${other}`),
    }),
  );
}

/** An entry for a finding, which may be in any place. */
export function abnormality(
  id: string,
  name: string,
  type: KnownCode,
  colour: Rgb,
  extra: Pick<Extra, 'synonyms' | 'chinese' | 'parent'> = {},
): Structure {
  return {
    id,
    name,
    synonyms: extra.synonyms ?? [],
    chinese: extra.chinese ?? [],
    category: CATEGORY.abnormality,
    type,
    otherTypes: [],
    colour,
    madeOfParts: false,
    ...(extra.parent === undefined ? {} : { parent: extra.parent }),
  };
}

/** The n-th of `count` colours between two, for rows of like structures: neighbours differ, and no two are the same. */
export function between(first: Rgb, last: Rgb, n: number, count: number): Rgb {
  const share = count < 2 ? 0 : n / (count - 1);
  const [red, green, blue] = first.map((value, channel) => Math.round(value + (last[channel] - value) * share));
  return [red, green, blue];
}
