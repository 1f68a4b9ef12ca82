import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { toHeader } from '../../../src/dicom/element/to-header.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import {
  encodeDataSet,
  encodeDataSetParts,
  fileMeta,
  IMPLEMENTATION_CLASS_UID,
  type WritableHeader,
} from '../../../src/dicom/element/write.js';
import { isUid } from '../../../src/foundation/ids.js';
import { header } from '../../support/synthetic-image.js';

const EXPLICIT = { transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian };

describe('encodeDataSet', () => {
  it('gives back what was written, text in UTF-8 whatever character set the header named', () => {
    const written: WritableHeader = {
      '00080005': { vr: 'CS', Value: ['ISO_IR 100'] },
      '00080018': { vr: 'UI', Value: ['1.2.840.5'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }] },
      '00080008': { vr: 'CS', Value: ['DERIVED', 'PRIMARY', null] },
      '00280030': { vr: 'DS', Value: [0.5, 0.75] },
      '00280010': { vr: 'US', Value: [512] },
      '00209165': { vr: 'AT', Value: ['0062000B'] },
      '0062000D': { vr: 'US', Value: [1, 2, 65535] },
      '00720082': { vr: 'SV', Value: [-5] },
      '00186028': { vr: 'FD', Value: [0.1] },
      '00280106': { vr: 'SS', Value: [-3] },
      '00080050': { vr: 'SH' },
      '00081115': { vr: 'SQ', Value: [{ '00080005': { vr: 'CS', Value: ['GBK'] }, '0008103E': { vr: 'LO', Value: ['é'] } }, {}] },
    };
    const read = toHeader(parseInstance(encodeDataSet(written), EXPLICIT).dataset);
    expect(read).toEqual({
      ...written,
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      '00081115': { vr: 'SQ', Value: [{ '0008103E': { vr: 'LO', Value: ['é'] } }, {}] },
    });
  });

  it('writes decimal strings as they are, and numbers in at most 16 characters', () => {
    const { dataset } = parseInstance(
      encodeDataSet(header({ PixelSpacing: ['0.70', 1 / 3], ImagePositionPatient: ['-0.00', -1e-12, 123456789.12345679] })),
      EXPLICIT,
    );
    expect(dataset.texts(TAG.PixelSpacing)).toEqual(['0.70', '0.33333333333333']);
    expect(dataset.texts(TAG.ImagePositionPatient)).toEqual(['-0.00', '-1e-12', '123456789.123457']);
  });

  it('orders elements, pads to even lengths and keeps bulk values uncopied', () => {
    const pixels = new Uint8Array(3).fill(7);
    const parts = encodeDataSetParts(header({ PixelData: pixels, Modality: ['CT'], PatientID: ['ABC'] }));
    expect(parts).toContain(pixels);
    const { dataset } = parseInstance(Buffer.concat(parts), EXPLICIT);
    expect([...dataset.elements()].map(({ tag, lengthBytes }) => [tag, lengthBytes])).toEqual([
      [TAG.SpecificCharacterSet, 10],
      [TAG.Modality, 2],
      [TAG.PatientID, 4],
      [TAG.PixelData, 4],
    ]);
  });

  it('pads UIDs with NUL and other text with a space (PS3.5 6.2)', () => {
    const { dataset } = parseInstance(encodeDataSet(header({ SOPInstanceUID: ['1.2'], PatientID: ['ABC'] })), EXPLICIT);
    expect([dataset.bytesOf(TAG.SOPInstanceUID)?.at(-1), dataset.bytesOf(TAG.PatientID)?.at(-1)]).toEqual([0, 0x20]);
  });

  it.each<[string, WritableHeader]>([
    ['a number out of range', { '00280010': { vr: 'US', Value: [70000] } }],
    ['a null where a number belongs', { '00280010': { vr: 'US', Value: [null] } }],
    ['bulk given as values', { '7FE00010': { vr: 'OW', Value: [1, 2] } }],
    ['text too long for its length field', { '00081030': { vr: 'LO', Value: ['x'.repeat(70000)] } }],
  ])('refuses %s', (_, wrong) => {
    expect(() => encodeDataSet(wrong)).toThrow(/cannot be written/);
  });
});

describe('fileMeta', () => {
  it('is 128 bytes, DICM and group 2 with its length', () => {
    const meta = fileMeta({
      sopClassUid: SOP_CLASS.CTImageStorage,
      sopInstanceUid: '1.2.3',
      transferSyntaxUid: TRANSFER_SYNTAX.JPEGLSLossless,
      sourceAeTitle: 'CT1',
    });
    const instance = parseInstance(Buffer.concat([meta, encodeDataSet(header({ Modality: ['CT'] }))]));
    expect(instance.transferSyntaxUid).toBe(TRANSFER_SYNTAX.JPEGLSLossless);
    expect(instance.mediaStorageSopClassUid).toBe(SOP_CLASS.CTImageStorage);
    expect(instance.meta.text(TAG.SourceApplicationEntityTitle)).toBe('CT1');
    expect(instance.meta.number(TAG.FileMetaInformationGroupLength)).toBe(meta.length - 128 - 4 - 12);
    expect(instance.dataSetOffsetBytes).toBe(meta.length);
    expect(isUid(IMPLEMENTATION_CLASS_UID)).toBe(true);
  });
});
