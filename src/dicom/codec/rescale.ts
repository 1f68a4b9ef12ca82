/** Stored values to values of the real world: the linear Modality LUT (PS3.3 C.11.1), Hounsfield units for CT. */
import type { StoredValues } from './pixels.js';

/** RescaleSlope (0028,1053) and RescaleIntercept (0028,1052): output = slope × stored + intercept. */
export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

/** The rescaled values: Int16Array where slope and intercept are whole numbers and every result fits, else Float32Array. */
export function rescale(stored: StoredValues, by: Rescale): Int16Array | Float32Array {
  const voxels = new RescaledVoxels(stored.length);
  voxels.put(0, stored, by);
  return voxels.values;
}

/**
 * Rescaled slices in one array, each with a rescaling of its own (PET has a slope for each slice). It is an Int16Array until a slice
 * comes that does not fit; then what is there becomes a Float32Array, so that no second copy of all slices is ever needed.
 */
export class RescaledVoxels {
  values: Int16Array | Float32Array;

  constructor(length: number) {
    this.values = new Int16Array(length);
  }

  /** Puts one slice at an offset (in voxels). */
  put(offset: number, stored: StoredValues, by: Rescale): void {
    if (this.values instanceof Int16Array && !fitsInt16(stored, by)) this.values = Float32Array.from(this.values);
    const { slope, intercept } = by;
    const out = this.values;
    for (let n = 0; n < stored.length; n++) out[offset + n] = stored[n] * slope + intercept;
  }
}

function fitsInt16(stored: StoredValues, { slope, intercept }: Rescale): boolean {
  if (!Number.isInteger(slope) || !Number.isInteger(intercept)) return false;
  let lowest = 0;
  let highest = 0;
  for (const value of stored) {
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return [lowest, highest].every((value) => inInt16(value * slope + intercept));
}

function inInt16(value: number): boolean {
  return value >= -0x8000 && value <= 0x7fff;
}
