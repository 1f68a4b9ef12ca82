/** Label maps as NRRD (teem.sourceforge.net/nrrd), which 3D Slicer, ITK and plastimatch read. */
import { gzipSync } from 'node:zlib';
import type { LabelMap, Vec3 } from '../dicom/geometry/grid.js';

/**
 * A label map of bytes as one NRRD file, gzip-compressed, in LPS millimetres. Directions and origin are written with all digits of a double.
 * @param notes key/value pairs for the header, such as what each label means; without line breaks
 */
export function encodeNrrd({ grid, labels }: LabelMap, notes: Readonly<Record<string, string>> = {}): Uint8Array {
  const vector = (values: Vec3) => `(${values.join(',')})`;
  const along = (direction: Vec3, axis: 0 | 1 | 2) => vector(direction.map((part) => part * grid.spacingMm[axis]) as unknown as Vec3);
  const wide = labels instanceof Uint16Array;
  const header = [
    'NRRD0005',
    `type: ${wide ? 'uint16' : 'uint8'}`,
    'dimension: 3',
    'space: left-posterior-superior',
    `sizes: ${grid.columns} ${grid.rows} ${grid.slices}`,
    `space directions: ${along(grid.iDirection, 0)} ${along(grid.jDirection, 1)} ${along(grid.kDirection, 2)}`,
    'kinds: domain domain domain',
    ...(wide ? ['endian: little'] : []),
    'encoding: gzip',
    `space origin: ${vector(grid.originMm)}`,
    ...Object.entries(notes).map(([key, value]) => `${key}:=${value}`),
  ];
  const voxels = gzipSync(Buffer.from(labels.buffer, labels.byteOffset, labels.byteLength));
  return Buffer.concat([Buffer.from(`${header.join('\n')}\n\n`, 'ascii'), voxels]);
}
