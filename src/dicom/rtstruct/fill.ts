/**
 * The pixels inside of closed outlines. A pixel is inside where its centre is, counted even-odd over all outlines together: an outline within
 * another one is a hole, one within that an island again, and a keyhole, whose channel is gone through there and back, is a hole too.
 *
 * A centre that lies exactly on an outline is inside where the region goes on towards greater columns (or, on a level edge, greater rows):
 * of two regions that share an edge one has the pixel, never both and never none.
 */

/** Outlines are taken to this part of a pixel, so that decimals that were rounded in the file do not move a centre off an edge. */
const PER_PIXEL = 1000;

/**
 * Draws outlines on a slice of rows × columns.
 * @param outlines columns and rows of their points in turn, (i, j) of pixel centres being whole numbers; the last point joins the first
 * @returns C order [j][i], 1 = inside. What lies beyond the slice is cut off.
 */
export function fillOutlines(outlines: readonly Float64Array[], rows: number, columns: number): Uint8Array {
  const mask = new Uint8Array(rows * columns);
  for (const [j, from, to] of spansOf(outlines, rows, columns)) mask.fill(1, j * columns + from, j * columns + to);
  return mask;
}

/** How many pixels `fillOutlines` sets. */
export function pixelsInside(outlines: readonly Float64Array[], rows: number, columns: number): number {
  let count = 0;
  for (const [, from, to] of spansOf(outlines, rows, columns)) count += to - from;
  return count;
}

/** How often outlines cross the rows of a slice: what `fillOutlines` takes memory for, counted before it does. */
export function crossingsOf(outlines: readonly Float64Array[], rows: number): number {
  let count = 0;
  for (const outline of outlines) {
    for (let at = 1; at < outline.length; at += 2) {
      const [one, other] = [outline[at], outline[at + 2 < outline.length ? at + 2 : 1]];
      count += Math.max(0, Math.min(rows, Math.max(one, other)) - Math.max(0, Math.min(one, other)));
    }
  }
  return Math.ceil(count);
}

/** Row, first column, and the column after the last, of every run of pixels inside. */
function* spansOf(outlines: readonly Float64Array[], rows: number, columns: number): Generator<readonly [number, number, number]> {
  const crossings: number[][] = Array.from({ length: rows }, () => []);
  for (const outline of outlines) addCrossings(outline, rows, crossings);
  for (const [j, row] of crossings.entries()) {
    row.sort((a, b) => a - b);
    for (let n = 0; n + 1 < row.length; n += 2) {
      const from = Math.max(0, Math.ceil(row[n]));
      const to = Math.min(columns, Math.ceil(row[n + 1]));
      if (from < to) yield [j, from, to];
    }
  }
}

/** Where the edges of an outline cross the rows, by row; an edge has its upper end and not its lower one. */
function addCrossings(outline: Float64Array, rows: number, crossings: number[][]): void {
  const points = outline.length / 2;
  for (let n = 0; n < points; n++) {
    const next = n + 1 === points ? 0 : n + 1;
    addEdge(
      snapped(outline[2 * n]),
      snapped(outline[2 * n + 1]),
      snapped(outline[2 * next]),
      snapped(outline[2 * next + 1]),
      rows,
      crossings,
    );
  }
}

function addEdge(i0: number, j0: number, i1: number, j1: number, rows: number, crossings: number[][]): void {
  if (j0 === j1) return;
  // The same edge gone through in the other direction must cross at the very same place.
  if (j0 > j1) {
    addEdge(i1, j1, i0, j0, rows, crossings);
    return;
  }
  const slope = (i1 - i0) / (j1 - j0);
  for (let j = Math.max(0, Math.ceil(j0)); j < Math.min(rows, j1); j++) crossings[j].push(i0 + (j - j0) * slope);
}

function snapped(pixels: number): number {
  return Math.round(pixels * PER_PIXEL) / PER_PIXEL;
}
