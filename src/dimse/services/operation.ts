/** One operation of a service under way: collects its data set, runs its handler, sends what it answers. */
import { encodeDataSet, encodeImplicitDataSet } from '../../dicom/element/write.js';
import { parseInstance, type DataSet } from '../../dicom/element/parse.js';
import { CATALOGUE, AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { encodeResponse, type Command } from '../command.js';
import { hexStatus } from '../statuses.js';
import type { AssociationInfo } from '../association-info.js';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../uids.js';
import type { RequestHere, ServiceHandler, ServiceResponse } from './service.js';

/** What these services need as a data set: a storage commitment request names an instance in some 150 bytes. */
const MAX_DATA_SET_BYTES = 16 * 1024 * 1024;

export interface OperationParts {
  readonly association: AssociationInfo;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly contextId: number;
  readonly command: Command;
  readonly handler: ServiceHandler;
  readonly log: Logger;
  readonly requestHere: RequestHere;
  /** Sends a message; resolves when the peer has room for the next one, or the association has ended. */
  readonly send: (contextId: number, commandSet: Buffer, dataSet?: Buffer) => Promise<void>;
}

/** Begins to collect when it is made; `run` once, when its data set is complete. */
export class ServiceOperation {
  private readonly parts: OperationParts;
  private readonly pieces: Buffer[] = [];
  private sizeBytes = 0;
  private readonly abortion = new AbortController();

  constructor(parts: OperationParts) {
    this.parts = parts;
  }

  /** Takes a piece of the data set. */
  write(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    // A copy: the wire's buffer is used again.
    if (this.sizeBytes <= MAX_DATA_SET_BYTES) this.pieces.push(Buffer.from(bytes));
    else this.pieces.length = 0;
  }

  /** A C-CANCEL for this message id, or the end of the association. */
  cancel(): void {
    this.abortion.abort();
  }

  isOf(messageId: number): boolean {
    return this.parts.command.messageId === messageId;
  }

  /** Performs the operation to its last response. Never rejects. */
  async run(): Promise<void> {
    const { association, sopClassUid, command, handler, log, requestHere } = this.parts;
    let last: ServiceResponse;
    try {
      const request = { association, sopClassUid, command, dataSet: this.dataSet(), requestHere };
      last = await handler(request, { signal: this.abortion.signal, respond: (response) => this.send(response) });
      await this.send(last);
    } catch (thrown) {
      last = this.failure(thrown);
      await this.send(last);
    }
    log.info('operation ended', {
      associationId: association.associationId,
      callingAe: association.callingAe,
      sopClassUid,
      kind: hexStatus(command.commandField),
      status: hexStatus(last.status),
    });
  }

  private dataSet(): DataSet | undefined {
    if (this.sizeBytes > MAX_DATA_SET_BYTES)
      throw new AnteroomError('QUERY_INVALID', `a data set of ${this.sizeBytes} bytes; at most ${MAX_DATA_SET_BYTES} are taken`);
    if (!this.parts.command.hasDataSet) return undefined;
    return parseInstance(Buffer.concat(this.pieces), { transferSyntaxUid: this.parts.transferSyntaxUid }).dataset;
  }

  private async send({ status, comment, subOperations, dataSet }: ServiceResponse): Promise<void> {
    const { contextId, command, transferSyntaxUid } = this.parts;
    const commandSet = encodeResponse(command, status, comment, { hasDataSet: dataSet !== undefined, subOperations });
    await this.parts.send(contextId, commandSet, dataSet && Buffer.from(encodeFor(transferSyntaxUid, dataSet)));
  }

  private failure(thrown: unknown): ServiceResponse {
    const { association, sopClassUid, log } = this.parts;
    const error = toAnteroomError(thrown);
    log.warn('operation refused', {
      associationId: association.associationId,
      callingAe: association.callingAe,
      sopClassUid,
      code: error.code,
      seen: error.seen,
      remedy: error.remedy,
      stack: error.code === 'INTERNAL' ? error.stack : undefined,
    });
    // An operation's "seen" names attributes and counts, never values: it tells the peer more than the catalogue's text.
    return { status: error.dimseStatus, comment: error.code === 'INTERNAL' ? CATALOGUE.INTERNAL.text : error.seen };
  }
}

/** Encodes a data set as the presentation context wants it; these services take the two uncompressed little endian syntaxes only. */
export function encodeFor(transferSyntaxUid: string, dataSet: Parameters<typeof encodeDataSet>[0]): Uint8Array {
  return transferSyntaxUid === IMPLICIT_VR_LITTLE_ENDIAN ? encodeImplicitDataSet(dataSet) : encodeDataSet(dataSet);
}
