/** A picture of where two masks differ: the slice on which they do most. */
import { encode } from 'fast-png';
import type { Vec3 } from '../../dicom/geometry/grid.js';
import type { Extent, Mask } from '../../dicom/voxels/extent.js';

/** In both, only in the reference, only in the output; sRGB. Told apart by people who see no red or green, too. */
const COLOURS = { both: [150, 150, 150], reference: [0, 114, 178], output: [230, 159, 0], none: [20, 20, 20] } as const;
const HEIGHT_PX = 384;

/** PNG of the slice with most voxels that differ, drawn with square millimetres. */
export function differencePicture(reference: Mask, output: Mask, { columns, rows, slices }: Extent, spacingMm: Vec3): Uint8Array {
  const begin = slicesWithMost(reference, output, columns * rows, slices) * columns * rows;
  const mmPerPx = (rows * spacingMm[1]) / HEIGHT_PX;
  const width = Math.max(1, Math.round((columns * spacingMm[0]) / mmPerPx));
  const data = new Uint8Array(width * HEIGHT_PX * 3);
  for (let y = 0, at = 0; y < HEIGHT_PX; y++) {
    const j = Math.min(rows - 1, Math.floor((y * rows) / HEIGHT_PX));
    for (let x = 0; x < width; x++, at += 3) {
      const p = begin + j * columns + Math.min(columns - 1, Math.floor((x * columns) / width));
      data.set(colourOf(reference[p] !== 0, output[p] !== 0), at);
    }
  }
  return encode({ width, height: HEIGHT_PX, data, channels: 3, depth: 8 });
}

function colourOf(inReference: boolean, inOutput: boolean): readonly [number, number, number] {
  if (inReference) return inOutput ? COLOURS.both : COLOURS.reference;
  return inOutput ? COLOURS.output : COLOURS.none;
}

function slicesWithMost(reference: Mask, output: Mask, perSlice: number, slices: number): number {
  let [most, at] = [-1, 0];
  for (let k = 0, p = 0; k < slices; k++) {
    let differing = 0;
    for (const end = p + perSlice; p < end; p++) differing += reference[p] ^ output[p];
    if (differing > most) [most, at] = [differing, k];
  }
  return at;
}
