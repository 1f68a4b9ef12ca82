/** What DICOM has in store for whoever compares values: VRs, units, ages, times, character sets, private and nested tags. */
import { explain } from '../../../src/routing/condition.js';
import type { Header } from '../../../src/dicom/header.js';
import { studyFacts } from '../../../src/routing/facts.js';
import type { Condition } from '../../../src/routing/schema.js';
import type { Truth } from '../../../src/routing/truth.js';
import { factsOf, faultsOf, type Tags } from './support.js';

const ask = (condition: Condition, tags: Tags): Truth => explain(condition, factsOf(tags), 'when').truth;

/** A series of one instance with this header as it is. */
function rawSeries(raw: Header) {
  const [only] = studyFacts({
    studyInstanceUid: '1',
    series: [{ seriesInstanceUid: '1.1', instances: [{ sopInstanceUid: '1.1.1', header: raw }] }],
  }).series;
  if (only === undefined) throw new Error('no series');
  return only;
}

const PRIVATE: Header = {
  '00290010': { vr: 'LO', Value: ['SIEMENS CSA HEADER '] },
  '00290011': { vr: 'LO', Value: ['SIEMENS MEDCOM HEADER'] },
  '00291008': { vr: 'CS', Value: ['IMAGE NUM 4'] },
  '00291108': { vr: 'CS', Value: ['other block'] },
  '00400275': {
    vr: 'SQ',
    Value: [
      {
        '00321060': { vr: 'LO', Value: ['CT Abdomen'] },
        '00290010': { vr: 'LO', Value: ['SITE'] },
        '00291001': { vr: 'LO', Value: ['ward 7'] },
      },
      { '00321060': { vr: 'LO', Value: ['CT Thorax'] }, '00400007': { vr: 'LO' } },
    ],
  },
};

