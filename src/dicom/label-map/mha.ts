/** MetaImage with header and voxels in one file, as ITK writes it: `Key = Value` lines, then the voxels. ITK's space is LPS. */
import { scaled } from '../geometry/vector.js';
import { decompressed } from './inflate.js';
import { refused, sizeOf, vector, type StoredVolume, type VoxelType } from './voxels.js';

const TYPES: Readonly<Record<string, VoxelType>> = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  MET_LONG: 'int32',
  MET_ULONG: 'uint32',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

const MAX_HEADER_BYTES = 64 * 1024;
const IDENTITY = '1 0 0 0 1 0 0 0 1';

/** Where the voxels of an `.mha` lie, and their bytes; `most`: after inflating. Throws LABEL_MAP_REFUSED. */
export async function openMha(bytes: Uint8Array, most?: number): Promise<StoredVolume> {
  const { header, rest } = split(bytes);
  const text = (names: readonly string[], fallback?: string): string => {
    const found = names.map((name) => header.get(name)).find((value) => value !== undefined) ?? fallback;
    if (found === undefined) throw refused(`no ${names[0]} in the header of the MetaImage`);
    return found;
  };
  const numbers = (names: readonly string[], fallback?: string) => text(names, fallback).split(/\s+/).map(Number);
  const size = sizeOf(numbers(['DimSize']));
  if (Number(text(['ElementNumberOfChannels'], '1')) !== 1) throw refused('several channels, expected one label for each voxel');
  const typeName = text(['ElementType']);
  const type = TYPES[typeName];
  if (type === undefined) throw refused(`ElementType ${typeName}, expected one of ${Object.keys(TYPES).join(', ')}`);
  const spacing = vector(numbers(['ElementSpacing', 'ElementSize'], '1 1 1'), 'ElementSpacing');
  const matrix = numbers(['TransformMatrix', 'Rotation', 'Orientation'], IDENTITY);
  const along = (axis: 0 | 1 | 2) => scaled(vector(matrix.slice(3 * axis, 3 * axis + 3), 'TransformMatrix'), spacing[axis]);
  const isTrue = (...names: string[]) => text(names, 'False').toLowerCase() === 'true';
  const voxels = isTrue('CompressedData') ? await decompressed(rest, 'zlib', most) : rest;
  return {
    size,
    originMm: vector(numbers(['Offset', 'Origin', 'Position'], '0 0 0'), 'Offset'),
    stepsMm: [along(0), along(1), along(2)],
    voxels: { bytes: voxels, type, bigEndian: isTrue('BinaryDataByteOrderMSB', 'ElementByteOrderMSB') },
  };
}

/** The header ends with the line that says where the voxels are. */
function split(bytes: Uint8Array): { header: ReadonlyMap<string, string>; rest: Uint8Array } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('latin1');
  const end = /^ElementDataFile\s*=\s*(.*?)\r?\n/m.exec(head);
  if (end === null) throw refused('no line ElementDataFile, expected a MetaImage');
  if (end[1].toUpperCase() !== 'LOCAL') throw refused('voxels in another file, expected them in this one (ElementDataFile = LOCAL)');
  const lines = head.slice(0, end.index).split(/\r?\n/);
  const header = new Map(lines.filter((line) => line.includes('=')).map((line) => entryOf(line)));
  return { header, rest: bytes.subarray(end.index + end[0].length) };
}

function entryOf(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
