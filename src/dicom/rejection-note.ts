/**
 * A rejection note of IHE IOCM (RAD TF-3 4.66): a Key Object Selection Document (PS3.3 A.35.4, PS3.16 TID 2010) by which an archive
 * learns that objects of a study are no longer to be shown.
 */
import { codeItem, headerOf } from './compose.js';
import { equipmentAttributes, type Equipment } from './equipment.js';
import { encodeDataSet, fileMeta } from './element/write.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from './element/uids.js';
import type { Header } from './header.js';
import { patientAndStudy } from './patient-and-study.js';
import { dcm } from './structures/code.js';

/**
 * Of the four titles that IOCM knows, the one that says what is meant here and has the effect that is wanted:
 * - 113001 (quality) lets an archive go on showing the object, and demands a defect of the image from CID 7011 that there is none of;
 * - 113038 (wrong worklist entry) would not be true;
 * - 113039 (retention expired) would not be true either, and tells the archive to delete what somebody may have reported on;
 * - 113037 hides the object everywhere and keeps it. Two results side by side, one of them made from part of the study, can mislead.
 */
const TITLE = dcm('113037', 'Rejected for Patient Safety Reasons');

const KEY_OBJECT_DESCRIPTION = dcm('113012', 'Key Object Description');
const OBSERVER_TYPE = dcm('121005', 'Observer Type');
const DEVICE = dcm('121007', 'Device');
const DEVICE_OBSERVER_UID = dcm('121012', 'Device Observer UID');
const DEVICE_OBSERVER_NAME = dcm('121013', 'Device Observer Name');

export interface RejectionNote {
  /** Of the rejected object: its patient and study are taken over. */
  readonly source: Header;
  readonly rejected: {
    readonly studyInstanceUid: string;
    readonly seriesInstanceUid: string;
    readonly sopInstanceUid: string;
    readonly sopClassUid: string;
  };
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  /** DA and TM. */
  readonly contentDate: string;
  readonly contentTime: string;
  readonly equipment: Equipment;
  /** Identifies the node as the observer. */
  readonly observerUid: string;
  /** Why, for people. */
  readonly description: string;
}

/** The note as a Part 10 file in Explicit VR Little Endian; the same note gives the same bytes. */
export function writeRejectionNote(note: RejectionNote): Uint8Array {
  const sopClassUid = SOP_CLASS.KeyObjectSelectionDocumentStorage;
  const { sopInstanceUid } = note;
  const meta = fileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian });
  return Buffer.concat([meta, encodeDataSet({ ...patientAndStudy(note.source), ...seriesAndDocument(note), ...content(note) })]);
}

/** PS3.3 C.17.6.1 and C.17.6.2, with the equipment (C.7.5.1). */
function seriesAndDocument(note: RejectionNote): Header {
  const { studyInstanceUid, seriesInstanceUid } = note.rejected;
  return headerOf({
    SOPClassUID: SOP_CLASS.KeyObjectSelectionDocumentStorage,
    SOPInstanceUID: note.sopInstanceUid,
    InstanceNumber: 1,
    InstanceCreationDate: note.contentDate,
    InstanceCreationTime: note.contentTime,
    ContentDate: note.contentDate,
    ContentTime: note.contentTime,
    Modality: 'KO',
    SeriesInstanceUID: note.seriesInstanceUid,
    SeriesNumber: note.seriesNumber,
    SeriesDate: note.contentDate,
    SeriesTime: note.contentTime,
    SeriesDescription: TITLE.meaning,
    ReferencedPerformedProcedureStepSequence: [],
    ...equipmentAttributes(note.equipment),
    CurrentRequestedProcedureEvidenceSequence: [
      headerOf({
        StudyInstanceUID: studyInstanceUid,
        ReferencedSeriesSequence: [headerOf({ SeriesInstanceUID: seriesInstanceUid, ReferencedSOPSequence: [reference(note)] })],
      }),
    ],
  });
}

/** The root of the content tree and its items: TID 2010, observer by TID 1002 and 1004. */
function content(note: RejectionNote): Header {
  return headerOf({
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [codeItem(TITLE)],
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence: [headerOf({ MappingResource: 'DCMR', TemplateIdentifier: '2010' })],
    ContentSequence: [
      observer('CODE', OBSERVER_TYPE, headerOf({ ConceptCodeSequence: [codeItem(DEVICE)] })),
      observer('UIDREF', DEVICE_OBSERVER_UID, headerOf({ UID: note.observerUid })),
      observer('TEXT', DEVICE_OBSERVER_NAME, headerOf({ TextValue: note.equipment.modelName })),
      {
        ...headerOf({ RelationshipType: 'CONTAINS', ValueType: 'TEXT', ConceptNameCodeSequence: [codeItem(KEY_OBJECT_DESCRIPTION)] }),
        ...headerOf({ TextValue: note.description }),
      },
      headerOf({ RelationshipType: 'CONTAINS', ValueType: 'IMAGE', ReferencedSOPSequence: [reference(note)] }),
    ],
  });
}

function observer(valueType: string, concept: typeof OBSERVER_TYPE, value: Header): Header {
  return {
    ...headerOf({ RelationshipType: 'HAS OBS CONTEXT', ValueType: valueType, ConceptNameCodeSequence: [codeItem(concept)] }),
    ...value,
  };
}

function reference({ rejected }: RejectionNote): Header {
  return headerOf({ ReferencedSOPClassUID: rejected.sopClassUid, ReferencedSOPInstanceUID: rejected.sopInstanceUid });
}
