/**
 * Connected components by runs: a mask is cut into horizontal runs, and touching runs are joined by union-find.
 * Needs memory per run, not per voxel, and one pass. Neighbours share a face (4 in a slice, 6 in the volume).
 */
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

/** Runs of set voxels and the component each belongs to. */
export interface Components {
  /** Number of components, labelled 0 … count − 1. */
  readonly count: number;
  /** Voxels per component. */
  readonly sizes: Float64Array;
  readonly runCount: number;
  /** First voxel and the one after the last of each run, as indices into the mask. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The component of each run. */
  readonly labels: Int32Array;
  /** The first run of each row [k][j], and at the end the number of runs. */
  readonly rowFirst: Int32Array;
}

/** The components of a mask, in each slice by itself or through the volume. */
export function labelComponents(mask: Mask, extent: Extent, connect: 'in-slice' | 'volume'): Components {
  const runs = cutIntoRuns(mask, extent);
  const parents = new Int32Array(runs.runCount).map((_, run) => run);
  const rowCount = extent.rows * extent.slices;
  for (let row = 0; row < rowCount; row++) {
    if (row % extent.rows > 0) joinRows(runs, parents, row, row - 1, extent.columns);
    if (connect === 'volume' && row >= extent.rows) joinRows(runs, parents, row, row - extent.rows, extent.columns);
  }
  return { ...runs, ...numberComponents(runs, parents) };
}

type Runs = Pick<Components, 'runCount' | 'starts' | 'ends' | 'rowFirst'>;

function cutIntoRuns(mask: Mask, { columns, rows, slices }: Extent): Runs {
  let capacity = 1024;
  let starts = new Int32Array(capacity);
  let ends = new Int32Array(capacity);
  const rowFirst = new Int32Array(rows * slices + 1);
  let runCount = 0;
  for (let row = 0, begin = 0; row < rows * slices; row++, begin += columns) {
    rowFirst[row] = runCount;
    const end = begin + columns;
    for (let p = begin; p < end;) {
      if (mask[p] === 0) {
        p++;
        continue;
      }
      if (runCount === capacity) {
        capacity *= 2;
        starts = grown(starts, capacity);
        ends = grown(ends, capacity);
      }
      starts[runCount] = p;
      while (p < end && mask[p] !== 0) p++;
      ends[runCount++] = p;
    }
  }
  rowFirst[rows * slices] = runCount;
  return { runCount, starts, ends, rowFirst };
}

function grown(from: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(capacity);
  to.set(from);
  return to;
}

/** Joins the runs of two rows that lie over each other. */
function joinRows({ starts, ends, rowFirst }: Runs, parents: Int32Array, row: number, other: number, columns: number): void {
  const shift = (row - other) * columns;
  let b = rowFirst[other];
  const bEnd = rowFirst[other + 1];
  for (let a = rowFirst[row]; a < rowFirst[row + 1]; a++) {
    const start = starts[a] - shift;
    const end = ends[a] - shift;
    while (b < bEnd && ends[b] <= start) b++;
    for (let c = b; c < bEnd && starts[c] < end; c++) join(parents, a, c);
  }
}

function rootOf(parents: Int32Array, run: number): number {
  let root = run;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]];
    root = parents[root];
  }
  return root;
}

function join(parents: Int32Array, a: number, b: number): void {
  const rootA = rootOf(parents, a);
  const rootB = rootOf(parents, b);
  if (rootA < rootB) parents[rootB] = rootA;
  else parents[rootA] = rootB;
}

function numberComponents({ runCount, starts, ends }: Runs, parents: Int32Array): Pick<Components, 'count' | 'labels' | 'sizes'> {
  const labels = new Int32Array(runCount);
  const sizes: number[] = [];
  for (let run = 0; run < runCount; run++) {
    const root = rootOf(parents, run);
    if (root === run) {
      labels[run] = sizes.length;
      sizes.push(0);
    } else labels[run] = labels[root];
    sizes[labels[run]] += ends[run] - starts[run];
  }
  return { count: sizes.length, labels, sizes: Float64Array.from(sizes) };
}

/** The labels of all components, the largest first. */
export function bySize(components: Components): number[] {
  return Array.from(components.sizes.keys()).sort((a, b) => components.sizes[b] - components.sizes[a]);
}

/** Sets the voxels of the chosen components in `out`. */
export function paintComponents(out: Uint8Array, components: Components, chosen: (label: number) => boolean, value = 1): void {
  for (let run = 0; run < components.runCount; run++) {
    if (chosen(components.labels[run])) out.fill(value, components.starts[run], components.ends[run]);
  }
}

/** The mask reduced to its largest component (empty stays empty). */
export function largestComponent(mask: Mask, extent: Extent): Mask {
  const components = labelComponents(mask, extent, 'volume');
  const [largest] = bySize(components);
  const out = new Uint8Array(mask.length);
  paintComponents(out, components, (label) => label === largest);
  return out;
}
