/** Binary morphology with balls (in the volume) and discs (in each slice) whose radius is given in millimetres. */
import type { Vec3 } from '../../dicom/geometry/grid.js';
import { labelComponents, paintComponents } from './components.js';
import type { Components } from './components.js';
import { squaredDistanceMm } from '../../dicom/voxels/distance.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

/** All voxels within `radiusMm` of the mask. */
export function dilate(mask: Mask, extent: Extent, spacingMm: Vec3, radiusMm: number): Mask {
  const distance = squaredDistanceMm(mask, extent, spacingMm, 1);
  const dilated = new Uint8Array(mask.length);
  for (let p = 0; p < dilated.length; p++) if (distance[p] <= radiusMm * radiusMm) dilated[p] = 1;
  return dilated;
}

/** The voxels of the mask further than `radiusMm` from its background; the array's border counts as no background. */
export function erode(mask: Mask, extent: Extent, spacingMm: Vec3, radiusMm: number): Mask {
  return furtherThan(squaredDistanceMm(mask, extent, spacingMm, 0), radiusMm);
}

/** 1 where a squared distance is more than that of the radius. */
export function furtherThan(squaredMm: Float32Array, radiusMm: number): Mask {
  const mask = new Uint8Array(squaredMm.length);
  for (let p = 0; p < mask.length; p++) if (squaredMm[p] > radiusMm * radiusMm) mask[p] = 1;
  return mask;
}

/** Dilation, then erosion: fills gaps and notches narrower than twice the radius. */
export function close(mask: Mask, extent: Extent, spacingMm: Vec3, radiusMm: number): Mask {
  return erode(dilate(mask, extent, spacingMm, radiusMm), extent, spacingMm, radiusMm);
}

/** Erosion, then dilation in each slice: removes what is thinner than twice the radius. Changes the mask in place, slice by slice. */
export function openInSlices(mask: Mask, extent: Extent, spacingMm: Vec3, radiusMm: number): void {
  const slice = { ...extent, slices: 1 };
  const size = extent.columns * extent.rows;
  for (let begin = 0; begin < mask.length; begin += size) {
    const eroded = erode(mask.subarray(begin, begin + size), slice, spacingMm, radiusMm);
    mask.set(dilate(eroded, slice, spacingMm, radiusMm), begin);
  }
}

/** The holes of a mask in each slice: background that does not reach the slice's border, at most `maxAreaMm2` large. */
export function holesInSlices(mask: Mask, extent: Extent, spacingMm: Vec3, maxAreaMm2 = Infinity): Mask {
  const background = labelComponents(complement(mask), extent, 'in-slice');
  const open = touchingBorder(background, extent);
  const maxVoxels = maxAreaMm2 / (spacingMm[0] * spacingMm[1]);
  const holes = new Uint8Array(mask.length);
  paintComponents(holes, background, (label) => open[label] === 0 && background.sizes[label] <= maxVoxels);
  return holes;
}

/** The part of a mask whose components in each slice reach the slice's border. */
export function reachingBorder(mask: Mask, extent: Extent): Mask {
  const components = labelComponents(mask, extent, 'in-slice');
  const open = touchingBorder(components, extent);
  const reaching = new Uint8Array(mask.length);
  paintComponents(reaching, components, (label) => open[label] === 1);
  return reaching;
}

/** The mask with its inner cavities filled: background that reaches no side, top or bottom of the volume. */
export function fillCavities(mask: Mask, extent: Extent): Mask {
  const background = labelComponents(complement(mask), extent, 'volume');
  const open = touchingBorder(background, extent, 'ends too');
  const filled = mask.slice();
  paintComponents(filled, background, (label) => open[label] === 0);
  return filled;
}

function complement(mask: Mask): Mask {
  const other = new Uint8Array(mask.length);
  for (let p = 0; p < other.length; p++) other[p] = 1 - mask[p];
  return other;
}

/** 1 for each component that reaches a side of the array, or with `ends` its first or last slice. */
function touchingBorder(components: Components, { columns, rows, slices }: Extent, ends?: 'ends too'): Uint8Array {
  const touching = new Uint8Array(components.count);
  for (let row = 0; row < rows * slices; row++) {
    const j = row % rows;
    const outerRow = j === 0 || j === rows - 1 || (ends !== undefined && (row < rows || row >= rows * (slices - 1)));
    for (let run = components.rowFirst[row]; run < components.rowFirst[row + 1]; run++) {
      const outer = outerRow || components.starts[run] === row * columns || components.ends[run] === (row + 1) * columns;
      if (outer) touching[components.labels[run]] = 1;
    }
  }
  return touching;
}
