/** What a DIMSE service beside C-STORE and C-ECHO is to the wire: a handler for each command of its SOP class. It knows no socket and no PDU. */
import type { DataSet } from '../../dicom/element/parse.js';
import type { Header } from '../../dicom/header.js';
import type { Command, SubOperations } from '../command.js';
import type { AssociationInfo } from '../association-info.js';

export interface ServiceRequest {
  readonly association: AssociationInfo;
  /** The abstract syntax of the presentation context. */
  readonly sopClassUid: string;
  readonly command: Command;
  /** Identifier, action information or event information; undefined where none came. */
  readonly dataSet: DataSet | undefined;
  /** Asks the peer something in turn, later, while the association is open. */
  readonly requestHere: RequestHere;
}

/**
 * Sends a request of ours on an association that the peer opened, in the presentation context of its own request. Resolves with the
 * status of the response; undefined where the association has ended or is busy, or no response comes in time.
 */
export type RequestHere = (encode: (messageId: number) => Buffer, dataSet: Header) => Promise<number | undefined>;

export interface ServiceResponse {
  readonly status: number;
  /** Error Comment: at most 64 characters reach the peer. */
  readonly comment?: string;
  readonly subOperations?: SubOperations;
  readonly dataSet?: Header;
}

export interface Responder {
  /** Sends a response that is not the last one; resolves when the peer has room for the next. Sends nothing once the association has ended. */
  respond(response: ServiceResponse): Promise<void>;
  /** Aborted by a C-CANCEL of this operation and by the end of the association. */
  readonly signal: AbortSignal;
}

/** Performs one operation and resolves with its last response. An AnteroomError is answered with its `dimseStatus`. */
export type ServiceHandler = (request: ServiceRequest, responder: Responder) => Promise<ServiceResponse>;

/** SOP class → command field → handler. */
export type OfferedServices = ReadonlyMap<string, ReadonlyMap<number, ServiceHandler>>;

/** What is offered beside storage and verification may depend on who asks. */
export type ServicesFor = (caller: Omit<AssociationInfo, 'associationId'>) => OfferedServices;

/** Work of one operation at a stretch; then the others on this thread have their turn. */
const SLICE_MS = 4;

/** Lets others work: resolves at once within a time slice, and after a turn of the event loop beyond it. */
export function sharedThread(): () => Promise<void> {
  let sliceEndsAt = performance.now() + SLICE_MS;
  return async () => {
    if (performance.now() < sliceEndsAt) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    sliceEndsAt = performance.now() + SLICE_MS;
  };
}
