/** Seeds grow into a mask at the same time; each voxel goes to the seed from which the way to it is the cheapest. */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { Extent } from '../../dicom/voxels/extent.js';

const { floor, max, round } = Math;

/** What one unit of the bucket queue is worth: the precision of costs. */
const QUANTUM_MM = 0.2;

/**
 * Competing growth (Dijkstra's algorithm with a bucket queue, 6 neighbours). Changes `labels` in place.
 * @param labels per voxel: a seed's label, 0 where a seed may grow, 255 where none may
 * @param weights cost of a millimetre through each voxel, at least 1
 */
export function floodFromSeeds(labels: Uint8Array, weights: Uint8Array, extent: Extent, spacingMm: Vec3): void {
  const { columns, rows, slices } = extent;
  const strides = [1, columns, columns * rows] as const;
  const sizes = [columns, rows, slices] as const;
  const heaviest = weights.reduce((a, b) => Math.max(a, b), 1);
  const stepUnits = spacingMm.map((mm) => mm / QUANTUM_MM);
  // costs of waiting voxels span at most one step: as many buckets, used in a circle, hold them
  const buckets: number[][] = Array.from({ length: Math.ceil(Math.max(...stepUnits) * heaviest) + 2 }, () => []);
  let waiting = 0;

  const offer = (p: number, label: number, cost: number) => {
    for (let axis = 0; axis < 3; axis++) {
      const stride = strides[axis];
      const at = floor(p / stride) % sizes[axis];
      for (const step of [-1, 1]) {
        if (at + step < 0 || at + step >= sizes[axis]) continue;
        const neighbour = p + step * stride;
        if (labels[neighbour] !== 0) continue;
        const units = max(1, round(stepUnits[axis] * weights[neighbour]));
        buckets[(cost + units) % buckets.length].push(neighbour, label);
        waiting++;
      }
    }
  };
  for (let p = 0; p < labels.length; p++) if (labels[p] !== 0 && labels[p] !== 255) offer(p, labels[p], 0);
  for (let cost = 1; waiting > 0; cost++) {
    const bucket = buckets[cost % buckets.length];
    for (let n = 0; n < bucket.length; n += 2) {
      waiting--;
      const p = bucket[n];
      if (labels[p] !== 0) continue;
      labels[p] = bucket[n + 1];
      offer(p, labels[p], cost);
    }
    bucket.length = 0;
  }
}
