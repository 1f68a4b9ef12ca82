/** Between voxels in C order [k][j][i] and tensors of any layout. */
import type { Extent } from '../../dicom/voxels/extent.js';
import type { TENSOR_TYPES, TensorAxis } from './contract.js';
import { sliceAxis } from './windows.js';
import type { SpatialAxis, Window } from './windows.js';

export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
} as const satisfies Record<(typeof TENSOR_TYPES)[number], unknown>;

/** The sizes of a tensor's axes for one window. @param channels size of the axis c */
export function dimsOf(layout: readonly TensorAxis[], window: Window, channels = 1): number[] {
  const slices = sliceAxis(layout);
  return layout.map((axis) => {
    if (axis === 1) return 1;
    if (axis === 'c') return channels;
    return window['ijk'.indexOf(axis === 'n' ? (slices ?? 'k') : axis)].size;
  });
}

/** How far apart in the tensor neighbours along i, j, k and c lie. */
function stridesOf(layout: readonly TensorAxis[], dims: readonly number[]): Record<SpatialAxis | 'c', number> {
  const strides = { i: 0, j: 0, k: 0, c: 0 };
  let stride = 1;
  for (let n = layout.length - 1; n >= 0; n--) {
    const axis = layout[n];
    if (axis !== 1) strides[axis === 'n' ? (sliceAxis(layout) ?? 'k') : axis] = stride;
    stride *= dims[n];
  }
  return strides;
}

/** The voxels of a window as a new tensor's elements; what lies outside of whole numbers' types is rounded and kept in range. */
export function elementsOf(
  voxels: Float32Array,
  extent: Extent,
  layout: readonly TensorAxis[],
  type: keyof typeof ARRAYS,
  window: Window,
): TensorData {
  const dims = dimsOf(layout, window);
  const data = new ARRAYS[type](dims.reduce((product, size) => product * size, 1));
  const { i: si, j: sj, k: sk } = stridesOf(layout, dims);
  const [i, j, k] = window;
  const whole = type.startsWith('float') ? (value: number) => value : roundedInto(type);
  for (let z = 0; z < k.size; z++) {
    for (let y = 0; y < j.size; y++) {
      const from = ((k.start + z) * extent.rows + j.start + y) * extent.columns + i.start;
      const to = z * sk + y * sj;
      for (let x = 0; x < i.size; x++) data[to + x * si] = whole(voxels[from + x]);
    }
  }
  return data;
}

function roundedInto(type: keyof typeof ARRAYS): (value: number) => number {
  const bits = ARRAYS[type].BYTES_PER_ELEMENT * 8;
  const [low, high] = type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return (value) => Math.min(high, Math.max(low, Math.round(value)));
}

/** Writes what the network gave for the taken part of a window into `out` (C order [k][j][i]); of an axis c the number of its highest value. */
export function takeElements(
  out: Float32Array | Uint16Array,
  extent: Extent,
  data: TensorData,
  layout: readonly TensorAxis[],
  dims: readonly number[],
  window: Window,
): void {
  const strides = stridesOf(layout, dims);
  const channels = layout.includes('c') ? dims[layout.indexOf('c')] : 1;
  const valueAt = channels === 1 ? (at: number) => Number(data[at]) : (at: number) => highest(data, at, strides.c, channels);
  const [i, j, k] = window;
  for (let z = k.from; z < k.to; z++) {
    for (let y = j.from; y < j.to; y++) {
      const to = (z * extent.rows + y) * extent.columns;
      const from = (z - k.start) * strides.k + (y - j.start) * strides.j - i.start * strides.i;
      for (let x = i.from; x < i.to; x++) out[to + x] = valueAt(from + x * strides.i);
    }
  }
}

function highest(data: TensorData, at: number, stride: number, channels: number): number {
  let best = 0;
  for (let c = 1; c < channels; c++) if (data[at + c * stride] > data[at + best * stride]) best = c;
  return best;
}
