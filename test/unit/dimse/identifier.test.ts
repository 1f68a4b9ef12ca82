import { parseInstance } from '../../../src/dicom/element/parse.js';
import { encodeDataSet, encodeImplicitDataSet } from '../../../src/dicom/element/write.js';
import type { Header } from '../../../src/dicom/header.js';
import { matches } from '../../../src/dicom/query/match.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { queryOf, retrievalOf, type InformationModel } from '../../../src/dimse/services/identifier.js';

const LEVEL = (level: string): Header => ({ '00080052': { vr: 'CS', Value: [level] } });
const STUDY: Header = { '0020000D': { vr: 'UI', Value: ['1.2.3'] } };

function parsed(header: Header) {
  return parseInstance(encodeDataSet(header), { transferSyntaxUid: '1.2.840.10008.1.2.1' }).dataset;
}
const query = (header: Header, model: InformationModel = 'study-root') => queryOf(parsed(header), model);

/** Code and DIMSE status of what `work` throws. */
function refusal(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (thrown) {
    return thrown instanceof AnteroomError ? `${thrown.code} ${thrown.dimseStatus.toString(16)}` : String(thrown);
  }
}

describe('identifiers of C-FIND and C-MOVE', () => {
  it('are read in Implicit VR as in Explicit VR, sequences too', () => {
    const header: Header = {
      ...LEVEL('SERIES'),
      ...STUDY,
      '00400275': { vr: 'SQ', Value: [{ '00400009': { vr: 'SH', Value: ['STEP1'] } }] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Äbc^*' }] },
    };
    const implicit = parseInstance(encodeImplicitDataSet(header), { transferSyntaxUid: '1.2.840.10008.1.2' }).dataset;
    const summary = (one: ReturnType<typeof query>) => one.conditions.map(({ tags, value }) => [...tags, value]);
    expect(summary(queryOf(implicit, 'study-root'))).toEqual(summary(query(header)));
    expect(summary(query(header))).toEqual([
      [0x00100010, 'Äbc^*'],
      [0x0020000d, '1.2.3'],
      [0x00400275, 0x00400009, 'STEP1'],
    ]);
  });

  it('keep what is asked for without a value as return keys that match everything', () => {
    const { requested, conditions } = query({ ...LEVEL('STUDY'), '00081030': { vr: 'LO' }, '00100020': { vr: 'LO', Value: ['*'] } });
    expect(requested).toEqual(['00081030', '00100020']);
    expect(matches({}, conditions)).toBe(true);
  });

  it('tell where something is asked for that no header holds', () => {
    expect(query({ ...LEVEL('STUDY'), '00091001': { vr: 'LO' } })).toMatchObject({ allSupported: false, requested: [] });
  });

  it.each<[string, Header, InformationModel]>([
    ['no level', {}, 'study-root'],
    ['a level of another model', LEVEL('PATIENT'), 'study-root'],
    ['no unique key above the level', LEVEL('SERIES'), 'study-root'],
    ['no patient in the Patient Root model', { ...LEVEL('STUDY'), ...STUDY }, 'patient-root'],
    ['a wildcard as unique key', { ...LEVEL('STUDY'), '00100020': { vr: 'LO', Value: ['A*'] } }, 'patient-root'],
    ['a date that is none', { ...LEVEL('STUDY'), '00080020': { vr: 'DA', Value: ['2024-01-0'] } }, 'study-root'],
  ])('are refused with A900: %s', (_what, header, model) => {
    expect(refusal(() => query(header, model))).toBe('QUERY_INVALID a900');
  });

  it('name what is to be moved by the unique keys down to the level and no further', () => {
    const keys = { ...STUDY, '0020000E': { vr: 'UI', Value: ['1.2.3.4', '1.2.3.5'] } };
    expect(retrievalOf(parsed({ ...LEVEL('SERIES'), ...keys }), 'study-root')).toEqual({
      patientId: undefined,
      studyInstanceUids: ['1.2.3'],
      seriesInstanceUids: ['1.2.3.4', '1.2.3.5'],
      sopInstanceUids: undefined,
    });
    expect(retrievalOf(parsed({ ...LEVEL('STUDY'), ...keys }), 'study-root')).toMatchObject({ seriesInstanceUids: undefined });
    const image = { ...LEVEL('IMAGE'), ...STUDY, '0020000E': { vr: 'UI', Value: ['1.2.3.4'] } };
    expect(refusal(() => retrievalOf(parsed(image), 'study-root'))).toBe('QUERY_INVALID a900');
  });
});
