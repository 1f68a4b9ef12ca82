/** Regions of interest as masks on the grid of their images (PS3.3 C.8.8.6): the rules are those of `fill.ts` and `place.ts`. */
import type { Grid } from '../geometry/grid.js';
import type { SegmentMask } from '../seg/mask.js';
import { crossingsOf, fillOutlines, pixelsInside } from './fill.js';
import { isBetweenSlices, nearestPlane, placeContour, type PlacedContour } from './place.js';
import type { Contour, Roi } from './structure-set.js';

export interface RoiMask {
  readonly mask: SegmentMask;
  readonly voxelCount: number;
  /** Contours that have no place on the grid, each in words; a mask without them would be another than was drawn. */
  readonly refusals: readonly string[];
  /** What was left out or moved by right, for people. */
  readonly notes: readonly string[];
}

/** What bounds an area. `CLOSEDPLANAR_XOR` says what is done with any of them here: inner ones are holes. */
const AREAS: readonly string[] = ['CLOSED_PLANAR', 'CLOSEDPLANAR_XOR'];

/** Each other pixel of a slice of 700 × 700; lungs with all their vessels cross its rows some thousand times. */
const MAX_CROSSINGS = 250_000;

/** The voxels of a region. Points and open contours bound none; one that has no closed contour has an empty mask. */
export function maskOfRoi({ contours }: Roi, grid: Grid): RoiMask {
  const notes = otherTypes(contours);
  const areas = [...contours.entries()].filter(([, { type, pointsMm }]) => AREAS.includes(type) && pointsMm.length >= 9);
  const placed: PlacedContour[] = [];
  const refusals: string[] = [];
  for (const [index, contour] of distinct(areas)) {
    const place = placeContour(contour, grid);
    if (typeof place === 'string') refusals.push(`contour ${index + 1} ${place}`);
    else placed.push(place);
  }
  const outlines = new Map<number, Float64Array[]>();
  for (const [k, here] of bySlice(placed)) {
    const taken = nearestPlane(here);
    if (taken.length < here.length)
      notes.push(`${here.length - taken.length} contours beside slice ${k + 1}, which has nearer ones, left out`);
    const drawn = taken.map(({ outline }) => outline);
    const crossings = crossingsOf(drawn, grid.rows);
    if (crossings > MAX_CROSSINGS)
      refusals.push(`contours on slice ${k + 1} cross its rows ${crossings} times, expected at most ${MAX_CROSSINGS}`);
    else outlines.set(k, drawn);
  }
  const between = placed.filter(isBetweenSlices).length;
  if (between > 0) notes.push(`${between} of ${placed.length} contours lie between slices and count for the nearest`);
  return { ...maskOf(outlines, grid), refusals, notes };
}

function otherTypes(contours: readonly Contour[]): string[] {
  const counts = new Map<string, number>();
  for (const { type, pointsMm } of contours) {
    const what = AREAS.includes(type)
      ? pointsMm.length < 9
        ? 'a contour of fewer than three points'
        : ''
      : type || 'a contour of no type';
    if (what !== '') counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${count} × ${what} left out: bounds no area`);
}

/** A contour that is there twice would be its own hole. Sorted, those that are the same stand side by side, and the first of them stays. */
function distinct(contours: readonly (readonly [number, Contour])[]): (readonly [number, Contour])[] {
  const sorted = [...contours].sort((one, other) => order(one[1].pointsMm, other[1].pointsMm) || one[0] - other[0]);
  const apart = sorted.filter(([, { pointsMm }], n) => n === 0 || order(sorted[n - 1][1].pointsMm, pointsMm) !== 0);
  return apart.sort(([one], [other]) => one - other);
}

/** Shorter ones first, then by the first number that differs; 0 where all are the same. */
function order(one: Float64Array, other: Float64Array): number {
  if (one.length !== other.length) return one.length - other.length;
  const at = one.findIndex((value, n) => value !== other[n]);
  return at < 0 ? 0 : one[at] - other[at];
}

function bySlice(placed: readonly PlacedContour[]): Map<number, PlacedContour[]> {
  const slices = new Map<number, PlacedContour[]>();
  for (const contour of placed) {
    const here = slices.get(contour.k);
    if (here === undefined) slices.set(contour.k, [contour]);
    else here.push(contour);
  }
  return slices;
}

/** Slices are drawn when they are asked for: those of a whole series would take its memory. */
function maskOf(outlines: ReadonlyMap<number, readonly Float64Array[]>, { rows, columns }: Grid): Pick<RoiMask, 'mask' | 'voxelCount'> {
  const slice = (k: number) => fillOutlines(outlines.get(k) ?? [], rows, columns);
  let voxelCount = 0;
  const slices = [...outlines.keys()]
    .sort((a, b) => a - b)
    .filter((k) => {
      const here = pixelsInside(outlines.get(k) ?? [], rows, columns);
      voxelCount += here;
      return here > 0;
    });
  return { mask: { slices, slice }, voxelCount };
}
