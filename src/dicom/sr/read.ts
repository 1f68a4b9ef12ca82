/** Reads structured reports of any maker and SOP class (PS3.3 A.35). Nothing is judged here. */
import type { DataSet } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { SOP_CLASS } from '../element/uids.js';
import type { Code } from '../structures/code.js';
import { readCodes } from '../structures/code-items.js';
import type { ContentItem, ContentValue, ObjectReference, Relationship } from './content-item.js';

/** Objects of one series that a report refers to. */
export interface EvidenceSeries {
  readonly seriesInstanceUid: string;
  readonly sopInstanceUids: readonly string[];
}

/** A report as it was read. */
export interface StructuredReport {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  /** '' where the object has none. */
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly completionFlag?: string;
  readonly verificationFlag?: string;
  /** What its two evidence sequences name (PS3.3 C.17.2). */
  readonly evidence: readonly EvidenceSeries[];
  readonly root: ContentItem;
}

/** Every structured report: all SOP classes below this root (PS3.4 annex B.5) but those of key objects. */
const SR_ROOT = '1.2.840.10008.5.1.4.1.1.88.';
const KEY_OBJECTS = '1.2.840.10008.5.1.4.1.1.88.59';

/** True for the SOP class of a structured report. */
export function isStructuredReport(sopClassUid: string | undefined): boolean {
  return sopClassUid?.startsWith(SR_ROOT) === true && sopClassUid !== KEY_OBJECTS;
}

/** Reports that say something of images; of the others key objects have archives hide what they name (IHE IOCM), and doses are what a device gave. */
const REPORTS_OF_FINDINGS: readonly string[] = [
  SOP_CLASS.BasicTextSRStorage,
  SOP_CLASS.EnhancedSRStorage,
  SOP_CLASS.ComprehensiveSRStorage,
  SOP_CLASS.Comprehensive3DSRStorage,
  SOP_CLASS.MammographyCADSRStorage,
  SOP_CLASS.ChestCADSRStorage,
  SOP_CLASS.ColonCADSRStorage,
];

/** True for the SOP class of a report of findings in images. */
export function isReportOfFindings(sopClassUid: string): boolean {
  return REPORTS_OF_FINDINGS.includes(sopClassUid);
}

/** The report with its whole tree. */
export function readReport(dataset: DataSet): StructuredReport {
  const [completionFlag, verificationFlag] = [dataset.text(TAG.CompletionFlag), dataset.text(TAG.VerificationFlag)];
  return {
    sopClassUid: dataset.uid(TAG.SOPClassUID) ?? '',
    sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? '',
    studyInstanceUid: dataset.uid(TAG.StudyInstanceUID) ?? '',
    patientId: dataset.text(TAG.PatientID) ?? '',
    issuerOfPatientId: dataset.text(TAG.IssuerOfPatientID) ?? '',
    ...(completionFlag === undefined ? {} : { completionFlag }),
    ...(verificationFlag === undefined ? {} : { verificationFlag }),
    evidence: [TAG.CurrentRequestedProcedureEvidenceSequence, TAG.PertinentOtherEvidenceSequence].flatMap((tag) =>
      evidenceIn(dataset, tag),
    ),
    root: itemOf(dataset),
  };
}

function evidenceIn(dataset: DataSet, tag: number): EvidenceSeries[] {
  return dataset.items(tag).flatMap((study) =>
    study.items(TAG.ReferencedSeriesSequence).map((series) => ({
      seriesInstanceUid: series.uid(TAG.SeriesInstanceUID) ?? '',
      sopInstanceUids: series.items(TAG.ReferencedSOPSequence).map((one) => one.uid(TAG.ReferencedSOPInstanceUID) ?? ''),
    })),
  );
}

function itemOf(dataset: DataSet): ContentItem {
  const [relationship, concept] = [dataset.text(TAG.RelationshipType), codeOf(dataset, TAG.ConceptNameCodeSequence)];
  return {
    ...(relationship === undefined ? {} : { relationship: relationship as Relationship }),
    ...(concept === undefined ? {} : { concept }),
    value: valueOf(dataset),
    children: dataset.items(TAG.ContentSequence).map(itemOf),
  };
}

