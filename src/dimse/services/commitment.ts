/** Storage Commitment Push Model (PS3.4 annex J): its data sets, and the two commands that peers send to us. */
import type { DataSet } from '../../dicom/element/parse.js';
import { TAG, tagKey } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headerOf } from '../../dicom/query/levels.js';
import { isUid } from '../../foundation/ids.js';
import { COMMAND } from '../command.js';
import { STATUS } from '../statuses.js';
import type { RequestHere, ServiceHandler, ServiceRequest } from './service.js';

/** The one instance of the class, which both sides know (PS3.4 J.3.5). */
export const COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';
/** N-ACTION type 1: request storage commitment. */
export const REQUEST_COMMITMENT = 1;

/** Event types (PS3.4 J.3.3). */
const EVENT = { allCommitted: 1, failuresExist: 2 } as const;

/** FailureReason (PS3.4 J.3.3.1.1). */
export const FAILURE_REASON = { processingFailure: 0x0110, noSuchObject: 0x0112, classConflict: 0x0119 } as const;

export interface CommitmentItem {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface CommitmentReport {
  readonly transactionUid: string;
  /** `reason` is 0 for what is committed, else a FailureReason. */
  readonly items: readonly (CommitmentItem & { readonly reason: number })[];
}

export interface CommitmentPort {
  /**
   * A peer asks for commitment. Returns when that is durable: whether it is taken on. `requestHere` asks the peer something on the same
   * association, for as long as that is open and idle.
   */
  requested(request: ServiceRequest, transactionUid: string, items: readonly CommitmentItem[], requestHere: RequestHere): boolean;
  /** A peer reports on a request of ours; false where there is none of this transaction. */
  reported(report: CommitmentReport): boolean;
}

/** The commands of the class: N-ACTION asks us, N-EVENT-REPORT answers what we asked. */
export function commitmentHandlers(port: CommitmentPort): ReadonlyMap<number, ServiceHandler> {
  return new Map<number, ServiceHandler>([
    [COMMAND.actionRq, (request) => Promise.resolve(action(port, request))],
    [COMMAND.eventReportRq, (request) => Promise.resolve(eventReport(port, request))],
  ]);
}

function action(port: CommitmentPort, request: ServiceRequest): { status: number; comment?: string } {
  const { command, dataSet } = request;
  if (command.requestedSopInstanceUid !== COMMITMENT_INSTANCE) return { status: STATUS.noSuchInstance };
  if (command.actionTypeId !== REQUEST_COMMITMENT) return { status: STATUS.noSuchAction };
  const transactionUid = dataSet?.uid(TAG.TransactionUID) ?? '';
  const items = itemsOf(dataSet, TAG.ReferencedSOPSequence).map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
  if (!isUid(transactionUid) || items.length === 0 || !items.every((item) => isUid(item.sopClassUid) && isUid(item.sopInstanceUid)))
    return { status: STATUS.invalidArgument, comment: 'a TransactionUID and referenced instances are needed' };
  return port.requested(request, transactionUid, items, request.requestHere)
    ? { status: STATUS.success }
    : { status: STATUS.notAuthorized, comment: 'storage commitment is not taken on here; keep your copy' };
}

function eventReport(port: CommitmentPort, { dataSet }: ServiceRequest): { status: number; comment?: string } {
  const report = reportOf(dataSet);
  if (report && port.reported(report)) return { status: STATUS.success };
  return { status: STATUS.processingFailure, comment: 'no storage commitment request of this TransactionUID' };
}

/** Reads event information (PS3.4 J.3.3.1); undefined where it names no transaction. */
export function reportOf(dataSet: DataSet | undefined): CommitmentReport | undefined {
  const transactionUid = dataSet?.uid(TAG.TransactionUID);
  if (transactionUid === undefined) return undefined;
  const committed = itemsOf(dataSet, TAG.ReferencedSOPSequence).map((item) => ({ ...item, reason: 0 }));
  const failed = itemsOf(dataSet, TAG.FailedSOPSequence).map((item) => ({
    ...item,
    reason: item.reason || FAILURE_REASON.processingFailure,
  }));
  return { transactionUid, items: [...committed, ...failed] };
}

function itemsOf(dataSet: DataSet | undefined, tag: number): (CommitmentItem & { reason: number })[] {
  return (dataSet?.items(tag) ?? []).map((item) => ({
    sopClassUid: item.uid(TAG.ReferencedSOPClassUID) ?? '',
    sopInstanceUid: item.uid(TAG.ReferencedSOPInstanceUID) ?? '',
    reason: item.number(TAG.FailureReason) ?? 0,
  }));
}

/** Action information (PS3.4 J.3.2.1): what is asked for. */
export function actionInformation(transactionUid: string, items: readonly CommitmentItem[]): Header {
  return { ...headerOf([[TAG.TransactionUID, [transactionUid]]]), ...sequence(TAG.ReferencedSOPSequence, items.map(referenceOf)) };
}

/** Event type and event information (PS3.4 J.3.3.1): what is committed and what is not. */
export function eventInformation({ transactionUid, items }: CommitmentReport): { eventTypeId: number; information: Header } {
  const failed = items.filter(({ reason }) => reason !== 0);
  const committed = items.filter(({ reason }) => reason === 0);
  const information = {
    ...headerOf([[TAG.TransactionUID, [transactionUid]]]),
    ...sequence(TAG.ReferencedSOPSequence, committed.map(referenceOf)),
    ...sequence(
      TAG.FailedSOPSequence,
      failed.map((item) => ({ ...referenceOf(item), ...headerOf([[TAG.FailureReason, [item.reason]]]) })),
    ),
  };
  return { eventTypeId: failed.length === 0 ? EVENT.allCommitted : EVENT.failuresExist, information };
}

function referenceOf({ sopClassUid, sopInstanceUid }: CommitmentItem): Header {
  return headerOf([
    [TAG.ReferencedSOPClassUID, [sopClassUid]],
    [TAG.ReferencedSOPInstanceUID, [sopInstanceUid]],
  ]);
}

/** A sequence; none at all where it would be empty, for neither may be (PS3.4 tables J.3-1 and J.3-2). */
function sequence(tag: number, items: readonly Header[]): Header {
  return items.length === 0 ? {} : { [tagKey(tag)]: { vr: 'SQ', Value: items } };
}
