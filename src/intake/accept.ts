/**
 * Both doors (C-STORE and STOW-RS) call one `accept`. It resolves when the instance is durable: file flushed, renamed,
 * folder flushed, row committed. Instances in flight share the folder flushes and the commit.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CompletePart } from '../archive/part-file.js';
import { instancePath } from '../archive/folders.js';
import { Publisher } from '../archive/publish.js';
import type { Clock } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { Grouped } from '../foundation/grouped.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import { NO_ASSOCIATION, noteSender } from '../ledger/associations.js';
import type { Db } from '../ledger/database.js';
import { currentFile, fileAtPath, insertInstance, isOwnResult, replaceInstance, restoreInstance } from '../ledger/instances.js';
import { ensureStudy, holdStudy, noteArrival, noteDeparture, type Arrival, type StudyRow } from '../ledger/studies.js';
import { storeError } from './disk-space.js';
import type { InstanceFacts } from './inspect.js';
import { sameObject } from './same-object.js';

const log = loggerOf('intake');

export interface Candidate {
  readonly part: Pick<CompletePart, 'path' | 'sizeBytes' | 'sha256'>;
  readonly facts: InstanceFacts;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  /** Where it came over an association. */
  readonly associationId?: string;
  /** It is small and nothing else is under way: its flushes may hold the thread. */
  readonly alone?: boolean;
}

/** What became of an instance: all of these are Success for the sender, for nothing is lost. */
export type Acceptance = 'new' | 'same' | 'corrected' | 'conflict' | 'own-result';

type Relation = ReturnType<typeof sameObject>;
/** How two archive files of one SOPInstanceUID are related, by both paths. */
type Relations = Map<string, Relation>;

export interface AcceptorOptions {
  /** Flushed by us: `Db.open` with `flush: 'asked'`. */
  readonly db: Db;
  readonly archiveFolder: string;
  readonly clock: Clock;
  /** A study is looked at when nothing more has come for so long. */
  readonly lookMs: number;
  /** Called after each commit: there may be something to settle. */
  readonly onCommitted: () => void;
}

/** The door behind both doors; there is one of it per ledger. Files are made durable side by side, rows in groups. */
export class Acceptor {
  private readonly publisher: Publisher;
  private readonly entering = new Grouped<Candidate, Acceptance>((group) => this.enter(group));
  /** Archive paths on their way to a row, and how many candidates have each. */
  private readonly pending = new Map<string, number>();

  constructor(private readonly options: AcceptorOptions) {
    this.publisher = new Publisher(options.archiveFolder);
  }

  /** Resolves when the instance is durable. Rejects with DISK_LOW or STORE_FAILED; then nothing of it is left. */
  async accept(candidate: Candidate): Promise<Acceptance> {
    const { part, facts, alone } = candidate;
    const path = pathOf(part, facts);
    this.pending.set(path, (this.pending.get(path) ?? 0) + 1);
    try {
      await this.publisher.publish(part.path, path, alone);
      failpoint('intake.renamed');
      return await this.entering.add(candidate);
    } catch (cause) {
      this.forget(candidate);
      throw storeError(cause);
    } finally {
      const others = (this.pending.get(path) ?? 1) - 1;
      if (others > 0) this.pending.set(path, others);
      else this.pending.delete(path);
    }
  }

  /** The files of an instance that is not acknowledged: on a full disk what nobody knows must not hold room until the next sweep. */
  private forget({ part, facts }: Candidate): void {
    const { db, archiveFolder } = this.options;
    try {
      rmSync(part.path, { force: true });
      const path = pathOf(part, facts);
      if (this.pending.get(path) === 1 && fileAtPath(db, path) === undefined) rmSync(join(archiveFolder, path), { force: true });
    } catch (thrown) {
      log.warn('a file that was not acknowledged is left for the sweep', { seen: toAnteroomError(thrown).seen });
    }
  }

  private async enter(group: readonly Candidate[]): Promise<Acceptance[]> {
    const { db, onCommitted } = this.options;
    const relations = this.compareWithCurrent(group);
    const acceptances = db.transaction(() => this.enterGroup(group, relations));
    await db.flush(group.length === 1 && group[0].alone);
    failpoint('intake.committed');
    onCommitted();
    return acceptances;
  }

  /** What is resent with other bytes is compared before the transaction, which keeps every other writer of the ledger waiting. */
  private compareWithCurrent(group: readonly Candidate[]): Relations {
    const relations: Relations = new Map();
    for (const { part, facts } of group) {
      const current = currentFile(this.options.db, facts.sopInstanceUid);
      const path = pathOf(part, facts);
      if (current !== undefined && current.path !== path) this.relate(current.path, path, relations);
    }
    return relations;
  }

