/** Labelled studies of which no rule is about, or of objects that are no images. */
import { study, type Tags, type WrittenSeries, type WrittenStudy } from './study.js';

const flat = (tags: Tags): WrittenSeries => ({ name: 'only', flat: true, slices: 1, spacingMm: 1, tags });

const OBJECTS: readonly (readonly [string, Tags])[] = [
  ['chest radiograph', { Modality: 'DX', BodyPartExamined: 'CHEST', StudyDescription: 'Thorax pa', ImageType: ['ORIGINAL', 'PRIMARY'] }],
  ['chest radiograph at the bed', { Modality: 'CR', BodyPartExamined: 'CHEST', StudyDescription: 'Chest AP' }],
  ['abdomen radiograph', { Modality: 'DX', BodyPartExamined: 'ABDOMEN' }],
  ['ultrasound of the abdomen', { Modality: 'US', BodyPartExamined: 'ABDOMEN', NumberOfFrames: 40 }],
  ['echocardiography', { Modality: 'US', StudyDescription: 'TTE Thorax', NumberOfFrames: 60 }],
  ['mammography', { Modality: 'MG', BodyPartExamined: 'BREAST' }],
  ['tomosynthesis', { Modality: 'MG', BodyPartExamined: 'BREAST', NumberOfFrames: 60 }],
  ['angiography of the brain', { Modality: 'XA', BodyPartExamined: 'HEAD', NumberOfFrames: 30 }],
  ['bone scan', { Modality: 'NM', BodyPartExamined: 'WHOLEBODY' }],
  ['endoscopy', { Modality: 'ES', StudyDescription: 'Bronchoscopy' }],
  ['electrocardiogram', { Modality: 'ECG', StudyDescription: 'ECG chest leads' }],
  ['report of a chest CT', { Modality: 'SR', StudyDescription: 'CT Chest' }],
  ['scanned referral', { Modality: 'DOC', StudyDescription: 'CT Chest' }],
  ['screen of a chest CT', { Modality: 'OT', BodyPartExamined: 'CHEST', StudyDescription: 'CT Chest' }],
  ['key images of a chest CT', { Modality: 'KO', StudyDescription: 'CT Chest' }],
  ['presentation states', { Modality: 'PR', StudyDescription: 'MR Head' }],
  ['radiotherapy plan', { Modality: 'RTPLAN', StudyDescription: 'Thorax' }],
  ['radiotherapy dose', { Modality: 'RTDOSE', StudyDescription: 'Thorax', NumberOfFrames: 120 }],
  ['slide', { Modality: 'SM', StudyDescription: 'Lung biopsy' }],
  ['dental volume', { Modality: 'CT', BodyPartExamined: 'JAW', NumberOfFrames: 200 }],
];

/** Twenty studies of one object each. */
export function otherStudies(): WrittenStudy[] {
  return OBJECTS.map(([name, tags]) => study(name, 'no rule takes such objects', {}, {}, flat(tags)));
}
