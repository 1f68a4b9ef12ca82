/** Outlines with fewer points, by Douglas and Peucker. */

type PointAt = (n: number) => readonly [number, number];

/**
 * Which points of a closed outline to keep so that what is left out lies within `tolerance` of what is kept, and the outline in between too.
 * @param kept points that stay in any case
 * @returns indices, ascending; three of them at least where the outline has three
 */
export function simplified(count: number, pointAt: PointAt, kept: ReadonlySet<number>, tolerance: number): number[] {
  const fixed = new Set([0, farthestFrom(0, count, pointAt), ...kept]);
  const corners = [...fixed].sort((a, b) => a - b);
  const keeps = new Uint8Array(count);
  for (const corner of corners) keeps[corner] = 1;
  corners.forEach((from, n) => keepBetween(from, corners[n + 1] ?? corners[0] + count, count, pointAt, tolerance, keeps));
  const indices = [...keeps.keys()].filter((n) => keeps[n] === 1);
  return indices.length >= 3 ? indices : withThird(indices, count, pointAt);
}

/** Marks what must stay between two points that stay; `to` may be beyond the end. */
function keepBetween(from: number, to: number, count: number, pointAt: PointAt, tolerance: number, keeps: Uint8Array): void {
  const pending: [number, number][] = [[from, to]];
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    const [begin, end] = span;
    let [worst, at] = [tolerance, -1];
    for (let n = begin + 1; n < end; n++) {
      const away = distanceToSegment(pointAt(n % count), pointAt(begin % count), pointAt(end % count));
      if (away > worst) [worst, at] = [away, n];
    }
    if (at < 0) continue;
    keeps[at % count] = 1;
    pending.push([begin, at], [at, end]);
  }
}

function distanceToSegment(
  [x, y]: readonly [number, number],
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
): number {
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / squared));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

function farthestFrom(origin: number, count: number, pointAt: PointAt): number {
  const [x, y] = pointAt(origin);
  let [best, farthest] = [origin, -1];
  for (let n = 0; n < count; n++) {
    const [i, j] = pointAt(n);
    const away = (i - x) ** 2 + (j - y) ** 2;
    if (away > farthest) [best, farthest] = [n, away];
  }
  return best;
}

/** A line is no area: the point that lies farthest off it is kept too. */
function withThird(indices: readonly number[], count: number, pointAt: PointAt): number[] {
  const [a, b] = [pointAt(indices[0]), pointAt(indices[indices.length - 1])];
  let [best, farthest] = [-1, -1];
  for (let n = 0; n < count; n++) {
    const away = indices.includes(n) ? -1 : distanceToSegment(pointAt(n), a, b);
    if (away > farthest) [best, farthest] = [n, away];
  }
  return best < 0 ? [...indices] : [...indices, best].sort((x, y) => x - y);
}
