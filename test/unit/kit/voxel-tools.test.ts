/** The algorithms that the lungs are made of, each against a brute-force answer on small random masks. */
import { uniformRandom } from '../../../src/dicom/phantom/random.js';
import { bySize, labelComponents, largestComponent } from '../../../src/kit/voxels/components.js';
import { squaredDistanceMm } from '../../../src/dicom/voxels/distance.js';
import { floodFromSeeds } from '../../../src/kit/voxels/flood.js';
import { close, dilate, erode, fillCavities, holesInSlices, openInSlices } from '../../../src/kit/voxels/morphology.js';
import { boxAround, cut, paintBox } from '../../../src/dicom/voxels/region.js';
import type { Extent, Mask } from '../../../src/dicom/voxels/extent.js';

const extent: Extent = { columns: 9, rows: 7, slices: 5 };
const spacingMm = [0.7, 1.1, 2.5] as const;

function randomMask(seed: number, share: number): Mask {
  const random = uniformRandom(seed);
  return Uint8Array.from({ length: extent.columns * extent.rows * extent.slices }, () => (random() < share ? 1 : 0));
}

function place(p: number): [number, number, number] {
  return [p % extent.columns, Math.floor(p / extent.columns) % extent.rows, Math.floor(p / (extent.columns * extent.rows))];
}

function squareMm(a: number, b: number): number {
  const [from, to] = [place(a), place(b)];
  return from.reduce((sum, at, axis) => sum + ((at - to[axis]) * spacingMm[axis]) ** 2, 0);
}

/** A picture of one slice, `#` for set. */
function slice(...lines: string[]): { mask: Mask; extent: Extent } {
  return {
    mask: Uint8Array.from(lines.join(''), (c) => (c === '#' ? 1 : 0)),
    extent: { columns: lines[0].length, rows: lines.length, slices: 1 },
  };
}

function picture(mask: Mask, { columns, rows }: Extent): string[] {
  return Array.from({ length: rows }, (_, j) =>
    Array.from(mask.subarray(j * columns, (j + 1) * columns), (set) => (set === 0 ? '.' : '#')).join(''),
  );
}

describe('components', () => {
  it.each([0.3, 0.5, 0.7])('are those that a walk from voxel to voxel finds, with a share of %p set', (share) => {
    const mask = randomMask(1, share);
    for (const connect of ['volume', 'in-slice'] as const) {
      const components = labelComponents(mask, extent, connect);
      expect(Array.from(components.sizes).sort((a, b) => a - b)).toEqual(sizesByWalking(mask, connect === 'volume'));
    }
  });

  it('gives the largest, and nothing of an empty mask', () => {
    const mask = randomMask(2, 0.4);
    const components = labelComponents(mask, extent, 'volume');
    expect(largestComponent(mask, extent).reduce((a, b) => a + b, 0)).toBe(components.sizes[bySize(components)[0]]);
    expect(largestComponent(new Uint8Array(mask.length), extent).includes(1)).toBe(false);
  });
});

function sizesByWalking(mask: Mask, throughVolume: boolean): number[] {
  const seen = new Set<number>();
  const sizes: number[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen.has(start)) continue;
    const queue = [start];
    seen.add(start);
    for (let n = 0; n < queue.length; n++) {
      for (let p = 0; p < mask.length; p++) {
        const apart = place(p).map((at, axis) => Math.abs(at - place(queue[n])[axis]));
        const touches = apart[0] + apart[1] + apart[2] === 1 && (throughVolume || apart[2] === 0);
        if (!touches || mask[p] === 0 || seen.has(p)) continue;
        seen.add(p);
        queue.push(p);
      }
    }
    sizes.push(queue.length);
  }
  return sizes.sort((a, b) => a - b);
}

describe('distances', () => {
  it.each([0.02, 0.2, 0.6])('are exact on a grid with three spacings, with a share of %p set', (share) => {
    const mask = randomMask(3, share);
    for (const target of [0, 1] as const) {
      const distance = squaredDistanceMm(mask, extent, spacingMm, target);
      for (let p = 0; p < mask.length; p++) {
        let nearest = Infinity;
        for (let q = 0; q < mask.length; q++) if (mask[q] === target) nearest = Math.min(nearest, squareMm(p, q));
        expect(distance[p]).toBeCloseTo(nearest, 4);
      }
    }
  });

  it('are infinite where there is nothing to be near to', () => {
    expect(squaredDistanceMm(new Uint8Array(10), { columns: 5, rows: 2, slices: 1 }, [1, 1, 1], 1).every((d) => d === Infinity)).toBe(true);
  });
});

