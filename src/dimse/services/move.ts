/** C-MOVE SCP (PS3.4 annex C.4.2): the files go to the destination as they are on disk, each with who asked for it. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headerOf } from '../../dicom/query/levels.js';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import type { SubOperations } from '../command.js';
import { storeFiles, type Peer, type StoreOutcome } from '../scu.js';
import { STATUS } from '../statuses.js';
import { retrievalOf, type InformationModel, type UniqueKeys } from './identifier.js';
import type { Responder, ServiceHandler, ServiceRequest, ServiceResponse } from './service.js';

/** What C-MOVE needs of an archive and of the settings. */
export interface RetrievePort {
  /** The Part 10 files that these keys name; lazy, with their number. */
  files(keys: UniqueKeys): { readonly count: number; readonly paths: Iterable<string> };
  /** Where an application entity is; undefined where it is not known. */
  moveDestination(aeTitle: string): Pick<Peer, 'host' | 'port' | 'timeoutMs' | 'tls'> | undefined;
}

/** FailedSOPInstanceUIDList is one UI element: 65 534 bytes in Explicit VR. */
const MAX_FAILED_TOLD = 1000;

/** The handler of C-MOVE-RQ for one information model. */
export function moveHandler(port: RetrievePort, model: InformationModel): ServiceHandler {
  return async (request, responder) => {
    const aeTitle = request.command.moveDestination ?? '';
    const place = port.moveDestination(aeTitle);
    if (!place) throw new AnteroomError('MOVE_DESTINATION_UNKNOWN', `C-MOVE of ${request.association.callingAe} to "${aeTitle}"`);
    const { count, paths } = port.files(retrievalOf(request.dataSet, model));
    const peer: Peer = { ...place, aeTitle, callingAe: request.association.calledAe };
    return new Move(peer, count, request, responder).send(paths);
  };
}

class Move {
  private readonly counts = { completed: 0, failed: 0, warning: 0 };
  private readonly failedUids: string[] = [];
  private isTelling = false;

  constructor(
    private readonly peer: Peer,
    private readonly total: number,
    private readonly request: ServiceRequest,
    private readonly responder: Responder,
  ) {}

  async send(paths: Iterable<string>): Promise<ServiceResponse> {
    const { association, command } = this.request;
    try {
      await storeFiles(this.peer, paths, {
        signal: this.responder.signal,
        originator: { aeTitle: association.callingAe, messageId: command.messageId },
        onProgress: (_done, _total, outcome) => this.count(outcome),
      });
    } catch (thrown) {
      const { seen } = toAnteroomError(thrown);
      this.counts.failed = this.total - this.counts.completed - this.counts.warning;
      return { status: STATUS.subOperationsFailed, comment: seen, subOperations: this.counts, dataSet: this.failedList() };
    }
    return this.result();
  }

  private count({ status, error, sopInstanceUid }: StoreOutcome): void {
    if (error) {
      this.counts.failed++;
      if (sopInstanceUid !== undefined && this.failedUids.length < MAX_FAILED_TOLD) this.failedUids.push(sopInstanceUid);
    } else if (status === STATUS.success) this.counts.completed++;
    else this.counts.warning++;
    this.tell();
  }

  /** A pending response after each file; none while the peer has not read the one before. */
  private tell(): void {
    if (this.isTelling || this.remaining === 0) return;
    this.isTelling = true;
    void this.responder.respond({ status: STATUS.pending, subOperations: this.subOperations() }).then(() => (this.isTelling = false));
  }

  private result(): ServiceResponse {
    if (this.responder.signal.aborted) return { status: STATUS.cancelled, subOperations: this.subOperations(), dataSet: this.failedList() };
    const { completed, failed, warning } = this.counts;
    if (failed + warning === 0) return { status: STATUS.success, subOperations: this.counts };
    const status = completed + warning === 0 ? STATUS.subOperationsFailed : STATUS.subOperationsIncomplete;
    return { status, subOperations: this.counts, dataSet: this.failedList() };
  }

  private get remaining(): number {
    return Math.max(0, this.total - this.counts.completed - this.counts.failed - this.counts.warning);
  }

  private subOperations(): SubOperations {
    return { remaining: this.remaining, ...this.counts };
  }

  private failedList(): Header | undefined {
    return this.failedUids.length === 0 ? undefined : headerOf([[TAG.FailedSOPInstanceUIDList, this.failedUids]]);
  }
}
