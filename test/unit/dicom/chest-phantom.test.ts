import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { assembleVolume } from '../../../src/dicom/geometry/volume.js';
import { voxelToPatient } from '../../../src/dicom/geometry/grid.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';

const small = [6, 6, 10] as const;

describe('the chest phantom', () => {
  it.each(['axial', 'axial-flipped', 'sagittal'] as const)(
    'is a DICOM series that reads back as the volume it was made of: %s',
    async (orientation) => {
      const { volume, files } = chestPhantom({ spacingMm: small, orientation });
      const read = await assembleVolume(files.map(({ bytes }) => parseInstance(bytes)));
      expect(read.grid).toEqual(volume.grid);
      expect(Buffer.from(read.voxels.buffer).equals(Buffer.from(volume.voxels.buffer))).toBe(true);
      expect(read.slices).toEqual(volume.slices);
    },
  );

  it.each(['axial', 'axial-flipped', 'sagittal'] as const)(
    'has label 1 on the right of the patient and 2 on the left: %s',
    (orientation) => {
      const { grid, labels } = chestPhantom({ spacingMm: small, orientation }).truth;
      const size = grid.columns * grid.rows;
      labels.forEach((label, p) => {
        const [x] = voxelToPatient(grid, p % grid.columns, Math.floor((p % size) / grid.columns), Math.floor(p / size));
        if (label === 1) expect(x).toBeLessThan(12);
        if (label === 2) expect(x).toBeGreaterThan(-12);
      });
      expect(new Set(labels)).toEqual(new Set([0, 1, 2]));
    },
  );

  it('gives the same bytes for the same name and other UIDs for another', () => {
    const [first, same, other] = ['a', 'a', 'b'].map((name) => chestPhantom({ spacingMm: small, name }).files[0].bytes) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(Buffer.from(first).equals(same)).toBe(true);
    const uid = (bytes: Uint8Array, tag: number) => parseInstance(bytes).dataset.uid(tag);
    for (const tag of [TAG.SOPInstanceUID, TAG.StudyInstanceUID, TAG.FrameOfReferenceUID])
      expect(uid(first, tag)).not.toBe(uid(other, tag));
  });

  it('numbers its instances against the normal where reversed, with the same volume', () => {
    const [usual, reversed] = [false, true].map((flag) => chestPhantom({ spacingMm: small, reversed: flag }));
    const firstUid = (phantom: typeof usual) => parseInstance(phantom.files[0].bytes).dataset.uid(TAG.SOPInstanceUID);
    expect(firstUid(usual)).toBe(usual.volume.slices[0].sopInstanceUid);
    expect(firstUid(reversed)).toBe(usual.volume.slices.at(-1)!.sopInstanceUid);
    expect(reversed.volume.grid).toEqual(usual.volume.grid);
  });
});