describe('morphology', () => {
  it('dilates and erodes by millimetres, not voxels', () => {
    const { mask, extent: one } = slice('.......', '...#...', '.......');
    expect(picture(dilate(mask, one, [1, 2, 1], 2), one)).toEqual(['...#...', '.#####.', '...#...']);
    const full = slice('#######', '#######', '###.###');
    expect(picture(erode(full.mask, full.extent, [1, 1, 1], 1), full.extent)).toEqual(['#######', '###.###', '##...##']);
  });

  it('closes a notch and leaves the outline', () => {
    const border = Array.from({ length: 3 }, () => '............');
    const { mask, extent: one } = slice(...border, '...##..##...', '...######...', '...######...', ...border);
    expect(picture(close(mask, one, [1, 1, 1], 1.5), one)).toEqual([...border, '...######...', '...######...', '...######...', ...border]);
  });

  it('opens thin things away', () => {
    const { mask, extent: one } = slice('########', '........', '.#####..', '.#####..', '.#####..', '........');
    openInSlices(mask, one, [1, 1, 1], 1);
    expect(picture(mask, one)[0]).toBe('........');
    expect(picture(mask, one)[3]).toBe('.#####..');
  });

  it('finds holes up to a size, and cavities only where they are closed in the volume', () => {
    const { mask, extent: one } = slice('########.', '#.##..##.', '####..##.', '########.');
    expect(picture(holesInSlices(mask, one, [1, 1, 1]), one)).toEqual(['.........', '.#..##...', '....##...', '.........']);
    expect(picture(holesInSlices(mask, one, [1, 1, 1], 2), one)[1]).toBe('.#.......');
    expect(fillCavities(mask, one)).toEqual(mask);
    const cube = new Uint8Array(27).fill(1);
    cube[13] = 0;
    expect(fillCavities(cube, { columns: 3, rows: 3, slices: 3 })[13]).toBe(1);
  });
});

describe('boxes', () => {
  it('cut out what the mask holds and put it back', () => {
    const mask = new Uint8Array(extent.columns * extent.rows * extent.slices);
    const at = (i: number, j: number, k: number) => (k * extent.rows + j) * extent.columns + i;
    for (const p of [at(2, 3, 1), at(5, 4, 3)]) mask[p] = 1;
    const box = boxAround(mask, extent, [1, 0, 9])!;
    expect(box).toEqual({ i0: 1, j0: 3, k0: 0, columns: 6, rows: 2, slices: 5 });
    const out = new Uint8Array(mask.length);
    paintBox(out, extent, box, cut(mask, extent, box), 7);
    expect(out).toEqual(mask.map((set) => 7 * set));
    expect(boxAround(new Uint8Array(mask.length), extent, [0, 0, 0])).toBeUndefined();
  });
});

describe('competing seeds', () => {
  const line = { columns: 9, rows: 1, slices: 1 };
  it('meet halfway where all ways cost the same', () => {
    const labels = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 2]);
    floodFromSeeds(labels, new Uint8Array(9).fill(1), line, [1, 1, 1]);
    expect(Array.from(labels.subarray(0, 4))).toEqual([1, 1, 1, 1]);
    expect(Array.from(labels.subarray(5))).toEqual([2, 2, 2, 2]);
  });

  it('meet at a wall that lies nearer to one of them, and keep out of what is forbidden', () => {
    const labels = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 2]);
    floodFromSeeds(labels, Uint8Array.from([1, 1, 9, 1, 1, 1, 1, 1, 1]), line, [1, 1, 1]);
    expect(Array.from(labels)).toEqual([1, 1, 2, 2, 2, 2, 2, 2, 2].map((label, p) => (p === 2 ? labels[2] : label)));
    const closed = Uint8Array.from([1, 0, 255, 0, 0, 0, 0, 0, 0]);
    floodFromSeeds(closed, new Uint8Array(9).fill(1), line, [1, 1, 1]);
    expect(Array.from(closed)).toEqual([1, 1, 255, 0, 0, 0, 0, 0, 0]);
  });
});
