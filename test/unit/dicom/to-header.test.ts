import { parseInstance } from '../../../src/dicom/element/parse.js';
import { toHeader } from '../../../src/dicom/element/to-header.js';
import { TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import { encodeDataSet, type WritableHeader } from '../../../src/dicom/element/write.js';
import type { Header } from '../../../src/dicom/header.js';

const headerOf = (written: WritableHeader): Header =>
  toHeader(parseInstance(encodeDataSet(written), { transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian }).dataset);

describe('toHeader', () => {
  it('is the DICOM JSON model: numbers, names by group, nothing for empty values', () => {
    expect(
      headerOf({
        '00080050': { vr: 'SH', Value: ['  '] },
        '00100010': { vr: 'PN', Value: ['=山田'] },
        '00180050': { vr: 'DS', Value: ['5.00'] },
        '00200013': { vr: 'IS', Value: ['7 ', null, 'x'] },
        '00189074': { vr: 'FD', Value: [Number.NaN, 2] },
        '00280009': { vr: 'AT', Value: ['00181063'] },
      }),
    ).toEqual({
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      '00080050': { vr: 'SH' },
      '00100010': { vr: 'PN', Value: [{ Ideographic: '山田' }] },
      '00180050': { vr: 'DS', Value: [5] },
      '00200013': { vr: 'IS', Value: [7, null, 'x'] },
      '00189074': { vr: 'FD', Value: ['NaN', 2] },
      '00280009': { vr: 'AT', Value: ['00181063'] },
    });
  });

  it('leaves out bulk values', () => {
    const header = headerOf({
      '7FE00010': { vr: 'OW', bytes: new Uint8Array(10) },
      '00091001': { vr: 'UN', bytes: new Uint8Array(2) },
      '00080060': { vr: 'CS', Value: ['CT'] },
    });
    expect(Object.keys(header)).toEqual(['00080005', '00080060']);
  });

  it('leaves the items of a huge sequence out, and of no other', () => {
    const item = { '00081155': { vr: 'UI', Value: ['1.2.840.113619.2.55.3.604688119.971.1234567890.123'] } };
    const header = headerOf({
      '00081115': { vr: 'SQ', Value: new Array<Header>(2000).fill(item) },
      '00081140': { vr: 'SQ', Value: [item] },
      '52009230': { vr: 'SQ', Value: new Array<Header>(500).fill({ '00209113': { vr: 'SQ', Value: [item] } }) },
      '00324000': { vr: 'LT', Value: ['x'.repeat(9000)] },
    });
    expect(header['00081115']).toEqual({ vr: 'SQ' });
    expect(header['00081140']).toEqual({ vr: 'SQ', Value: [item] });
    expect(header['52009230']?.Value).toHaveLength(500);
    expect(header['00324000']).toEqual({ vr: 'LT' });
    expect(JSON.stringify(header).length).toBeLessThan(70 * 1024);
  });
});