function valueOf(dataset: DataSet): ContentValue {
  const type = dataset.text(TAG.ValueType) ?? '';
  return READERS[type]?.(dataset) ?? { type: 'OTHER', valueType: type };
}

/** By value type; undefined where the item lacks its value. */
const READERS: Readonly<Record<string, (dataset: DataSet) => ContentValue | undefined>> = {
  CONTAINER: containerOf,
  CODE: (dataset) => {
    const code = codeOf(dataset, TAG.ConceptCodeSequence);
    return code && { type: 'CODE', code };
  },
  NUM: numberOf,
  TEXT: texts('TEXT', TAG.TextValue),
  DATE: texts('DATE', TAG.Date),
  TIME: texts('TIME', TAG.Time),
  DATETIME: texts('DATETIME', TAG.DateTime),
  PNAME: texts('PNAME', TAG.PersonName),
  UIDREF: (dataset) => {
    const uid = dataset.uid(TAG.UID);
    return uid === undefined ? undefined : { type: 'UIDREF', uid };
  },
  IMAGE: references('IMAGE'),
  COMPOSITE: references('COMPOSITE'),
  WAVEFORM: references('WAVEFORM'),
  SCOORD: coordinates('SCOORD'),
  SCOORD3D: coordinates('SCOORD3D'),
};

function containerOf(dataset: DataSet): ContentValue {
  const template = dataset.items(TAG.ContentTemplateSequence)[0]?.text(TAG.TemplateIdentifier);
  const continuity = dataset.text(TAG.ContinuityOfContent) === 'CONTINUOUS' ? 'CONTINUOUS' : 'SEPARATE';
  return { type: 'CONTAINER', continuity, ...(template === undefined ? {} : { template }) };
}

function numberOf(dataset: DataSet): ContentValue | undefined {
  const [measured] = dataset.items(TAG.MeasuredValueSequence);
  const unit = measured && codeOf(measured, TAG.MeasurementUnitsCodeSequence);
  const value = measured?.number(TAG.FloatingPointValue) ?? measured?.number(TAG.NumericValue);
  if (unit !== undefined && value !== undefined) return { type: 'NUM', value, unit };
  const qualifier = codeOf(dataset, TAG.NumericValueQualifierCodeSequence);
  return qualifier && { type: 'NUM', qualifier };
}

function texts(type: 'TEXT' | 'DATE' | 'TIME' | 'DATETIME' | 'PNAME', tag: number) {
  return (dataset: DataSet): ContentValue | undefined => {
    const text = dataset.text(tag);
    return text === undefined ? undefined : { type, text };
  };
}

function references(type: 'IMAGE' | 'COMPOSITE' | 'WAVEFORM') {
  return (dataset: DataSet): ContentValue | undefined => {
    const [reference] = dataset.items(TAG.ReferencedSOPSequence);
    return reference && { type, reference: referenceOf(reference) };
  };
}

function referenceOf(dataset: DataSet): ObjectReference {
  const segmentNumbers = dataset.numbers(TAG.ReferencedSegmentNumber);
  return {
    sopClassUid: dataset.uid(TAG.ReferencedSOPClassUID) ?? '',
    sopInstanceUid: dataset.uid(TAG.ReferencedSOPInstanceUID) ?? '',
    ...(segmentNumbers.length === 0 ? {} : { segmentNumbers }),
  };
}

function coordinates(type: 'SCOORD' | 'SCOORD3D') {
  return (dataset: DataSet): ContentValue => ({
    type,
    graphicType: dataset.text(TAG.GraphicType) ?? '',
    coordinates: dataset.numbers(TAG.GraphicData),
  });
}

/** The first code of a sequence. */
function codeOf(dataset: DataSet, tag: number): Code | undefined {
  return readCodes(dataset, tag)[0];
}
