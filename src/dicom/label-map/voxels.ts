/** What the readers of label maps share: where the voxels lie, and how their bytes become labels. */
import { AnteroomError } from '../../foundation/errors.js';
import type { Vec3 } from '../geometry/grid.js';

/** A label map of any tool, as it lies in its file. */
export interface LabelVolume {
  /** Voxels along each axis of the file; the first runs fastest. */
  readonly size: Vec3;
  /** LPS mm of the centre of the first voxel. */
  readonly originMm: Vec3;
  /** LPS mm from one voxel to the next along each axis. */
  readonly stepsMm: readonly [Vec3, Vec3, Vec3];
  /** 0 is the background. */
  readonly labels: Uint8Array | Uint16Array;
}

/** An image of any tool with its voxels as they are stored. */
export interface StoredVolume extends Omit<LabelVolume, 'labels'> {
  readonly voxels: VoxelBytes;
}

export type VoxelType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32' | 'float64';

export interface VoxelBytes {
  readonly bytes: Uint8Array;
  readonly type: VoxelType;
  readonly bigEndian: boolean;
  /** Value = stored × slope + intercept. */
  readonly slope?: number;
  readonly intercept?: number;
}

/** A few hundred slices of 1024 × 1024 as doubles stay below; nobody's label map is larger. */
export const MAX_VOXEL_BYTES = 4 * 1024 * 1024 * 1024 - 1;

const SIZES: Readonly<Record<VoxelType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  float64: 8,
};

/** The refusal of a file that is no label map that can be read. */
export function refused(seen: string): AnteroomError {
  return new AnteroomError('LABEL_MAP_REFUSED', seen);
}

/** Three numbers out of a header; `what` names them in the refusal. */
export function vector(values: readonly number[], what: string): Vec3 {
  if (values.length !== 3 || values.some((value) => !Number.isFinite(value)))
    throw refused(`${what} "${values.join(' ')}", expected three numbers`);
  return values as unknown as Vec3;
}

/** Sizes along the three axes. */
export function sizeOf(values: readonly number[]): Vec3 {
  const size = vector(values, 'sizes');
  if (size.some((extent) => !Number.isInteger(extent) || extent < 1))
    throw refused(`sizes ${size.join(' × ')}, expected whole numbers from 1 on`);
  return size;
}

/** An image as a label map. Throws LABEL_MAP_REFUSED where a value is no label. */
export function asLabels({ voxels, ...place }: StoredVolume): LabelVolume {
  return { ...place, labels: labelsOf(place.size, voxels) };
}

/** The labels in stored voxels; values that are no labels (fractions, negative ones, above 65535) are refused. */
export function labelsOf(size: Vec3, voxels: VoxelBytes): Uint8Array | Uint16Array {
  const count = demandWhole(size, voxels);
  const asStored = unchanged(voxels, count);
  if (asStored !== undefined) return asStored;
  const labels = new Uint16Array(count);
  const read = valueReader(voxels);
  for (let n = 0; n < count; n++) {
    const value = read(n);
    if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw noLabel(value);
    labels[n] = value;
  }
  return labels;
}

/** The stored voxels themselves where they are labels as they lie there, so that a large map is not held twice. Undefined where they are to be read one by one. */
function unchanged({ bytes, type, bigEndian, slope = 1, intercept = 0 }: VoxelBytes, count: number): Uint8Array | Uint16Array | undefined {
  if (slope !== 1 || intercept !== 0) return undefined;
  if (type === 'uint8') return bytes.subarray(0, count);
  if (type === 'int8') return demandPositive(new Int8Array(bytes.buffer, bytes.byteOffset, count), bytes.subarray(0, count));
  if (bigEndian || bytes.byteOffset % 2 !== 0) return undefined;
  if (type === 'uint16') return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  if (type !== 'int16') return undefined;
  return demandPositive(new Int16Array(bytes.buffer, bytes.byteOffset, count), new Uint16Array(bytes.buffer, bytes.byteOffset, count));
}

function demandPositive<T>(signed: Int8Array | Int16Array, labels: T): T {
  for (let n = 0; n < signed.length; n++) if (signed[n] < 0) throw noLabel(signed[n]);
  return labels;
}

function noLabel(value: number): AnteroomError {
  return refused(`a voxel of value ${value}, expected whole numbers from 0 to 65535`);
}

/** How many voxels there are. Throws LABEL_MAP_REFUSED where their bytes are too few. */
export function demandWhole(size: Vec3, { bytes, type }: VoxelBytes): number {
  const count = size[0] * size[1] * size[2];
  const expected = count * SIZES[type];
  if (bytes.length < expected) throw refused(`${bytes.length} bytes of voxels, expected ${expected} for ${size.join(' × ')} of ${type}`);
  return count;
}

/** Gives the value of the nth voxel. */
export function valueReader(voxels: VoxelBytes): (n: number) => number {
  const { slope = 1, intercept = 0 } = voxels;
  const read = voxelReader(voxels);
  return slope === 1 && intercept === 0 ? read : (n) => read(n) * slope + intercept;
}

/** Gives the nth voxel as it is stored, before slope and intercept. */
export function voxelReader({ bytes, type, bigEndian }: VoxelBytes): (n: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !bigEndian;
  switch (type) {
    case 'int8':
      return (n) => view.getInt8(n);
    case 'uint8':
      return (n) => view.getUint8(n);
    case 'int16':
      return (n) => view.getInt16(2 * n, little);
    case 'uint16':
      return (n) => view.getUint16(2 * n, little);
    case 'int32':
      return (n) => view.getInt32(4 * n, little);
    case 'uint32':
      return (n) => view.getUint32(4 * n, little);
    case 'float32':
      return (n) => view.getFloat32(4 * n, little);
    case 'float64':
      return (n) => view.getFloat64(8 * n, little);
  }
}
