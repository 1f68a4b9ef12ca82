/** What an object that we make has in common with its source: patient and study (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2). */
import { headerOf, type Attributes } from './compose.js';
import { tagKey } from './element/dictionary.js';
import { TAG } from './element/tags.js';
import type { Keyword } from './element/tags.js';
import type { Header, HeaderElement } from './header.js';

/** Taken over as they are where they have a value. */
const PATIENT_AND_STUDY: readonly Keyword[] = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'IssuerOfPatientIDQualifiersSequence',
  'TypeOfPatientID',
  'OtherPatientIDsSequence',
  'PatientBirthDate',
  'PatientBirthTime',
  'PatientSex',
  'PatientSpeciesDescription',
  'PatientIdentityRemoved',
  'DeidentificationMethod',
  'StudyInstanceUID',
  'StudyDate',
  'StudyTime',
  'StudyID',
  'StudyDescription',
  'ReferringPhysicianName',
  'AccessionNumber',
  'IssuerOfAccessionNumberSequence',
  'ProcedureCodeSequence',
  'PatientAge',
  'PatientSize',
  'PatientWeight',
];

/** Type 2: present without a value where the source has none. */
const TYPE_2: Attributes = {
  PatientName: [],
  PatientID: [],
  PatientBirthDate: [],
  PatientSex: [],
  StudyDate: [],
  StudyTime: [],
  StudyID: [],
  ReferringPhysicianName: [],
  AccessionNumber: [],
};

/** The patient and the study of a source, whole as type 2 demands it. */
export function patientAndStudy(source: Header): Header {
  return { ...headerOf(TYPE_2), ...takenOver(source, PATIENT_AND_STUDY) };
}

/** Only what has a value: an empty element of the source says nothing, and may not be there in our object (type 1C and 2C). */
export function takenOver(source: Header, keywords: readonly Keyword[]): Header {
  const elements = keywords.map((keyword) => [tagKey(TAG[keyword]), source[tagKey(TAG[keyword])]] as const);
  return Object.fromEntries(elements.filter((entry): entry is [string, HeaderElement] => hasValidValue(entry[1])));
}

/** Ages that are no AS (`42` for `042Y`, PS3.5 6.2) are common enough to be left out; identifiers are taken as they are. */
function hasValidValue(element: HeaderElement | undefined): boolean {
  if (element?.Value === undefined) return false;
  return element.vr !== 'AS' || element.Value.every((age) => typeof age === 'string' && /^\d{3}[DWMY]$/.test(age));
}
