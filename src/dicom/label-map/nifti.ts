/** NIfTI-1 in one file (nifti.nimh.nih.gov/nifti-1), compressed or not. Its space is RAS; it is turned to LPS here. */
import type { Vec3 } from '../geometry/grid.js';
import { decompressed } from './inflate.js';
import { refused, sizeOf, vector, type LabelVolume, type StoredVolume, type VoxelType } from './voxels.js';

const HEADER_BYTES = 348;
const MILLIMETRES = [0, 2] as const;

const TYPES: Readonly<Record<number, VoxelType>> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
};

/** Where the voxels of a `.nii` or `.nii.gz` lie, and their bytes; `most`: after inflating. Throws LABEL_MAP_REFUSED. */
export async function openNifti(file: Uint8Array, most?: number): Promise<StoredVolume> {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? await decompressed(file, 'gzip', most) : file;
  if (bytes.length < HEADER_BYTES) throw refused(`${bytes.length} bytes, expected the header of a NIfTI-1 file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getInt32(0, true) === HEADER_BYTES;
  if (!little && view.getInt32(0, false) !== HEADER_BYTES) throw refused('no header of NIfTI-1');
  if (view.getUint8(344) !== 0x6e || view.getUint8(345) !== 0x2b) throw refused('voxels in another file, expected them in this one (n+1)');
  const short = (at: number) => view.getInt16(at, little);
  const float = (at: number) => view.getFloat32(at, little);
  const dimensions = short(40);
  const beyond = [4, 5, 6, 7].filter((n) => n <= dimensions && short(40 + 2 * n) > 1);
  if (dimensions < 3 || beyond.length > 0) throw refused(`${dimensions} dimensions, expected three`);
  const size = sizeOf([short(42), short(44), short(46)]);
  const code = short(70);
  const type = TYPES[code];
  if (type === undefined) throw refused(`datatype ${code}, expected whole numbers or floating point ones`);
  const units = view.getUint8(123) & 7;
  if (!MILLIMETRES.some((known) => known === units)) throw refused(`units of space ${units}, expected millimetres (2)`);
  const slope = float(112);
  const scaling = slope === 0 || !Number.isFinite(slope) ? {} : { slope, intercept: float(116) };
  const offset = Math.max(HEADER_BYTES, Math.round(float(108)));
  return {
    size,
    ...placeOf(short, float),
    voxels: { bytes: bytes.subarray(offset), type, bigEndian: !little, ...scaling },
  };
}

type Read = (at: number) => number;

/** By the sform where there is one, else by the qform. */
function placeOf(short: Read, float: Read): Pick<LabelVolume, 'originMm' | 'stepsMm'> {
  if (short(254) > 0) {
    const column = (n: number) => toLps([float(280 + 4 * n), float(296 + 4 * n), float(312 + 4 * n)], 'sform');
    return { originMm: column(3), stepsMm: [column(0), column(1), column(2)] };
  }
  if (short(252) <= 0) throw refused('neither sform nor qform, expected one that says where the voxels lie');
  return byQuaternion(float);
}

function byQuaternion(float: Read): Pick<LabelVolume, 'originMm' | 'stepsMm'> {
  const [b, c, d] = [float(256), float(260), float(264)];
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const handed = float(76) < 0 ? -1 : 1;
  const [di, dj, dk] = [float(80), float(84), float(88) * handed];
  const step = (direction: Vec3, lengthMm: number) =>
    toLps([direction[0] * lengthMm, direction[1] * lengthMm, direction[2] * lengthMm], 'qform');
  return {
    originMm: toLps([float(268), float(272), float(276)], 'qform'),
    stepsMm: [
      step([a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)], di),
      step([2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)], dj),
      step([2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - c * c - b * b], dk),
    ],
  };
}

function toLps(ras: readonly number[], what: string): Vec3 {
  const [x, y, z] = vector(ras, what);
  return [-x, -y, z];
}
