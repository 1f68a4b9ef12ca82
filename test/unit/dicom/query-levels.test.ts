/** What a search may tell an archive beforehand. */
import { TAG } from '../../../src/dicom/element/tags.js';
import { hintsOf } from '../../../src/dicom/query/levels.js';
import { condition } from '../../../src/dicom/query/match.js';

const hints = (...wanted: readonly (readonly [tag: number, value: string])[]) =>
  hintsOf(wanted.map(([tag, value]) => condition([tag], value, 'x')));

describe('hints of a search', () => {
  it('are whole values, ranges and lists', () => {
    expect(hints([TAG.PatientID, 'P1'], [TAG.AccessionNumber, 'A'], [TAG.StudyDate, '20240101'])).toMatchObject({
      patientId: 'P1',
      accessionNumber: 'A',
      studyDate: { from: '20240101', to: '20240101' },
    });
    expect(hints([TAG.StudyDate, '20240101-'])).toMatchObject({ studyDate: { from: '20240101', to: '' } });
    expect(hints([TAG.StudyDate, '-20240131'])).toMatchObject({ studyDate: { from: '', to: '20240131' } });
    expect(hints([TAG.ModalitiesInStudy, 'CT,MR'])).toMatchObject({ modalities: ['CT', 'MR'] });
    expect(hints([TAG.Modality, 'SEG\\RTSTRUCT'])).toMatchObject({ modalities: ['SEG', 'RTSTRUCT'] });
  });

  it('are nothing that a wildcard or an empty value would make too narrow', () => {
    for (const value of ['', '*', 'P*', 'P?'])
      expect(hints([TAG.PatientID, value], [TAG.Modality, value])).toEqual({
        patientId: undefined,
        accessionNumber: undefined,
        modalities: undefined,
      });
  });
});
