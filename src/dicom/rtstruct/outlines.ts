/**
 * The outlines of a mask, half-way between the centres of pixels inside and outside. Filled again they give the mask to the pixel, so that
 * nothing is lost on the way from a segmentation to contours and back.
 *
 * Pixels that touch at a corner only are apart. A hole is joined to the outline around it by a channel of no width (PS3.3 C.8.8.6.3, "keyhole"):
 * a hole as an outline of its own is filled in by programs that unite the contours of a region, as plastimatch does unless told otherwise, while
 * a keyhole is a hole for those that unite, for those that count even-odd, and for those that know one contour only.
 */
import { simplified } from './simplify.js';

/** The four sides of a pixel as they are gone along, with the inside on the right hand: along the top, down, back along the bottom, up. */
const AHEAD = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;
const DOWN = 1;
const UP = 3;

/** A closed outline of a mask before it is made smaller. */
interface Ring {
  /** The pixel (C order) and the side of each step. */
  readonly pixels: readonly number[];
  readonly sides: readonly number[];
  readonly isHole: boolean;
  /** Steps at which a channel begins. */
  readonly kept: Set<number>;
}

/** A channel from a step of a ring to a hole that begins with one of its own steps. */
interface Channel {
  readonly ring: Ring;
  readonly step: number;
  readonly hole: Ring;
  readonly holeStep: number;
}

/**
 * One closed outline for each island, holes joined to it.
 * @param mask rows × columns, C order [j][i], non-zero = inside
 * @param toleranceVoxels how far an outline may be moved to spare points. Up to 0.35 no pixel's centre changes sides: outlines pass them at 0.353 and more.
 * @returns columns and rows of the points in turn, (i, j) of pixel centres being whole numbers
 */
export function outlinesOf(mask: Uint8Array, rows: number, columns: number, toleranceVoxels: number): Float64Array[] {
  const slice = { mask, rows, columns };
  const rings = ringsOf(slice);
  const channels = channelsOf(slice, rings);
  const made = new Map<Ring, number[]>();
  const pointsOf = (ring: Ring): number[] => {
    const known = made.get(ring) ?? joined(ring, columns, toleranceVoxels, channels.get(ring) ?? [], pointsOf);
    made.set(ring, known);
    return known;
  };
  return rings.filter(({ isHole }) => !isHole).map((ring) => Float64Array.from(pointsOf(ring)));
}

interface Slice {
  readonly mask: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

function isInside({ mask, rows, columns }: Slice, i: number, j: number): boolean {
  return i >= 0 && j >= 0 && i < columns && j < rows && mask[j * columns + i] !== 0;
}

/** Every ring goes along the top of some pixel. */
function ringsOf(slice: Slice): Ring[] {
  const { mask, columns } = slice;
  const seen = new Uint8Array(mask.length);
  const rings: Ring[] = [];
  for (let p = 0; p < mask.length; p++) {
    if (mask[p] === 0 || seen[p] === 1) continue;
    if (p >= columns && mask[p - columns] !== 0) continue;
    rings.push(ringFrom(slice, p, seen));
  }
  return rings;
}

function ringFrom(slice: Slice, start: number, seen: Uint8Array): Ring {
  const { columns } = slice;
  const [pixels, sides]: [number[], number[]] = [[], []];
  let [i, j, side] = [start % columns, Math.floor(start / columns), 0];
  let turns = 0;
  do {
    const pixel = j * columns + i;
    pixels.push(pixel);
    sides.push(side);
    if (side === 0) seen[pixel] = 1;
    const [di, dj] = AHEAD[side];
    const [li, lj] = AHEAD[(side + 3) % 4];
    if (!isInside(slice, i + di, j + dj)) {
      side = (side + 1) % 4;
      turns++;
    } else if (isInside(slice, i + di + li, j + dj + lj)) {
      [i, j, side] = [i + di + li, j + dj + lj, (side + 3) % 4];
      turns--;
    } else [i, j] = [i + di, j + dj];
  } while (j * columns + i !== start || side !== 0);
  return { pixels, sides, isHole: turns < 0, kept: new Set() };
}

/** A channel for each hole: from its leftmost side along the row to where the run of pixels inside begins, which is on a ring further to the left. */
function channelsOf(slice: Slice, rings: readonly Ring[]): Map<Ring, Channel[]> {
  const channels = new Map<Ring, Channel[]>();
  const holes = rings.filter(({ isHole }) => isHole);
  if (holes.length === 0) return channels;
  const begins = new Map<number, readonly [Ring, number]>();
  for (const ring of rings)
    ring.sides.forEach((side, step) => {
      if (side === UP) begins.set(ring.pixels[step], [ring, step]);
    });
  for (const hole of holes) {
    const holeStep = leftmost(hole, slice.columns);
    let pixel = hole.pixels[holeStep];
    while (pixel % slice.columns > 0 && slice.mask[pixel - 1] !== 0) pixel--;
    const [ring, step] = begins.get(pixel) as readonly [Ring, number];
    ring.kept.add(step);
    hole.kept.add(holeStep);
    channels.set(ring, [...(channels.get(ring) ?? []), { ring, step, hole, holeStep }]);
  }
  return channels;
}

/** The step at the left end of a hole: down the right side of a pixel. */
function leftmost({ pixels, sides }: Ring, columns: number): number {
  let best = -1;
  sides.forEach((side, step) => {
    if (side === DOWN && (best < 0 || pixels[step] % columns < pixels[best] % columns)) best = step;
  });
  return best;
}

/** The points of a ring, each of its channels followed to the hole, around it, and back. */
function joined(
  ring: Ring,
  columns: number,
  tolerance: number,
  channels: readonly Channel[],
  pointsOf: (ring: Ring) => number[],
): number[] {
  const points: number[] = [];
  for (const step of simplified(ring.pixels.length, (n) => pointAt(ring, n, columns), ring.kept, tolerance)) {
    const [i, j] = pointAt(ring, step, columns);
    points.push(i, j);
    for (const { hole, holeStep } of channels.filter((channel) => channel.step === step)) {
      const around = rotated(pointsOf(hole), pointAt(hole, holeStep, columns));
      for (const value of around) points.push(value);
      points.push(around[0], around[1], i, j);
    }
  }
  return points;
}

/** Half-way between the pixel and the one beyond its side. */
function pointAt({ pixels, sides }: Ring, step: number, columns: number): readonly [number, number] {
  const [di, dj] = AHEAD[(sides[step] + 3) % 4];
  return [(pixels[step] % columns) + di / 2, Math.floor(pixels[step] / columns) + dj / 2];
}

/** The same closed outline, beginning with one of its points. */
function rotated(points: readonly number[], [i, j]: readonly [number, number]): number[] {
  let at = 0;
  while (points[at] !== i || points[at + 1] !== j) at += 2;
  return [...points.slice(at), ...points.slice(0, at)];
}
