/** Whether an object is of the patient and the study of its source. */
import { TAG, tagKey } from '../dicom/element/tags.js';
import { firstText, type Header } from '../dicom/header.js';
import type { GateReason } from './verdict.js';

/** What an object says of itself; '' where it has nothing. */
export interface Belonging {
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly studyInstanceUid: string;
}

/** Patients' identifiers are compared and not told. */
export function judgeBelonging(seen: Belonging, source: Header): GateReason[] {
  const reasons: GateReason[] = [];
  if (seen.patientId !== (firstText(source, tagKey(TAG.PatientID)) ?? '').trim()) {
    reasons.push({ check: 'patient', seen: 'another PatientID than that of the source', expected: 'the same' });
  }
  const issuer = firstText(source, tagKey(TAG.IssuerOfPatientID)) ?? '';
  if (seen.issuerOfPatientId !== '' && issuer !== '' && seen.issuerOfPatientId !== issuer) {
    reasons.push({ check: 'patient', seen: 'another IssuerOfPatientID than that of the source', expected: 'the same or none' });
  }
  const study = firstText(source, tagKey(TAG.StudyInstanceUID)) ?? '';
  if (seen.studyInstanceUid !== study) reasons.push({ check: 'study', seen: seen.studyInstanceUid || 'none', expected: study || 'none' });
  return reasons;
}
