import { parseInstance } from '../../../src/dicom/element/parse.js';
import type { ContentItem } from '../../../src/dicom/sr/content-item.js';
import { measurementReport } from '../../../src/dicom/sr/measurement-report.js';
import { isStructuredReport, readReport } from '../../../src/dicom/sr/read.js';
import { unitMeant, unitOf } from '../../../src/dicom/sr/units.js';
import { writeReport } from '../../../src/dicom/sr/write.js';
import { CONTENT, reportInput } from '../../support/report.js';

describe('a written report', () => {
  const seen = readReport(parseInstance(writeReport(reportInput())).dataset);

  it('is read back item by item, with every digit of its numbers', () => {
    expect(seen.root).toEqual(measurementReport(CONTENT));
    expect(itemsOf(seen.root).map(({ value }) => value)).toContainEqual(expect.objectContaining({ value: -0.000123456789012345 }));
  });

  it('names every object that it refers to as evidence, of the patient and study that it is of', () => {
    expect(seen).toMatchObject({ patientId: 'PAT-1', issuerOfPatientId: 'ISSUER', studyInstanceUid: '1.2.3.4.10' });
    expect(seen).toMatchObject({ completionFlag: 'COMPLETE', verificationFlag: 'UNVERIFIED' });
    expect(seen.evidence).toEqual([
      { seriesInstanceUid: '1.2.3.4.20', sopInstanceUids: ['1.2.3.4.20.1', '1.2.3.4.20.2', '1.2.3.4.20.3'] },
      { seriesInstanceUid: '2.25.81', sopInstanceUids: ['2.25.80'] },
    ]);
    const named = new Set(seen.evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids));
    for (const { value } of itemsOf(seen.root)) if ('reference' in value) expect(named).toContain(value.reference.sopInstanceUid);
  });

  it('is known by its SOP class, key objects are not', () => {
    expect(isStructuredReport(seen.sopClassUid)).toBe(true);
    expect(isStructuredReport('1.2.840.10008.5.1.4.1.1.88.59')).toBe(false);
  });
});

describe('a unit', () => {
  it.each([
    ['ml', 'milliliter'],
    ['{lesions}', 'lesions'],
    ['1', 'no units'],
  ])('%s is %s', (ucum, meaning) => {
    expect(unitOf(ucum)).toEqual({ value: ucum, scheme: 'UCUM', meaning });
  });

  it.each([
    ['mL', 'ml'],
    ['HU', "[hnsf'U]"],
    ['cc', 'cm3'],
    ['mm^3', 'mm3'],
    ['fortnight', undefined],
  ])('%s is none, %s is meant', (text, meant) => {
    expect(unitOf(text)).toBeUndefined();
    expect(unitMeant(text)).toBe(meant);
  });
});

function itemsOf(item: ContentItem): ContentItem[] {
  return [item, ...item.children.flatMap(itemsOf)];
}
