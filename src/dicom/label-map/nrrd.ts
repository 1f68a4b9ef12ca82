/** NRRD with header and voxels in one file (teem.sourceforge.net/nrrd), as 3D Slicer and ITK write it. */
import type { Vec3 } from '../geometry/grid.js';
import { decompressed } from './inflate.js';
import { asLabels, refused, sizeOf, vector, type LabelVolume, type StoredVolume, type VoxelType } from './voxels.js';

const TYPES: readonly (readonly [VoxelType, readonly string[]])[] = [
  ['int8', ['int8', 'int8_t', 'signed char']],
  ['uint8', ['uint8', 'uint8_t', 'uchar', 'unsigned char']],
  ['int16', ['int16', 'int16_t', 'short', 'short int', 'signed short', 'signed short int']],
  ['uint16', ['uint16', 'uint16_t', 'ushort', 'unsigned short', 'unsigned short int']],
  ['int32', ['int32', 'int32_t', 'int', 'signed int']],
  ['uint32', ['uint32', 'uint32_t', 'uint', 'unsigned int']],
  ['float32', ['float']],
  ['float64', ['double']],
];

/** From the file's space to LPS, by axis. */
const SPACES: Readonly<Record<string, Vec3>> = {
  'left-posterior-superior': [1, 1, 1],
  lps: [1, 1, 1],
  'right-anterior-superior': [-1, -1, 1],
  ras: [-1, -1, 1],
  'left-anterior-superior': [1, -1, 1],
  las: [1, -1, 1],
};

const MAX_HEADER_BYTES = 256 * 1024;

/** Reads the label map in an `.nrrd`. Throws LABEL_MAP_REFUSED. */
export async function readNrrd(bytes: Uint8Array): Promise<LabelVolume> {
  return asLabels(await openNrrd(bytes));
}

/** Where the voxels of an `.nrrd` lie, and their bytes; `most`: after inflating. Throws LABEL_MAP_REFUSED. */
export async function openNrrd(bytes: Uint8Array, most?: number): Promise<StoredVolume> {
  const { fields, rest } = split(bytes);
  const field = (name: string): string => {
    const found = fields.get(name);
    if (found === undefined) throw refused(`no "${name}" in the header of the NRRD`);
    return found;
  };
  if (fields.has('data file') || fields.has('datafile')) throw refused('voxels in another file, expected them in this one');
  const size = sizeOf(field('sizes').split(/\s+/).map(Number));
  const typeName = field('type').toLowerCase();
  const type = TYPES.find(([, names]) => names.includes(typeName))?.[0];
  if (type === undefined) throw refused(`type "${typeName}", expected whole numbers or floating point ones`);
  const space = field('space').toLowerCase();
  const signs = SPACES[space];
  if (signs === undefined) throw refused(`space "${space}", expected left-posterior-superior or right-anterior-superior`);
  const toLps = ([x, y, z]: Vec3): Vec3 => [x * signs[0], y * signs[1], z * signs[2]];
  const directions = vectorsIn(field('space directions'));
  if (directions.length !== 3) throw refused(`${directions.length} space directions, expected three`);
  const [origin = []] = vectorsIn(field('space origin'));
  const along = (axis: 0 | 1 | 2) => toLps(vector(directions[axis] ?? [], 'space directions'));
  return {
    size,
    originMm: toLps(vector(origin, 'space origin')),
    stepsMm: [along(0), along(1), along(2)],
    voxels: { bytes: await voxelsOf(field('encoding').toLowerCase(), rest, most), type, bigEndian: fields.get('endian') === 'big' },
  };
}

async function voxelsOf(encoding: string, bytes: Uint8Array, most?: number): Promise<Uint8Array> {
  if (encoding === 'raw') return bytes;
  if (encoding === 'gzip' || encoding === 'gz') return decompressed(bytes, 'gzip', most);
  throw refused(`encoding "${encoding}", expected raw or gzip`);
}

/** `(1,0,0) (0,1,0) none` as lists of numbers; what is no vector is left out. */
function vectorsIn(text: string): number[][] {
  return [...text.matchAll(/\(([^)]*)\)/g)].map(([, inside]) => inside.split(',').map(Number));
}

/** The header ends with an empty line. */
function split(bytes: Uint8Array): { fields: ReadonlyMap<string, string>; rest: Uint8Array } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('latin1');
  const end = /\r?\n\r?\n/.exec(head);
  if (!head.startsWith('NRRD') || end === null) throw refused('no header of an NRRD');
  const lines = head.slice(0, end.index).split(/\r?\n/).slice(1);
  const fields = new Map(
    lines.flatMap((line): [string, string][] => {
      const [, name, value] = /^([^#:][^:]*): (.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), value.trim()]];
    }),
  );
  return { fields, rest: bytes.subarray(end.index + end[0].length) };
}