  private relate(earlier: string, later: string, relations: Relations): Relation {
    const { archiveFolder } = this.options;
    const pair = `${earlier} ${later}`;
    const relation = relations.get(pair) ?? sameObject(join(archiveFolder, earlier), join(archiveFolder, later));
    relations.set(pair, relation);
    return relation;
  }

  /** Writes the rows of a group, inside its transaction; what concerns a study or an association is written once for all of its instances. */
  private enterGroup(group: readonly Candidate[], relations: Relations): Acceptance[] {
    const { db, clock, lookMs } = this.options;
    const at = clock();
    const studies = new Map<string, StudyRow>();
    const arrivals = new Map<StudyRow, Arrival>();
    const senders = new Map<string, () => void>();
    const acceptances = group.map((candidate) => {
      const { facts, associationId = NO_ASSOCIATION, callingAe, calledAe, remoteAddress } = candidate;
      const { studyInstanceUid } = facts;
      const arrival: Arrival = { studyInstanceUid, callingAe, calledAe, remoteAddress, at };
      const study = studies.get(studyInstanceUid) ?? ensureStudy(db, arrival);
      studies.set(studyInstanceUid, study);
      const own = isOwnResult(db, facts.sopInstanceUid);
      const acceptance = this.place(candidate, study, own, at, relations);
      if (own) return 'own-result';
      if (acceptance === 'conflict') this.hold(study, facts, at);
      else arrivals.set(study, arrival);
      senders.set(`${studyInstanceUid} ${associationId}`, () => {
        noteSender(db, study.id, { associationId, callingAe, calledAe, remoteAddress }, at);
      });
      return acceptance;
    });
    for (const [study, arrival] of arrivals) noteArrival(db, study, arrival, at + lookMs);
    for (const note of senders.values()) note();
    return acceptances;
  }

  private place(candidate: Candidate, study: StudyRow, own: boolean, at: number, relations: Relations): Acceptance {
    const { db } = this.options;
    const { part, facts } = candidate;
    const path = pathOf(part, facts);
    const current = currentFile(db, facts.sopInstanceUid);
    if (current?.path === path) return 'same';
    const relation = current === undefined ? 'new' : this.relate(current.path, path, relations);
    if (current !== undefined && relation === 'same') {
      // Another transfer syntax of what is there: the first one stays, and the sweep removes this file.
      return 'same';
    }
    if (current !== undefined && relation === 'corrected') {
      replaceInstance(db, current.id);
      if (current.study_id !== study.id) noteDeparture(db, current.study_id, at, at + this.options.lookMs);
    }
    const known = fileAtPath(db, path);
    if (known !== undefined) {
      const said = { header: JSON.stringify(facts.header), patient_id: facts.patientId, size_bytes: part.sizeBytes };
      // A result of ours that was withdrawn here stays withdrawn, whoever sends it back.
      const withdrawn = own && known.standing === 'replaced' && known.purged_at === null;
      if (relation === 'conflict') {
        if (known.purged_at !== null) restoreInstance(db, known.id, 'conflict', said);
      } else if (!withdrawn) restoreInstance(db, known.id, 'current', said);
      return relation;
    }
    insertInstance(db, {
      study_id: study.id,
      series_instance_uid: facts.seriesInstanceUid,
      sop_instance_uid: facts.sopInstanceUid,
      sop_class_uid: facts.sopClassUid,
      transfer_syntax_uid: facts.transferSyntaxUid,
      path,
      size_bytes: part.sizeBytes,
      sha256: part.sha256,
      patient_id: facts.patientId,
      header: JSON.stringify(facts.header),
      own_result: own ? 1 : 0,
      received_at: at,
      calling_ae: candidate.callingAe,
      remote_address: candidate.remoteAddress,
      standing: relation === 'conflict' ? 'conflict' : 'current',
    });
    return relation;
  }

  private hold(study: StudyRow, facts: InstanceFacts, at: number): void {
    const reason = `SOPInstanceUID ${facts.sopInstanceUid} arrived again with other pixels; both files are kept, the first one counts`;
    holdStudy(this.options.db, study.id, reason, at);
    log.warn('study held: the same SOPInstanceUID with other pixels', {
      code: 'INSTANCE_CONFLICT',
      studyInstanceUid: facts.studyInstanceUid,
      sopInstanceUid: facts.sopInstanceUid,
    });
  }
}

function pathOf(part: Candidate['part'], facts: InstanceFacts): string {
  return instancePath({ ...facts, sha256: part.sha256 });
}
