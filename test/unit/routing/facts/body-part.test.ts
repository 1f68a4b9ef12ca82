/** Body parts as scanners and people write them. */
import { factsOf, header, type Tags } from '../support.js';

const partsOf = (tags: Tags) => factsOf(tags).facts.bodyPart.values;
const code = (value: string, scheme = 'SCT', meaning = '') =>
  header({ CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning });

const CHEST_ABDOMEN_PELVIS = ['chest', 'abdomen', 'pelvis'];

describe('BodyPartExamined', () => {
  it.each<[string, string[]]>([
    ['CHEST', ['chest']],
    ['THORAX', ['chest']],
    ['LUNG', ['chest']],
    ['Chest ', ['chest']],
    ['CHESTABDPELVIS', CHEST_ABDOMEN_PELVIS],
    ['CHEST_ABD_PELVIS', CHEST_ABDOMEN_PELVIS],
    ['Thorax/Abdomen', ['chest', 'abdomen']],
    ['TSPINE', ['spine', 'thoracic-spine']],
    ['C-SPINE', ['spine', 'cervical-spine']],
    ['ABD', ['abdomen']],
    ['HEAD_NECK', ['head', 'neck']],
    ['HEADNECK', ['head', 'neck']],
    ['BRAIN', ['head', 'brain']],
    ['LIVER', ['abdomen', 'liver']],
    ['PROSTATE', ['pelvis', 'prostate']],
    ['HEART', ['heart']],
    ['BREAST', ['breast']],
    ['KNEE', ['limb', 'lower-limb', 'knee']],
    ['EXTREMITY', ['limb']],
    ['WHOLEBODY', ['whole-body']],
    ['胸部', ['chest']],
    ['PARTIALBODY', []],
    ['UNKNOWN', []],
    ['PHANTOM', []],
    ['XYZZY', []],
  ])('%s', (written, parts) => {
    expect(partsOf({ BodyPartExamined: written })).toEqual(parts);
  });
});

describe('descriptions', () => {
  it.each<[string, string[]]>([
    ['CT Thorax nativ', ['chest']],
    ['ThoraxRoutine  8.0.0  B40f', ['chest']],
    ['AThoraxRoutine', ['chest']],
    ['2 Chest C-/Thorax', ['chest']],
    ['CT ABD/PELVIS W CONTRAST', ['abdomen', 'pelvis']],
    ['CT CHEST ABDOMEN PELVIS', CHEST_ABDOMEN_PELVIS],
    ['TAP portalvenös', CHEST_ABDOMEN_PELVIS],
    ['Schädel nativ', ['head']],
    ['CT, HEAD/BRAIN WO CONTRAST', ['head', 'brain']],
    ['LWS sagittal', ['spine', 'lumbar-spine']],
    ['XR C Spine Comp Min 4 Views', ['spine', 'cervical-spine']],
    ['Oberbauch', ['abdomen']],
    ['MRT Becken', ['pelvis']],
    ['Knie rechts', ['limb', 'lower-limb', 'knee']],
    ['TDM thoracique', ['chest']],
    ['IRM du genou gauche', ['limb', 'lower-limb', 'knee']],
    ['TC de tórax con contraste', ['chest']],
    ['RM cráneo', ['head']],
    ['胸部CT平扫', ['chest']],
    ['頭部単純', ['head']],
    ['胸腹部造影', ['chest', 'abdomen']],
    ['胸椎', ['spine', 'thoracic-spine']],
    ['手術前 頭部', ['head']],
    ['PET WB_0', ['whole-body']],
    ['PET/CT,TUMOR SKULL TO THIGH', ['whole-body']],
    ['1A TRAUMA/PLAIN HEAD DM /Head', ['head']],
    ['6.9 Colonoscopy', ['abdomen', 'pelvis']],
    ['Cardiac CTA', ['heart']],
    ['TC torace senza mdc', ['chest']],
    ['CT longen', ['chest']],
    ['RM encefalo', ['head', 'brain']],
    ['MR hersenen', ['head', 'brain']],
    ['CT buik', ['abdomen']],
    ['MR humeral head', ['limb', 'upper-limb', 'shoulder']],
    // What only sounds like a part
    ['HEAD FIRST supine', []],
    ['knee chest position', []],
    ['C-ARM sweep', []],
    ['abdomen without chest', ['abdomen']],
    ['arms up', []],
    ['headache', []],
    ['CT Body 3.0', []],
    ['interface', []],
    ['Handbook', []],
    ['coronal 3mm', []],
  ])('%s', (description, parts) => {
    expect(partsOf({ SeriesDescription: description })).toEqual(parts);
  });
});

