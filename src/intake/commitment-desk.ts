/**
 * Storage commitment that peers ask of us (PS3.4 annex J). A request is a row before it is answered, and its report is owed until the
 * peer has taken it: on the association of the request while that is open and idle, else on one that we open. Instances that we commit
 * ourselves to keep their study from being purged for good.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reportCommitment } from '../dimse/scu.js';
import {
  COMMITMENT_INSTANCE,
  FAILURE_REASON,
  SERVICE_CLASS,
  encodeEventReportRq,
  eventInformation,
  type CommitmentPort,
  type CommitmentReport,
  type RequestHere,
} from '../dimse/scp.js';
import { Bell, startStageLoop } from '../foundation/bell.js';
import { backOffMs, type Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import {
  committedStudies,
  dueCommitments,
  enterCommitment,
  instancesOfCommitment,
  judgeCommitment,
  nextCommitmentDueAt,
  postponeCommitment,
  recordCommitmentReport,
  type CommitmentRow,
  type InstanceToJudge,
} from '../ledger/commitments.js';
import type { Db } from '../ledger/database.js';
import { keepStudy } from '../ledger/retention.js';
import type { KnownPeer } from './dimse-services.js';

const log = loggerOf('intake');

/** Longer than a peer needs to release an association on which it waits for nothing: then the report would cross its A-RELEASE-RQ. */
const GRACE_MS = 500;
const FIRST_RETRY_MS = 5_000;
const MAX_RETRY_MS = 900_000;
/** About three days; then a person must act. */
const MAX_ATTEMPTS = 300;
const AT_ONCE = 10;

export interface CommitmentOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly archiveFolder: string;
  /** Whether the node takes on the duty to keep; where not, a request is refused and kept as a hint. */
  readonly takesOn: boolean;
  /** By AE title: where reports go. */
  readonly peers: Readonly<Record<string, KnownPeer>>;
  /** A request was entered: it may be the hint that a study waits for. */
  readonly onEntered: () => void;
}

/** Takes requests over the listener and reports on them; there is one per node, in the receiver's thread. */
export class CommitmentDesk {
  private readonly bell = new Bell();
  /** The associations over which requests came, as long as they may serve for the report. */
  private readonly associations = new Map<number, RequestHere>();

  constructor(private readonly options: CommitmentOptions) {}

  readonly port: CommitmentPort = {
    requested: (request, transactionUid, instances, requestHere) => {
      const { db, clock, takesOn, onEntered } = this.options;
      const at = clock();
      const { callingAe, calledAe, remoteAddress } = request.association;
      const asked = { transactionUid, instances, callingAe, calledAe, remoteAddress };
      const id = enterCommitment(db, asked, takesOn ? 'owed' : 'refused', at, at + GRACE_MS);
      failpoint('intake.commitment-entered');
      onEntered();
      if (!takesOn) return false;
      this.associations.set(id, requestHere);
      this.bell.ring('intake');
      return true;
    },
    reported: ({ transactionUid, items }) => recordCommitmentReport(this.options.db, transactionUid, items, this.options.clock()),
  };

  /** Starts to report what is owed; the returned function stops after the report under way. */
  start(): () => Promise<void> {
    return startStageLoop({ stage: 'intake', bell: this.bell, log, work: () => this.reportDue() });
  }

  private async reportDue(): Promise<number | undefined> {
    const { db, clock } = this.options;
    for (const row of dueCommitments(db, clock(), AT_ONCE)) await this.report(row);
    return nextCommitmentDueAt(db);
  }

  private async report(row: CommitmentRow): Promise<void> {
    const { db, clock } = this.options;
    const report = await this.judged(row);
    failpoint('intake.commitment-judged');
    try {
      const way = await this.tell(row, report);
      db.move('commitments', row.id, 'reported', { at: clock(), detail: way });
    } catch (thrown) {
      const error = toAnteroomError(thrown);
      const { code, seen, remedy } = error;
      log.warn('storage commitment could not be reported', { id: row.id, callingAe: row.calling_ae, code, seen, remedy });
      postponeCommitment(db, row.id, seen, clock() + backOffMs(row.attempts + 1, FIRST_RETRY_MS, MAX_RETRY_MS));
      if (error.kind === 'operator' || row.attempts >= MAX_ATTEMPTS) db.move('commitments', row.id, 'held', { at: clock(), detail: code });
    }
  }

  private async tell(row: CommitmentRow, report: CommitmentReport): Promise<string> {
    const requestHere = this.associations.get(row.id);
    this.associations.delete(row.id);
    const { eventTypeId, information } = eventInformation(report);
    const encode = (messageId: number): Buffer =>
      encodeEventReportRq(messageId, SERVICE_CLASS.storageCommitment, COMMITMENT_INSTANCE, eventTypeId);
    if ((await requestHere?.(encode, information)) === 0) return 'on the association of the request';
    const { peers } = this.options;
    const place = Object.hasOwn(peers, row.calling_ae) ? peers[row.calling_ae] : undefined;
    if (!place) throw new AnteroomError('PEER_UNKNOWN', `"${row.calling_ae}" at ${row.remote_address} asked for storage commitment`);
    await reportCommitment({ ...place, aeTitle: row.calling_ae, callingAe: row.called_ae }, report);
    return 'on an association of ours';
  }

  /** What was judged once stays so: a report that is told twice says the same twice. */
  private async judged(row: CommitmentRow): Promise<CommitmentReport> {
    const { db, clock } = this.options;
    const items: CommitmentReport['items'][number][] = [];
    for (const one of instancesOfCommitment(db, row.id)) {
      items.push({ sopClassUid: one.sopClassUid, sopInstanceUid: one.sopInstanceUid, reason: one.reason ?? (await this.reasonOf(one)) });
    }
    if (row.judged_at === null) {
      const at = clock();
      db.transaction(() => {
        judgeCommitment(db, row.id, items, at);
        for (const studyId of committedStudies(db, row.id)) {
          keepStudy(db, studyId, 'storage-commitment', `committed to ${row.calling_ae}`, at);
        }
      });
    }
    return { transactionUid: row.transaction_uid, items };
  }

  /** Stored is what is durable: a row and its file, whole. */
  private async reasonOf({ path, sizeBytes, storedClassUid, sopClassUid }: InstanceToJudge): Promise<number> {
    if (path === null) return FAILURE_REASON.noSuchObject;
    if (storedClassUid !== sopClassUid) return FAILURE_REASON.classConflict;
    try {
      return (await stat(join(this.options.archiveFolder, path))).size === sizeBytes ? 0 : FAILURE_REASON.processingFailure;
    } catch {
      return FAILURE_REASON.processingFailure;
    }
  }
}
