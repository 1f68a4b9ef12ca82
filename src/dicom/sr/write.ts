/**
 * Writes reports of measurements as Comprehensive SR (PS3.3 A.35.3). Not as Comprehensive 3D SR: the tree holds nothing that needs it,
 * and archives take the older class more often.
 */
import { headerOf } from '../compose.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { encodeDataSet, fileMeta } from '../element/write.js';
import { contributingEquipment, equipmentAttributes, type ContributingEquipment, type Equipment } from '../equipment.js';
import type { Header } from '../header.js';
import { patientAndStudy } from '../patient-and-study.js';
import { contentHeader, referenceHeader } from './encode-content.js';
import { measurementReport, type MeasurementReport } from './measurement-report.js';

export interface ReportInput {
  /** The header of an instance that the report is about: patient and study are taken over. */
  readonly source: Header;
  readonly identity: {
    readonly studyInstanceUid: string;
    readonly sopInstanceUid: string;
    readonly seriesInstanceUid: string;
    readonly seriesNumber: number;
    /** DA and TM: `20261123`, `142530`. */
    readonly contentDate: string;
    readonly contentTime: string;
    readonly seriesDescription: string;
  };
  readonly content: MeasurementReport;
  /** The node that wrote the object, and what contributed to it: the model. */
  readonly equipment: Equipment;
  readonly contributors: readonly ContributingEquipment[];
}

/** The SOP class that is written. */
export const REPORT_SOP_CLASS = SOP_CLASS.ComprehensiveSRStorage;

/** The report as a Part 10 file in Explicit VR Little Endian; the same report gives the same bytes. */
export function writeReport(input: ReportInput): Uint8Array {
  const { sopInstanceUid } = input.identity;
  const meta = fileMeta({ sopClassUid: REPORT_SOP_CLASS, sopInstanceUid, transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian });
  const dataSet = { ...patientAndStudy(input.source), ...seriesAndDocument(input), ...contentHeader(measurementReport(input.content)) };
  return Buffer.concat([meta, encodeDataSet(dataSet)]);
}

/** PS3.3 C.17.1, C.17.2, C.7.5.1, C.12.1. Nobody has verified what a program says. */
function seriesAndDocument({ identity, content, equipment, contributors }: ReportInput): Header {
  const { contentDate, contentTime } = identity;
  return headerOf({
    SOPClassUID: REPORT_SOP_CLASS,
    SOPInstanceUID: identity.sopInstanceUid,
    InstanceCreationDate: contentDate,
    InstanceCreationTime: contentTime,
    InstanceNumber: 1,
    ContentDate: contentDate,
    ContentTime: contentTime,
    Modality: 'SR',
    SeriesInstanceUID: identity.seriesInstanceUid,
    SeriesNumber: identity.seriesNumber,
    SeriesDate: contentDate,
    SeriesTime: contentTime,
    SeriesDescription: identity.seriesDescription,
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    ...equipmentAttributes(equipment),
    ContributingEquipmentSequence: contributors.map((one) => contributingEquipment(one, `${contentDate}${contentTime}`)),
    CurrentRequestedProcedureEvidenceSequence: [evidence(identity.studyInstanceUid, content)],
  });
}

/** Every object that the tree refers to, by series (PS3.3 table C.17-3). */
function evidence(studyInstanceUid: string, { series, groups }: MeasurementReport): Header {
  const segments = groups.flatMap(({ segment }) => segment ?? []);
  const drawn = new Map(
    segments.map(({ reference, seriesInstanceUid }) => [seriesInstanceUid, { seriesInstanceUid, instances: [reference] }]),
  );
  return headerOf({
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [...series, ...drawn.values()].map(({ seriesInstanceUid, instances }) =>
      headerOf({
        SeriesInstanceUID: seriesInstanceUid,
        ReferencedSOPSequence: instances.map(({ sopClassUid, sopInstanceUid }) => referenceHeader({ sopClassUid, sopInstanceUid })),
      }),
    ),
  });
}
