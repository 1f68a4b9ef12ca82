/** Two files of one SOPInstanceUID, longer than what is read of them at once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import { encodeDataSet, fileMeta } from '../../../src/dicom/element/write.js';
import { sameObject } from '../../../src/intake/same-object.js';
import { tempFolder } from '../../support/temp.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const PIXEL_BYTES = 3_000_000;
/** A private element that pushes the pixels beyond what is read first. */
const LONG_HEADER_BYTES = 600_000;

interface Change {
  readonly name?: string;
  readonly lastPixel?: number;
  readonly pixelBytes?: number;
  readonly headerBytes?: number;
  readonly transferSyntaxUid?: string;
}

let folder: string;
let count = 0;
beforeAll(() => (folder = tempFolder('same-object')));

function file({
  name = 'Doe^Jane',
  lastPixel = 0,
  pixelBytes = PIXEL_BYTES,
  headerBytes = 0,
  transferSyntaxUid = TRANSFER_SYNTAX.ExplicitVRLittleEndian,
}: Change = {}): string {
  const pixels = new Uint8Array(pixelBytes);
  pixels[pixelBytes - 1] = lastPixel;
  const dataSet = encodeDataSet({
    '00100010': { vr: 'PN', Value: [{ Alphabetic: name }] },
    '00290010': { vr: 'LO', Value: ['TEST'] },
    '00291010': { vr: 'OB', bytes: new Uint8Array(headerBytes) },
    '00321060': { vr: 'LO', Value: [`CT of ${name}`] },
    '7FE00010': { vr: 'OW', bytes: pixels },
  });
  const isDeflated = transferSyntaxUid === TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian;
  const path = join(folder, `${count++}.dcm`);
  writeFileSync(
    path,
    Buffer.concat([
      fileMeta({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid }),
      isDeflated ? deflateRawSync(dataSet) : dataSet,
    ]),
  );
  return path;
}

const DEFLATED = TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian;

describe.each<[string, Change]>([
  ['a short header', {}],
  ['a header that is longer than what is read first', { headerBytes: LONG_HEADER_BYTES }],
  ['a deflated data set', { transferSyntaxUid: DEFLATED }],
])('with %s', (_what, common) => {
  const judge = (change: Change) => sameObject(file(common), file({ ...common, ...change }));

  it('equal pixels under another header are a correction', () => {
    expect(judge({ name: 'Doe^Joan, of another length' })).toBe('corrected');
  });

  it('another last byte of the pixels is a conflict', () => {
    expect(judge({ lastPixel: 1 })).toBe('conflict');
  });

  it('fewer pixels are a conflict', () => {
    expect(judge({ pixelBytes: PIXEL_BYTES - 2 })).toBe('conflict');
  });
});

it('takes another transfer syntax of the same object as the same', () => {
  expect(sameObject(file(), file({ transferSyntaxUid: DEFLATED }))).toBe('same');
});

it('takes what cannot be read as a conflict', () => {
  const damaged = join(folder, 'damaged.dcm');
  writeFileSync(damaged, 'no DICOM');
  expect(sameObject(file(), damaged)).toBe('conflict');
});
