/** Which voxels of a mask are its surface. */
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

export interface Boundary {
  readonly mask: Mask;
  readonly voxelCount: number;
}

/**
 * The boundary of a mask: its voxels of which at least one of the six face neighbours is not in it. What lies beyond the array is
 * not in it, except along an axis on which the array is one voxel thick: a flat mask has an outline, not a whole surface.
 */
export function boundaryOf(mask: Mask, extent: Extent): Boundary {
  const { columns, rows, slices } = extent;
  const boundary = new Uint8Array(mask.length);
  // Along a flat axis a voxel is its own neighbour.
  const [stepI, stepJ, stepK] = [columns > 1 ? 1 : 0, rows > 1 ? columns : 0, slices > 1 ? columns * rows : 0];
  let voxelCount = 0;
  for (let row = 0, p = 0; row < rows * slices; row++) {
    const [j, k] = [row % rows, Math.floor(row / rows)];
    const isRim = (rows > 1 && (j === 0 || j === rows - 1)) || (slices > 1 && (k === 0 || k === slices - 1));
    const first = p;
    const last = p + columns - 1;
    for (; p <= last; p++) {
      if (mask[p] === 0) continue;
      const atEnd = stepI === 1 && (p === first || p === last);
      const isInner =
        !isRim &&
        !atEnd &&
        (mask[p - stepI] & mask[p + stepI] & mask[p - stepJ] & mask[p + stepJ] & mask[p - stepK] & mask[p + stepK]) === 1;
      if (isInner) continue;
      boundary[p] = 1;
      voxelCount++;
    }
  }
  return { mask: boundary, voxelCount };
}
