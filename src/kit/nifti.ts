/** Volumes and label maps as NIfTI-1 in one file (nifti.nimh.nih.gov/nifti-1). Its space is RAS millimetres. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Grid, Vec3 } from '../dicom/geometry/grid.js';

const compress = promisify(gzip);

/** The header and the four bytes that say that there is no extension. */
const VOXELS_AT = 352;
const MILLIMETRES = 2;
/** `qform_code` and `sform_code`: coordinates of the scanner. */
const SCANNER = 1;

type Voxels = Uint8Array | Uint16Array | Int16Array | Float32Array;

/** `datatype` and `bitpix`. */
function typeOf(voxels: Voxels): readonly [number, number] {
  if (voxels instanceof Int16Array) return [4, 16];
  if (voxels instanceof Float32Array) return [16, 32];
  return voxels instanceof Uint16Array ? [512, 16] : [2, 8];
}

/**
 * One gzip-compressed file with the voxels in the order in which they are given, i fastest. sform and qform say the same, in the 32-bit
 * floating point numbers of the format.
 * @param voxels C order [k][j][i]
 */
export async function encodeNifti(grid: Grid, voxels: Voxels): Promise<Uint8Array> {
  const header = Buffer.alloc(VOXELS_AT);
  const [datatype, bits] = typeOf(voxels);
  const shorts: Readonly<Record<number, number>> = { 40: 3, 42: grid.columns, 44: grid.rows, 46: grid.slices, 48: 1, 50: 1, 52: 1, 54: 1 };
  header.writeInt32LE(348, 0);
  for (const [at, value] of Object.entries({ ...shorts, 70: datatype, 72: bits, 252: SCANNER, 254: SCANNER }))
    header.writeInt16LE(value, Number(at));
  const [quaternion, qfac] = quaternionOf(grid);
  const floats = (at: number, values: readonly number[]) => {
    values.forEach((value, n) => header.writeFloatLE(value, at + 4 * n));
  };
  floats(76, [qfac, ...grid.spacingMm]);
  floats(108, [VOXELS_AT, 1, 0]);
  header.writeUInt8(MILLIMETRES, 123);
  floats(256, [...quaternion, ...toRas(grid.originMm)]);
  floats(280, affineOf(grid).flat());
  header.write('n+1\0', 344, 'latin1');
  return compress(Buffer.concat([header, Buffer.from(voxels.buffer, voxels.byteOffset, voxels.byteLength)]), { level: 1 });
}

function toRas([x, y, z]: Vec3): Vec3 {
  return [-x, -y, z];
}

/** From voxel indices (i, j, k, 1) to RAS mm, by rows. */
function affineOf({ iDirection, jDirection, kDirection, spacingMm, originMm }: Grid): number[][] {
  const [i, j, k, origin] = [iDirection, jDirection, kDirection, originMm].map(toRas);
  return [0, 1, 2].map((axis) => [i[axis] * spacingMm[0], j[axis] * spacingMm[1], k[axis] * spacingMm[2], origin[axis]]);
}

/** The rotation of the axes as b, c, d of a unit quaternion. k is the normal i × j of a Grid, so that nothing is mirrored: qfac 1. */
function quaternionOf({ iDirection, jDirection, kDirection }: Grid): readonly [readonly number[], number] {
  const [i, j, k] = [iDirection, jDirection, kDirection].map(toRas);
  const squares = [1 + i[0] + j[1] + k[2], 1 + i[0] - j[1] - k[2], 1 - i[0] + j[1] - k[2], 1 - i[0] - j[1] + k[2]];
  const largest = squares.indexOf(Math.max(...squares));
  const sums = [
    [squares[0], j[2] - k[1], k[0] - i[2], i[1] - j[0]],
    [j[2] - k[1], squares[1], i[1] + j[0], k[0] + i[2]],
    [k[0] - i[2], i[1] + j[0], squares[2], j[2] + k[1]],
    [i[1] - j[0], k[0] + i[2], j[2] + k[1], squares[3]],
  ][largest];
  const scale = 2 * Math.sqrt(squares[largest]) * (sums[0] < 0 ? -1 : 1);
  return [sums.slice(1).map((part) => part / scale), 1];
}
