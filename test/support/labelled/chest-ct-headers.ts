/** Labelled studies whose headers are the difficulty: is it the chest at all? */
import { axial, GE, PHILIPS, SIEMENS } from './ct.js';
import { study, type Tags, type WrittenStudy } from './study.js';

const CHEST: Tags = { BodyPartExamined: 'CHEST', StudyDescription: 'CT Chest' };
const takes = (series: string) => ({ 'chest-ct-lungs': series });

/** What headers say in odd ways, contradict themselves in, or leave out. */
export function chestHeaderStudies(): WrittenStudy[] {
  return [...headerTraps(), ...codesAndContradictions(), ...notForLungs()];
}

function headerTraps(): WrittenStudy[] {
  const soft = axial(PHILIPS, 'soft', 320, { thicknessMm: 2 });
  return [
    study(
      'padded values',
      'a trailing blank means nothing',
      takes('soft'),
      { BodyPartExamined: 'CHEST ' },
      {
        ...soft,
        tags: { ...soft.tags, ImageType: ['ORIGINAL', 'PRIMARY ', 'AXIAL'], ConvolutionKernel: 'B ' },
      },
    ),
    study(
      'lower case',
      'case means nothing',
      takes('soft'),
      { BodyPartExamined: 'Chest' },
      {
        ...soft,
        tags: { ...soft.tags, ImageType: ['original', 'primary', 'axial'] },
      },
    ),
    study('thickness as text', 'a DS with blanks is a number', takes('thin'), CHEST, axial(GE, 'thick', 320, { thicknessMm: 5 }), {
      ...axial(GE, 'thin', 320, { thicknessMm: 1.25 }),
      tags: { ...axial(GE, 'thin', 320, { thicknessMm: 1.25 }).tags, SliceThickness: ' 1.250000 ' },
    }),
    study('no kernel stated', 'nothing speaks against the only series', takes('only'), CHEST, {
      ...soft,
      name: 'only',
      tags: { ...soft.tags, ConvolutionKernel: '' },
    }),
    study('no thickness stated', 'the positions give the distance, and nothing says that the slices are too thick', takes('only'), CHEST, {
      ...soft,
      name: 'only',
      tags: { ...soft.tags, SliceThickness: '' },
    }),
    study(
      'no series descriptions',
      'an expiration is told by its description; where there is none, nothing says so',
      takes('soft'),
      CHEST,
      { ...soft, tags: { ...soft.tags, SeriesDescription: '' } },
    ),
  ];
}

function codesAndContradictions(): WrittenStudy[] {
  const region = (value: string, scheme: string, meaning: string): Tags => ({
    AnatomicRegionSequence: [{ CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning }],
  });
  const soft = axial(SIEMENS, 'soft', 320, { thicknessMm: 2 });
  const why = 'the coded region says so';
  return [
    study('chest by region code', why, takes('soft'), region('51185008', 'SCT', 'Chest'), soft),
    study('chest by an older region code', why, takes('soft'), region('T-D3000', 'SRT', 'Chest'), soft),
    study('lung by region code', why, takes('soft'), region('39607008', 'SCT', 'Lung'), soft),
    study('head by region code', why, {}, { ...region('69536005', 'SCT', 'Head'), StudyDescription: 'CT Kopf' }, soft),
    study(
      'a code that contradicts the body part',
      'the code was chosen, the body part is often that of the protocol',
      {},
      { ...region('69536005', 'SCT', 'Head'), BodyPartExamined: 'CHEST' },
      soft,
    ),
    study(
      'a body part that contradicts the protocol',
      'a knee scanned with the protocol of the chest: the stated body part wins',
      {},
      { BodyPartExamined: 'KNEE', ProtocolName: 'Thorax Routine' },
      soft,
    ),
    study(
      'a chest scanned with the protocol of the head',
      'the stated body part wins',
      takes('soft'),
      { BodyPartExamined: 'CHEST', ProtocolName: 'HeadRoutine' },
      soft,
    ),
    study(
      'a private region code',
      'a code of a site says nothing to us; the body part counts',
      takes('soft'),
      { ...region('R17', '99SITE', 'Thx'), BodyPartExamined: 'CHEST' },
      soft,
    ),
  ];
}

function notForLungs(): WrittenStudy[] {
  const soft = axial(GE, 'soft', 200, { thicknessMm: 1.25 });
  return [
    study('thoracic spine', 'the spine is no chest', {}, { BodyPartExamined: 'TSPINE', StudyDescription: 'CT Thoracic Spine' }, soft),
    study('thoracic spine without a body part', 'the spine is no chest', {}, { StudyDescription: 'CT Thoracic Spine' }, soft),
    study('thoracic spine in German', 'BWS is the thoracic spine', {}, { BodyPartExamined: 'SPINE', StudyDescription: 'CT BWS' }, soft),
    study('heart', 'a heart is no chest', {}, { BodyPartExamined: 'HEART', StudyDescription: 'CT Calcium Score' }, soft),
    study('shoulder', 'a shoulder is no chest', {}, { BodyPartExamined: 'SHOULDER', StudyDescription: 'CT Schulter rechts' }, soft),
    study('quality control', 'nobody was scanned', {}, { StudyDescription: 'Daily CT QA', PatientName: 'QA^PHANTOM' }, soft),
    study('a phantom of the chest', 'nobody was scanned', {}, { BodyPartExamined: 'CHEST', StudyDescription: 'QA Lungman Phantom' }, soft),
    study('a body part named phantom', 'nobody was scanned', {}, { BodyPartExamined: 'PHANTOM', StudyDescription: 'Thorax' }, soft),
    study('nothing stated at all', 'nobody can tell the body part', {}, {}, soft),
  ];
}