describe('codes of anatomic regions', () => {
  it.each<[string, Tags, string[]]>([
    ['SNOMED CT', { AnatomicRegionSequence: code('51185008') }, ['chest']],
    ['SNOMED CT as DICOM has it now', { AnatomicRegionSequence: code('816094009') }, ['chest']],
    ['SNOMED-RT', { AnatomicRegionSequence: code('T-D3000', 'SRT') }, ['chest']],
    ['several regions in one code', { AnatomicRegionSequence: code('R-FAB56', 'SRT') }, CHEST_ABDOMEN_PELVIS],
    ['several items', { AnatomicRegionSequence: [code('T-D4000', 'SRT'), code('T-D6000', 'SRT')] }, ['abdomen', 'pelvis']],
    ['another scheme, by its meaning', { AnatomicRegionSequence: code('ASDF', '99X', 'BRAIN') }, ['head', 'brain']],
    ['an unknown code', { AnatomicRegionSequence: code('ASDF', '99X', 'thing') }, []],
    [
      'the frame anatomy of an enhanced object',
      { SharedFunctionalGroupsSequence: header({ FrameAnatomySequence: header({ AnatomicRegionSequence: code('T-A0100', 'SRT') }) }) },
      ['head', 'brain'],
    ],
  ])('%s', (_, tags, parts) => {
    expect(partsOf(tags)).toEqual(parts);
  });
});

describe('the ranking of sources', () => {
  it('takes the code before BodyPartExamined, that before the series, and the series before the study', () => {
    const all = {
      AnatomicRegionSequence: code('T-D3000', 'SRT', 'Chest'),
      BodyPartExamined: 'ABDOMEN',
      SeriesDescription: 'Schulter',
      StudyDescription: 'Knie',
    };
    expect(partsOf(all)).toEqual(['chest']);
    expect(partsOf({ ...all, AnatomicRegionSequence: null })).toEqual(['abdomen']);
    expect(partsOf({ ...all, AnatomicRegionSequence: null, BodyPartExamined: 'PARTIALBODY' })).toContain('shoulder');
    expect(partsOf({ StudyDescription: 'Knie' })).toContain('knee');
  });

  it('says which source was used, and what a lower one says otherwise', () => {
    expect(factsOf({ BodyPartExamined: 'ABDOMEN', SeriesDescription: 'Thorax/Abdomen' }).facts.bodyPart).toEqual({
      values: ['abdomen'],
      source: 'BodyPartExamined "ABDOMEN"; SeriesDescription "Thorax/Abdomen" says chest too, but ranks lower',
    });
  });

  it('takes a finer word for the same part as no other opinion', () => {
    expect(factsOf({ BodyPartExamined: 'EXTREMITY', StudyDescription: 'distal tibia' }).facts.bodyPart.source).toBe(
      'BodyPartExamined "EXTREMITY"',
    );
  });

  it('says why it is missing', () => {
    expect(factsOf({ BodyPartExamined: 'PARTIALBODY' }).facts.bodyPart).toEqual({
      values: [],
      source:
        'there is no code of an anatomic region; BodyPartExamined "PARTIALBODY" names no part; no description names a part of the body',
    });
  });
});
