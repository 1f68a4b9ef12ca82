/**
 * One bit per voxel, as BINARY segmentations hold their frames (PS3.5 section 8.1.1, PS3.3 C.8.20.2): the first voxel is the
 * least significant bit of the first byte, and a frame begins at the bit after the last one of the frame before it,
 * without padding, so that it need not begin on a byte.
 */
import { AnteroomError } from '../../foundation/errors.js';
import type { TakeRun } from './mask.js';

/** Bytes that `bitCount` bits take. */
export function packedLength(bitCount: number): number {
  return Math.ceil(bitCount / 8);
}

/** A mask of `length` voxels that tells its runs, so that only these cost something. */
export interface MaskOfRuns {
  readonly length: number;
  runs(take: TakeRun): void;
}

/**
 * Packs masks one after the other.
 *
 * @param masks any number of masks, by their runs or with one byte per voxel, non-zero = inside. A mask is read before the next is asked for, so it may be the same array refilled.
 * @returns for each mask the bytes that it completes, valid until the next are asked for; then, where bits are left over, one last byte padded with zeros.
 */
export function* packMasks(masks: Iterable<Uint8Array | MaskOfRuns>): Generator<Uint8Array, void> {
  let carry = 0;
  let carryBits = 0;
  let buffer = new Uint8Array(0);
  for (const mask of masks) {
    const bits = carryBits + mask.length;
    const length = packedLength(bits);
    if (buffer.length < length) buffer = new Uint8Array(length);
    const packed = buffer.subarray(0, length).fill(0);
    packed[0] = carry;
    if (mask instanceof Uint8Array) packInto(packed, carryBits, mask);
    else {
      const offset = carryBits;
      mask.runs((from, to) => {
        if (to > mask.length) throw new AnteroomError('INTERNAL', `a mask of ${mask.length} voxels has a run up to ${to}`);
        setBits(packed, offset + from, offset + to);
      });
    }
    carryBits = bits & 7;
    carry = carryBits === 0 ? 0 : packed[length - 1];
    yield packed.subarray(0, bits >> 3);
  }
  if (carryBits > 0) yield Uint8Array.of(carry);
}

/** Sets the bits of a mask, whose voxel 0 is the bit `bitOffset` of `packed`; the bits there must be zero. */
function packInto(packed: Uint8Array, bitOffset: number, mask: Uint8Array): void {
  let n = 0;
  for (const end = Math.min(mask.length, (8 - bitOffset) & 7); n < end; n++) setBit(packed, bitOffset + n, mask[n]);
  for (let at = (bitOffset + n) >> 3; n + 8 <= mask.length; at++, n += 8) packed[at] = eightBits(mask, n);
  for (; n < mask.length; n++) setBit(packed, bitOffset + n, mask[n]);
}

/** Sets the bits `from` ≤ bit < `to`. */
function setBits(packed: Uint8Array, from: number, to: number): void {
  const [first, last] = [from >> 3, to >> 3];
  const [head, tail] = [0xff << (from & 7), (1 << (to & 7)) - 1];
  if (first === last) packed[first] |= head & tail;
  else {
    packed[first] |= head;
    packed.fill(0xff, first + 1, last);
    if (tail !== 0) packed[last] |= tail;
  }
}

function setBit(packed: Uint8Array, bit: number, value: number): void {
  if (value) packed[bit >> 3] |= 1 << (bit & 7);
}

function eightBits(mask: Uint8Array, n: number): number {
  return (
    (mask[n] ? 1 : 0) |
    (mask[n + 1] ? 2 : 0) |
    (mask[n + 2] ? 4 : 0) |
    (mask[n + 3] ? 8 : 0) |
    (mask[n + 4] ? 16 : 0) |
    (mask[n + 5] ? 32 : 0) |
    (mask[n + 6] ? 64 : 0) |
    (mask[n + 7] ? 128 : 0)
  );
}

/**
 * The mask that `bitCount` bits from the bit `bitOffset` on hold: one byte per voxel, 0 or 1.
 *
 * @param packed must hold all these bits.
 */
export function unpackBits(packed: Uint8Array, bitOffset: number, bitCount: number): Uint8Array {
  const [own, first] = bitsFrom(packed, bitOffset);
  const mask = new Uint8Array(bitCount);
  const leading = Math.min(bitCount, (8 - first) & 7);
  for (let n = 0; n < leading; n++) mask[n] = bitAt(own, first + n);
  let at = (first + leading) >> 3;
  let n = leading;
  for (; n + 8 <= bitCount; n += 8, at++) {
    const byte = own[at];
    // Most bytes of a segmentation are all outside or all inside.
    if (byte === 0xff) mask.fill(1, n, n + 8);
    else if (byte !== 0) unpackByte(byte, mask, n);
  }
  for (; n < bitCount; n++) mask[n] = bitAt(own, first + n);
  return mask;
}

/** Tells the runs of `unpackBits`' mask, ascending, without drawing it: bytes that are all outside or all inside cost one comparison. */
export function eachBitRun(packed: Uint8Array, bitOffset: number, bitCount: number, take: TakeRun): void {
  const [own, first] = bitsFrom(packed, bitOffset);
  const end = first + bitCount;
  let from = -1;
  for (let bit = first; bit < end; bit++) {
    if ((bit & 7) === 0) {
      const same = from < 0 ? 0 : 0xff;
      let at = bit >> 3;
      while (at < end >> 3 && own[at] === same) at++;
      bit = at << 3;
      if (bit >= end) break;
    }
    const inside = bitAt(own, bit) === 1;
    if (inside === from >= 0) continue;
    if (inside) from = bit;
    else {
      take(from - first, bit - first);
      from = -1;
    }
  }
  if (from >= 0) take(from - first, bitCount);
}

/** The bytes from that of the bit `bitOffset` on, and its place in the first of them: bits of some hundred megabytes are more than 32-bit arithmetic counts. */
function bitsFrom(packed: Uint8Array, bitOffset: number): [bytes: Uint8Array, first: number] {
  return [packed.subarray(Math.floor(bitOffset / 8)), bitOffset % 8];
}

function bitAt(packed: Uint8Array, bit: number): number {
  return (packed[bit >> 3] >> (bit & 7)) & 1;
}

function unpackByte(byte: number, mask: Uint8Array, n: number): void {
  for (let bit = 0; bit < 8; bit++) mask[n + bit] = (byte >> bit) & 1;
}
