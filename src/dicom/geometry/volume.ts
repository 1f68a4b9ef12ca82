/** A series as one volume on a regular grid, or a refusal that says with figures why it is none. */
import { AnteroomError } from '../../foundation/errors.js';
import { decodePixels } from '../codec/pixels.js';
import { RescaledVoxels } from '../codec/rescale.js';
import type { ParsedInstance } from '../element/parse.js';
import type { SourceSlice, Volume } from './grid.js';
import { planGrid } from './plan-grid.js';
import { sliceFacts } from './slice-facts.js';

export { planGrid, type GridPlan } from './plan-grid.js';
export { sliceFacts, type SliceFacts } from './slice-facts.js';

/**
 * Decodes, rescales and stacks a series, given in any order: single-frame instances, or enhanced multi-frame ones with functional
 * groups. Voxels are in C order [k][j][i]; slices are sorted so that k runs along i × j.
 * @throws {AnteroomError} GEOMETRY_REFUSED where the slices are no regular stack; PIXELS_UNSUPPORTED where pixels cannot be read.
 */
export async function assembleVolume(instances: readonly ParsedInstance[]): Promise<Volume> {
  const facts = instances.map(({ dataset }) => sliceFacts(dataset));
  const all = facts.flat();
  const { grid, order } = planGrid(all);
  const sliceVoxels = grid.rows * grid.columns;
  const placeOf = new Map(order.map((index, k) => [index, k]));
  const voxels = new RescaledVoxels(sliceVoxels * grid.slices);
  let index = 0;
  for (const [n, instance] of instances.entries()) {
    const pixels = await decodePixels(instance);
    const slices = facts[n] ?? [];
    if (pixels.samplesPerPixel !== 1)
      throw new AnteroomError('PIXELS_UNSUPPORTED', `${pixels.samplesPerPixel} samples per pixel: a colour image is no volume`);
    if (pixels.frames !== slices.length)
      throw new AnteroomError('GEOMETRY_REFUSED', `${pixels.frames} frames of which ${slices.length} have a place`);
    slices.forEach(({ rescale }, frame) => {
      const k = placeOf.get(index++) ?? 0;
      voxels.put(k * sliceVoxels, pixels.data.subarray(frame * sliceVoxels, (frame + 1) * sliceVoxels), rescale);
    });
  }
  return { grid, slices: order.map((from) => sourceSlice(all[from] as SourceSlice)), voxels: voxels.values };
}

function sourceSlice({ sopClassUid, sopInstanceUid, imagePosition, frameNumber }: SourceSlice): SourceSlice {
  return { sopClassUid, sopInstanceUid, imagePosition, ...(frameNumber === undefined ? {} : { frameNumber }) };
}
