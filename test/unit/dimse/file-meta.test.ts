import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { readFileMeta, type FileMeta } from '../../../src/dimse/file-meta.js';
import { tempFolder } from '../../support/temp.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT_LE = '1.2.840.10008.1.2.1';

/** An element of group 0002 in Explicit VR Little Endian. */
function element(number: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OB';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(value.length, 8);
  else header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}

const uid = (number: number, text: string): Buffer => element(number, 'UI', Buffer.from(text.length % 2 ? `${text}\0` : text));
const preamble = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]);
const wrongGroupLength = element(0, 'UL', Buffer.from([3, 0, 0, 0]));
const uids = Buffer.concat([uid(2, CT), uid(3, '1.2.3.4'), uid(0x10, EXPLICIT_LE)]);
const dataSet = Buffer.from([8, 0, 0x16, 0, 0x55, 0x49, 0, 0]);

async function metaOf(...parts: Buffer[]): Promise<FileMeta> {
  const file = join(tempFolder('file-meta'), 'file.dcm');
  writeFileSync(file, Buffer.concat(parts));
  const handle = await open(file);
  try {
    return await readFileMeta(handle);
  } finally {
    await handle.close();
  }
}

describe('the file meta information of a file to be sent', () => {
  it('is read whatever the group length says', async () => {
    expect(await metaOf(preamble, wrongGroupLength, uids, dataSet)).toEqual({
      sopClassUid: CT,
      sopInstanceUid: '1.2.3.4',
      transferSyntaxUid: EXPLICIT_LE,
      dataSetOffset: preamble.length + wrongGroupLength.length + uids.length,
    });
  });

  it('is read through private information of any usual size', async () => {
    const information = element(0x0102, 'OB', Buffer.alloc(100_000));
    expect(await metaOf(preamble, uids, information, dataSet)).toMatchObject({
      dataSetOffset: preamble.length + uids.length + information.length,
    });
  });

  it.each([
    ['no DICOM', [Buffer.from('%PDF-1.7')], 'DICOM_NOT_P10'],
    ['an empty file', [], 'DICOM_NOT_P10'],
    ['no transfer syntax', [preamble, uid(2, CT), uid(3, '1.2.3'), dataSet], 'DICOM_UID_MISSING'],
    ['a file that ends within it', [preamble, uids.subarray(0, 40)], 'DICOM_DAMAGED'],
    [
      'an element that claims 400 MB',
      [preamble, Buffer.from([2, 0, 1, 0, 0x4f, 0x42, 0, 0, 0, 0x84, 0xd7, 0x17]), dataSet],
      'DICOM_DAMAGED',
    ],
  ])('%s: refused', async (_what, parts, code) => {
    await expect(metaOf(...parts)).rejects.toMatchObject({ code });
  });
});
