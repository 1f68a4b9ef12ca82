/** Label maps as bytes become labels: how large, of which type, and without a second copy of them. */
import { gzipSync } from 'node:zlib';
import type { LabelVolume } from '../../../src/dicom/label-map/read.js';
import { readLabelMap } from '../../../src/dicom/label-map/read.js';
import { labelsOf, type VoxelType } from '../../../src/dicom/label-map/voxels.js';

const little = (type: VoxelType, bytes: Uint8Array, more: object = {}) => labelsOf([2, 1, 1], { bytes, type, bigEndian: false, ...more });

describe('voxels', () => {
  it.each<[VoxelType, number[], number[]]>([
    ['uint8', [7, 200], [7, 200]],
    ['int8', [7, 127], [7, 127]],
    ['int16', [7, 0, 1, 1], [7, 257]],
    ['uint16', [7, 0, 0, 0xff], [7, 0xff00]],
  ])('of %s are the labels themselves, and held once', (type, stored, labels) => {
    const bytes = Uint8Array.from([...stored, 9, 9]);
    const seen = little(type, bytes);
    expect([...seen]).toEqual(labels);
    expect(seen.buffer).toBe(bytes.buffer);
  });

  it.each<[string, VoxelType, Uint8Array, object]>([
    ['at an odd byte', 'int16', Uint8Array.of(0, 7, 0, 1, 1).subarray(1), {}],
    ['in the other byte order', 'uint16', Uint8Array.of(0, 7, 1, 1), { bigEndian: true }],
    ['with a slope', 'int8', Uint8Array.of(2, 252), { slope: 0.5, intercept: 6 }],
  ])('%s are read one by one', (_, type, bytes, more) => {
    const expected = type === 'int8' ? [7, 4] : [7, 257];
    expect([...little(type, bytes, more)]).toEqual(expected);
  });

  it.each<[VoxelType, number[]]>([
    ['int8', [1, 255]],
    ['int16', [1, 0, 255, 255]],
  ])('of %s below 0 are no labels', (type, stored) => {
    expect(() => little(type, Uint8Array.from(stored))).toThrow(/a voxel of value -1, expected whole numbers from 0 to 65535/);
  });
});

describe('compressed voxels', () => {
  const nrrd = Buffer.from(
    'NRRD0005\ntype: uint8\nsizes: 100 100 10\nencoding: gzip\nspace: lps\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n\n',
  );
  const read = (bytes: number, most: number): Promise<LabelVolume> =>
    readLabelMap('a.nrrd', Buffer.concat([nrrd, gzipSync(Buffer.alloc(bytes))]), most);

  it('are inflated as far as they may, and refused beyond', async () => {
    expect((await read(100_000, 100_000)).labels).toHaveLength(100_000);
    await expect(read(100_001, 100_000)).rejects.toMatchObject({
      code: 'LABEL_MAP_REFUSED',
      seen: 'compressed bytes that become more than 100000, expected at most that many',
    });
  });
});
