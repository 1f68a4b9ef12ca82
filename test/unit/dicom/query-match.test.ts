import fc from 'fast-check';
import type { Header } from '../../../src/dicom/header.js';
import { matches, wildcardMatcher } from '../../../src/dicom/query/match.js';
import { parseQidoQuery, type QueryLevel } from '../../../src/dicomweb/server/qido-query.js';

const header: Header = {
  '00080020': { vr: 'DA', Value: ['20240315'] },
  '00080030': { vr: 'TM', Value: ['101530.5'] },
  '00080050': { vr: 'SH' },
  '00080060': { vr: 'CS', Value: ['CT'] },
  '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY', 'AXIAL'] },
  '00081030': { vr: 'LO', Value: ['Thorax *nativ*'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }] },
  '00100020': { vr: 'LO', Value: ['A-17'] },
  '0020000D': { vr: 'UI', Value: ['1.2.3'] },
  '00200011': { vr: 'IS', Value: [3] },
  '00400275': { vr: 'SQ', Value: [{ '00400009': { vr: 'SH', Value: ['STEP1'] } }, { '00400009': { vr: 'SH', Value: ['STEP2'] } }] },
};

const hits = (query: string, level: QueryLevel = 'instance'): boolean =>
  matches(header, parseQidoQuery(new URLSearchParams(query), level).conditions);

describe('matching of searches', () => {
  it.each([
    ['PatientName=yamada*', true],
    ['PatientName=YAMADA^TAROU', true],
    ['PatientName=Yamada^Tarou^', true],
    ['PatientName=山田*', true],
    ['PatientName=Yamada^Tarou=山田^太郎=やまだ^たろう', true],
    ['PatientName=Yamada', false],
    ['PatientName=', true],
    ['PatientID=A-1?', true],
    ['PatientID=a-17', false],
    ['00100020=A-17', true],
    ['0020000D=1.2.3', true],
    ['StudyInstanceUID=9.9,1.2.3', true],
    ['StudyInstanceUID=9.9%5C1.2.3', true],
    ['StudyInstanceUID=1.2.*', false],
    ['StudyDate=20240315', true],
    ['StudyDate=20240301-20240331', true],
    ['StudyDate=20240315-20240315', true],
    ['StudyDate=20240316-', false],
    ['StudyDate=-20240314', false],
    ['StudyDate=-20240315', true],
    ['StudyTime=10', true],
    ['StudyTime=1000-1100', true],
    ['StudyTime=09-10', true],
    ['StudyTime=101531-', false],
    ['AccessionNumber=', true],
    ['AccessionNumber=*', true],
    ['AccessionNumber=1', false],
    ['Modality=CT', true],
    ['Modality=MR,CT', true],
    ['Modality=M?', false],
    ['ImageType=AXIAL', true],
    ['SeriesNumber=3', true],
    ['SeriesNumber=03', true],
    ['SeriesNumber=4', false],
    ['RequestAttributesSequence.ScheduledProcedureStepID=STEP2', true],
    ['00400275.00400009=STEP3', false],
    ['StudyDescription=Thorax%20*', true],
    ['SeriesDescription=', true],
    ['SeriesDescription=x', false],
    ['Modality=CT&PatientID=B', false],
    ['limit=1&offset=2&includefield=all&fuzzymatching=true', true],
  ])('%s: %p', (query, expected) => {
    expect(hits(query)).toBe(expected);
  });

  it.each([
    ['StudyDate=2024-03-15', 'StudyDate wants a DA'],
    ['StudyDate=-', 'StudyDate wants a DA'],
    ['SeriesNumber=abc', 'no number'],
    ['Modlity=CT', 'Modlity, which is no keyword'],
    ['RequestAttributesSequence=1', 'is a sequence'],
    ['limit=-1', 'limit is no number'],
    ['includefield=Nothing', 'includefield names Nothing'],
  ])('refuses %s and says why', (query, why) => {
    expect(() => hits(query)).toThrow(why);
  });

  it('does not repeat a value that may be a name', () => {
    expect(() => hits('Meier^Hans=')).toThrow(/^(?!.*Meier).*no keyword/);
  });

  it('sends a search for instances to the instances', () => {
    expect(() => hits('SOPInstanceUID=1.2', 'study')).toThrow('search /instances');
  });
});

describe('wildcardMatcher', () => {
  it('agrees with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const expression = new RegExp(
          `^${pattern
            .split('')
            .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char))
            .join('')}$`,
        );
        expect(wildcardMatcher(pattern)(text)).toBe(expression.test(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('is not brought to a standstill by a malicious pattern', () => {
    expect(wildcardMatcher(`${'*a'.repeat(30)}b`)('a'.repeat(2000))).toBe(false);
  });
});
