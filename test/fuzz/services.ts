/** Requests of the services beside C-STORE: queries, retrievals, cancels, storage commitment. Valid ones; their identifiers name what may be there. */
import { encodeDataSet } from '../../src/dicom/element/write.js';
import { CT_STORAGE, VERIFICATION } from '../support/dimse.js';
import { generatedStudyUid } from '../support/generated-instance.js';
import { header, type Attributes } from '../support/synthetic-image.js';
import { encodeElements, us } from './commands.js';
import type { Message } from './conversation.js';
import type { Dice } from './dice.js';
import { CONTEXT, SERVICE } from './requests.js';

/** An application entity that the node knows and that does not listen. */
export const CLOSED_PEER = 'NOWHERE';

const FIELD = { get: 0x0010, find: 0x0020, move: 0x0021, eventReport: 0x0100, action: 0x0130, cancel: 0x0fff } as const;
const WITH_DATA_SET = 0x0001;
const NO_DATA_SET = 0x0101;

/** A request of one of the services. */
export function serviceMessage(dice: Dice, messageId: number, seed: number): Message {
  switch (dice.weighted({ find: 10, patients: 4, move: 4, get: 1, commit: 4, report: 1, cancel: 1 })) {
    case 'patients':
      return message(CONTEXT.patientFind, SERVICE.patientFind, FIELD.find, messageId, identifier(dice, seed, 'PATIENT'));
    case 'move':
      return message(CONTEXT.studyMove, SERVICE.studyMove, FIELD.move, messageId, identifier(dice, seed), [
        [0x0600, text(dice.pick([CLOSED_PEER, 'NOBODY']))],
      ]);
    case 'get':
      return message(CONTEXT.studyFind, SERVICE.studyFind, FIELD.get, messageId, identifier(dice, seed));
    case 'commit':
      return message(CONTEXT.commitment, SERVICE.commitment, FIELD.action, messageId, references(dice, seed), [[0x1008, us(1)]]);
    case 'report':
      return message(CONTEXT.commitment, SERVICE.commitment, FIELD.eventReport, messageId, references(dice, seed), [
        [0x1002, us(dice.between(0, 3))],
      ]);
    case 'cancel':
      return {
        contextId: CONTEXT.studyFind,
        dataSet: undefined,
        command: command(SERVICE.studyFind, FIELD.cancel, messageId, false, [[0x0120, us(messageId)]]),
      };
    default:
      return message(CONTEXT.studyFind, SERVICE.studyFind, FIELD.find, messageId, identifier(dice, seed));
  }
}

type MoreElements = readonly (readonly [number, Buffer])[];

function message(
  contextId: number,
  sopClassUid: string,
  field: number,
  messageId: number,
  dataSet: Attributes,
  more: MoreElements = [],
): Message {
  const bytes = encodeDataSet(header(dataSet));
  return { contextId, dataSet: Buffer.from(bytes), command: command(sopClassUid, field, messageId, true, more) };
}

function command(sopClassUid: string, field: number, messageId: number, hasDataSet: boolean, more: MoreElements): Buffer {
  const uidElement = field === FIELD.action ? 0x0003 : 0x0002;
  return encodeElements([
    [uidElement, text(sopClassUid)],
    [0x0100, us(field)],
    [0x0110, us(messageId)],
    [0x0700, us(0)],
    [0x0800, us(hasDataSet ? WITH_DATA_SET : NO_DATA_SET)],
    [field === FIELD.action ? 0x1001 : 0x1000, text('1.2.840.10008.1.20.1.1')],
    ...more,
  ]);
}

/** Half of them are as they should be: unique keys down to the level, nothing below it. */
function identifier(dice: Dice, seed: number, level = dice.pick(['STUDY', 'SERIES', 'IMAGE'])): Attributes {
  const study = generatedStudyUid(seed, dice.below(200));
  const series = `${study}.1`;
  if (dice.chance(0.5)) return wellFormed(level, study, series);
  return {
    QueryRetrieveLevel: [dice.pick([level, 'PATIENT', 'NONE', ''])],
    PatientID: dice.pick([[], ['GENERATED*'], ['GENERATED-1'], ['?'.repeat(64)], ['*'.repeat(64)]]),
    PatientName: dice.pick([[], [{ Alphabetic: '*' }]]),
    StudyInstanceUID: dice.pick([[], [study], [study, generatedStudyUid(seed, 0)], ['*']]),
    SeriesInstanceUID: dice.pick([[], [series]]),
    SOPInstanceUID: [],
    StudyDate: dice.pick([[], ['20200101-'], ['-'], ['99999999'], ['20200101-20190101']]),
    ModalitiesInStudy: [],
  };
}

function wellFormed(level: string, study: string, series: string): Attributes {
  return {
    QueryRetrieveLevel: [level],
    PatientID: level === 'PATIENT' ? ['GENERATED-1*'] : [],
    ...(level === 'PATIENT' ? {} : { StudyInstanceUID: [study], ModalitiesInStudy: [] }),
    ...(level === 'SERIES' || level === 'IMAGE' ? { SeriesInstanceUID: [series], Modality: [] } : {}),
    ...(level === 'IMAGE' ? { SOPInstanceUID: [], InstanceNumber: [] } : {}),
  };
}

/** Instances that may be there, of the right class or of another. */
function references(dice: Dice, seed: number): Attributes {
  const item = () =>
    header({
      ReferencedSOPClassUID: [dice.chance(0.8) ? CT_STORAGE : VERIFICATION],
      ReferencedSOPInstanceUID: [`${generatedStudyUid(seed, dice.below(200))}.1.${dice.below(1000)}`],
    });
  return {
    TransactionUID: [`1.2.3.${dice.below(1000)}`],
    ReferencedSOPSequence: Array.from({ length: dice.pick([0, 1, 3, 300]) }, item),
  };
}

function text(value: string): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1');
}