describe('values of DICOM', () => {
  it.each<[string, Condition, Tags, Truth]>([
    ['an age in years', { tag: 'PatientAge', atLeast: '18 years' }, { PatientAge: '018Y' }, 'true'],
    ['an age below it', { tag: 'PatientAge', atLeast: '18 years' }, { PatientAge: '017Y' }, 'false'],
    ['an age without unit, in years', { tag: 'PatientAge', atLeast: 18 }, { PatientAge: '18Y ' }, 'true'],
    ['months against years', { tag: 'PatientAge', atMost: '1 year' }, { PatientAge: '012M' }, 'true'],
    ['weeks against months', { tag: 'PatientAge', between: ['1 month', '3 months'] }, { PatientAge: '006W' }, 'true'],
    ['days', { tag: 'PatientAge', atMost: '28 days' }, { PatientAge: '029D' }, 'false'],
    ['an age as DICOM writes it', { tag: 'PatientAge', equals: '018Y' }, { PatientAge: '18y' }, 'true'],
    ['an age that is none', { tag: 'PatientAge', atLeast: 18 }, { PatientAge: '42' }, 'missing'],
    ['a length in another unit', { tag: 'SliceThickness', atMost: '0.25 cm' }, { SliceThickness: '2.5 ' }, 'true'],
    ['a length without unit, in mm', { tag: 'SliceThickness', atMost: 2 }, { SliceThickness: 2.5 }, 'false'],
    ['a fact with a unit', { fact: 'sliceThicknessMm', between: ['1 mm', '1 cm'] }, { SliceThickness: 5 }, 'true'],
    ['a decimal string with spaces', { tag: 'SliceThickness', equals: 5 }, { SliceThickness: ' 5.0 ' }, 'true'],
    ['an exponent', { tag: 'SliceThickness', atMost: 1 }, { SliceThickness: '5e-1' }, 'true'],
    ['a number with a comma', { tag: 'SliceThickness', atMost: 1 }, { SliceThickness: '0,5' }, 'missing'],
    ['a time over midnight', { tag: 'StudyTime', between: ['20:00', '06:00'] }, { StudyTime: '023000.5' }, 'true'],
    ['a time outside', { tag: 'StudyTime', between: ['20:00', '06:00'] }, { StudyTime: '1230' }, 'false'],
    ['a time that is none', { tag: 'StudyTime', atLeast: '20:00' }, { StudyTime: '2500' }, 'missing'],
    ['an id with zeros is no number', { tag: 'PatientID', equals: '7' }, { PatientID: '007' }, 'false'],
    ['a number in a text, asked as a number', { tag: 'PatientID', equals: 7 }, { PatientID: '007' }, 'true'],
    ['a text that is no number, asked as one', { tag: 'ConvolutionKernel', equals: 30 }, { ConvolutionKernel: 'B30f' }, 'false'],
    ['Japanese', { tag: 'SeriesDescription', contains: '胸部' }, { SeriesDescription: '単純胸部CT' }, 'true'],
    ['full-width letters', { tag: 'SeriesDescription', contains: 'ct' }, { SeriesDescription: '胸部ＣＴ' }, 'true'],
    ['half-width kana', { tag: 'SeriesDescription', contains: 'カンゾウ' }, { SeriesDescription: 'ｶﾝｿﾞｳ 3mm' }, 'true'],
    ['a Japanese pattern', { tag: 'SeriesDescription', matches: '^胸.CT' }, { SeriesDescription: '胸部CT' }, 'true'],
    ['Greek capitals with a final sigma', { tag: 'BodyPartExamined', equals: 'ΘΩΡΑΚΑΣ' }, { BodyPartExamined: 'θωρακας' }, 'true'],
    ['a composed accent', { tag: 'SeriesDescription', contains: 'crâne' }, { SeriesDescription: 'CRA\u0302NE' }, 'true'],
    ['a pattern with an accent', { tag: 'SeriesDescription', matches: 'cr.ne' }, { SeriesDescription: 'CRA\u0302NE' }, 'true'],
    [
      'a name without its alphabetic group',
      { tag: 'PatientName', contains: '山田' },
      { PatientName: { Ideographic: '山田^太郎' } },
      'missing',
    ],
    ['a first value that is empty', { tag: 'ImageType', equals: 'AXIAL' }, { ImageType: ['', null, ' AXIAL'] }, 'true'],
    ['a UID with its NUL', { tag: 'FrameOfReferenceUID', equals: '1.2.3' }, { FrameOfReferenceUID: '1.2.3\0' }, 'true'],
  ])('%s', (_, condition, tags, expected) => {
    expect(ask(condition, tags)).toBe(expected);
  });

  it.each<[string, Condition, Truth, string]>([
    [
      'a private tag by its creator',
      { tag: '0029,"SIEMENS CSA HEADER",08', equals: 'IMAGE NUM 4' },
      'true',
      '0029,"SIEMENS CSA HEADER",08',
    ],
    [
      'that of another creator',
      { tag: '0029,"SIEMENS MEDCOM HEADER",08', equals: 'other block' },
      'true',
      '0029,"SIEMENS MEDCOM HEADER",08',
    ],
    ['a creator that is not there', { tag: '0029,"GEMS",08', exists: true }, 'false', '0029,"GEMS",08 is absent'],
    [
      'any item of a sequence',
      { tag: 'RequestAttributesSequence.RequestedProcedureDescription', contains: 'thorax' },
      'true',
      'RequestAttributesSequence.RequestedProcedureDescription',
    ],
    [
      'one item of it',
      { tag: 'RequestAttributesSequence[0].RequestedProcedureDescription', contains: 'thorax' },
      'false',
      'RequestAttributesSequence[0].RequestedProcedureDescription',
    ],
    [
      'an item that is not there',
      { tag: 'RequestAttributesSequence[7].RequestedProcedureDescription', contains: 'x' },
      'missing',
      'RequestAttributesSequence[7].RequestedProcedureDescription is absent',
    ],
    [
      'what is empty in an item',
      { tag: 'RequestAttributesSequence.(0040,0007)', contains: 'x' },
      'missing',
      'RequestAttributesSequence.(0040,0007) is empty',
    ],
    [
      'a private tag in an item',
      { tag: 'RequestAttributesSequence.0029,"SITE",01', equals: 'ward 7' },
      'true',
      'RequestAttributesSequence.0029,"SITE",01',
    ],
    [
      'a private tag of the whole asked in an item',
      { tag: 'RequestAttributesSequence.0029,"SIEMENS CSA HEADER",08', exists: true },
      'false',
      'RequestAttributesSequence.0029,"SIEMENS CSA HEADER",08 is absent',
    ],
  ])('%s', (_, condition, truth, source) => {
    expect(explain(condition, rawSeries(PRIVATE), 'when')).toMatchObject({ truth, seen: { source } });
  });

  it.each<[string, string]>([
    ['{ tag: SliceThickness, atMost: 2 kg }', 'is in mm, which kg is not'],
    ['{ tag: SliceThickness, atMost: 2 mn }', 'has no unit called "mn"; did you mean mm?'],
    ['{ tag: SeriesNumber, atMost: 2 mm }', 'must be a number without unit: what is asked has none'],
    ['{ tag: PatientAge, atMost: old }', 'must be a number, or one with a unit like 5 years'],
    ['{ tag: StudyTime, between: ["20:00", "26:00"] }', "must be a time of day like '20:00', in quotes"],
    ['{ tag: PatientAge, between: [2 years, 18 months] }', 'can never be true: the least is above the most'],
    [
      '{ tag: RequestAttributesSequence, equals: x }',
      'can never be true: RequestAttributesSequence is a sequence; name an element in it, like RequestAttributesSequence.CodeValue',
    ],
    ['{ tag: Modality.CodeValue, equals: x }', 'Modality is no sequence: nothing is inside it'],
    ['{ tag: RequestAttributesSequence.CodeValu, equals: x }', 'no tag is called "CodeValu"; did you mean CodeValue?'],
    [
      '{ tag: \'0028,"SIEMENS",08\', equals: x }',
      '"0028,"SIEMENS",08" is no private tag; one is written like 0029,"SIEMENS CSA HEADER",08, its group being odd',
    ],
    ['{ anyInstance: { fact: plane, equals: axial } }', 'plane is a fact of a series; of an instance only tags can be asked'],
    ['{ countInstances: { where: { tag: Modality, equals: CT } } }', 'needs exactly one of atLeast, atMost, between'],
    ['{ anySeries: { tag: Modality, equals: CT } }', 'is asked of the study as a whole: it can only stand in `study:`'],
  ])('a rule with %s is refused', (when, message) => {
    const faults = faultsOf(`rules:\n  - { name: a, when: ${when}, model: lungs, destinations: [archive] }\n`);
    expect(faults).toEqual([expect.stringContaining(message)]);
    expect(faults[0]).toMatch(/^test\.yaml:2:\d+ rules\[0\]\.when/);
  });

  it('is said apart: empty and absent', () => {
    const seen = (tags: Tags) => explain({ tag: 'BodyPartExamined', equals: 'CHEST' }, factsOf(tags), 'when').seen?.source;
    expect([seen({}), seen({ BodyPartExamined: null }), seen({ BodyPartExamined: ' ' })]).toEqual([
      'BodyPartExamined is absent',
      'BodyPartExamined is empty',
      'BodyPartExamined is empty',
    ]);
  });
});
