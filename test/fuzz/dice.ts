/** Choices that follow from a seed. */
import { uniformRandom } from '../../src/dicom/phantom/random.js';

export class Dice {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = uniformRandom(seed);
  }

  /** 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** One of the names, each as often as its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let at = this.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) if ((at -= weight) < 0) return name;
    return entries[entries.length - 1][0];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** A length as attackers and broken programs claim it. */
  claimedLength(trueBytes: number, bits: 16 | 32): number {
    const largest = 2 ** bits - 1;
    const claims = [0, 1, trueBytes - 1, trueBytes + 1, trueBytes + 2, trueBytes * 2, 2 ** (bits - 1), largest - 1, largest];
    return Math.min(Math.max(this.chance(0.2) ? this.below(largest) : this.pick(claims), 0), largest);
  }
}

/** A copy of the list with one change: something left out, doubled, exchanged, or put in. */
export function rearranged<T>(dice: Dice, list: readonly T[], foreign: () => T): T[] {
  const copy = [...list];
  const at = dice.below(copy.length);
  switch (dice.pick(['leave out', 'double', 'exchange', 'put in', 'replace'])) {
    case 'leave out':
      copy.splice(at, 1);
      break;
    case 'double':
      copy.splice(at, 0, copy[at]);
      break;
    case 'exchange': {
      const other = dice.below(copy.length);
      [copy[at], copy[other]] = [copy[other], copy[at]];
      break;
    }
    case 'put in':
      copy.splice(at, 0, foreign());
      break;
    default:
      copy[at] = foreign();
  }
  return copy;
}

/** A copy of the list in which one entry is changed. */
export function withOneChanged<T>(dice: Dice, list: readonly T[], change: (one: T) => T): T[] {
  const at = dice.below(list.length);
  return list.map((one, index) => (index === at ? change(one) : one));
}

/** A copy with some bits turned over, a run of random bytes, or its end cut off. */
export function damaged(dice: Dice, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length === 0) return dice.bytes(dice.between(1, 20));
  const way = dice.below(3);
  if (way === 0) for (let n = dice.between(1, 8); n > 0; n--) copy[dice.below(copy.length)] ^= 1 << dice.below(8);
  else if (way === 1) dice.bytes(dice.between(1, 40)).copy(copy, dice.below(copy.length));
  else return copy.subarray(0, dice.below(copy.length));
  return copy;
}
