import fc from 'fast-check';
import { eachBitRun, packMasks, packedLength, unpackBits, type MaskOfRuns } from '../../../src/dicom/seg/bits.js';

const concat = (chunks: Iterable<Uint8Array>) => Buffer.concat(Array.from(chunks, (chunk) => Uint8Array.from(chunk)));
const mask = fc.array(fc.constantFrom(0, 1), { maxLength: 70 }).map((voxels) => Uint8Array.from(voxels));

/** Some of them split, as runs of a row that meets the next one are. */
const asRuns = (voxels: Uint8Array): MaskOfRuns => ({
  length: voxels.length,
  runs: (take) => {
    for (let from = 0; from < voxels.length; from += 20)
      for (let n = from; n < Math.min(from + 20, voxels.length); n++) {
        let to = n;
        while (to < Math.min(from + 20, voxels.length) && voxels[to] !== 0) to++;
        if (to > n) take(n, to);
        n = to;
      }
  },
});

describe('packed masks', () => {
  it('begin with the least significant bit', () => {
    expect([...concat(packMasks([Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 1)]))]).toEqual([0b00000001, 0b00000010]);
  });

  it('follow each other without padding', () => {
    expect([...concat(packMasks([Uint8Array.of(1, 1, 1), Uint8Array.of(0, 0, 1), Uint8Array.of(1, 1, 1)]))]).toEqual([
      0b11100111, 0b00000001,
    ]);
  });

  it('take every non-zero voxel as inside', () => {
    expect([...concat(packMasks([Uint8Array.of(0, 2, 255, 0, 0, 0, 0, 7)]))]).toEqual([0b10000110]);
  });

  it('tell the runs of what they unpack to, wherever they begin', () => {
    const bytes = fc.array(fc.constantFrom(0, 0xff, 0x0f, 0xf0, 0x81, 0x7e, 0x55), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bytes, fc.nat(20), fc.nat(96), (all, skipped, wanted) => {
        const packed = Uint8Array.from(all);
        const offset = Math.min(skipped, packed.length * 8);
        const count = Math.min(wanted, packed.length * 8 - offset);
        const drawn = new Uint8Array(count);
        const ends: number[] = [];
        eachBitRun(packed, offset, count, (from, to) => {
          ends.push(from, to);
          drawn.fill(1, from, to);
        });
        expect(drawn).toEqual(unpackBits(packed, offset, count));
        expect(ends.every((end, n) => n === 0 || end > ends[n - 1])).toBe(true);
      }),
    );
  });

  it('are found behind the first 256 MB, where bits are more than 32 bits count', () => {
    const packed = new Uint8Array(2 ** 28 + 2);
    packed[2 ** 28] = 0b110;
    expect([...unpackBits(packed, 2 ** 31, 9)]).toEqual([0, 1, 1, 0, 0, 0, 0, 0, 0]);
    const runs: number[][] = [];
    eachBitRun(packed, 2 ** 31 - 3, 12, (from, to) => runs.push([from, to]));
    expect(runs).toEqual([[4, 6]]);
  });

  it('come back as they were, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.array(mask, { maxLength: 12 }), (masks) => {
        const packed = concat(packMasks(masks));
        const bits = masks.reduce((sum, one) => sum + one.length, 0);
        expect(packed.length).toBe(packedLength(bits));
        let bit = 0;
        for (const one of masks) {
          expect(unpackBits(packed, bit, one.length)).toEqual(one);
          bit += one.length;
        }
      }),
    );
  });

  it('are what a bit-by-bit packer gives', () => {
    fc.assert(
      fc.property(fc.array(mask, { maxLength: 12 }), (masks) => {
        const bits = masks.flatMap((one) => [...one]);
        const expected = new Uint8Array(packedLength(bits.length));
        bits.forEach((bit, n) => (expected[Math.floor(n / 8)] += bit * 2 ** (n % 8)));
        expect(new Uint8Array(concat(packMasks(masks)))).toEqual(expected);
      }),
    );
  });

  it('may be told by their runs', () => {
    fc.assert(
      fc.property(fc.array(mask, { maxLength: 12 }), (masks) => {
        expect(concat(packMasks(masks.map(asRuns)))).toEqual(concat(packMasks(masks)));
      }),
    );
  });

  it('may share one array that is refilled', () => {
    function* refilled(): Generator<Uint8Array> {
      const shared = new Uint8Array(5);
      for (const value of [1, 0, 1]) yield shared.fill(value);
    }
    expect([...concat(packMasks(refilled()))]).toEqual([0b00011111, 0b01111100]);
  });
});
