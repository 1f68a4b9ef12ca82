/**
 * Keeps in the ledger which associations are storing and how they ended: what the settling of studies goes by. Their rows
 * are written together, a moment later, so that a sender with an association for each instance costs no commit for each.
 */
import type { AssociationInfo, ClosedAssociation, StoreContext, StoreSink } from '../dimse/scp.js';
import type { Clock, EpochMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { endAssociation, noteAssociation, type Ending } from '../ledger/associations.js';
import type { Db } from '../ledger/database.js';

const log = loggerOf('intake');

/** No study settles so soon that it matters. */
const WRITE_AFTER_MS = 50;

interface Ended {
  readonly association: ClosedAssociation;
  readonly at: EpochMs;
  readonly ending: Ending;
  readonly lostSome: boolean;
}

interface Storing {
  readonly openedAt: EpochMs;
  refused: number;
}

export interface JournalOptions {
  readonly db: Db;
  readonly clock: Clock;
  /** A study is looked at when so much time has passed since its association ended. */
  readonly lookMs: number;
  /** Called when the end of an association is in the ledger. */
  readonly onEnded: () => void;
}

/** The receiver's one journal. Associations that store nothing (C-ECHO, C-FIND) leave no row. */
export class AssociationJournal {
  private readonly storing = new Map<string, Storing>();
  private readonly begun = new Map<string, AssociationInfo>();
  private readonly ended: Ended[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: JournalOptions) {}

  /** Opens the sink of a C-STORE, and takes note of one that does not end well: its sender will come again. */
  watch(context: StoreContext, open: () => StoreSink): StoreSink {
    const { associationId } = context;
    const association = this.storing.get(associationId) ?? this.begin(context);
    const refuse = () => {
      association.refused++;
    };
    try {
      const sink = open();
      return {
        write: (chunk) => {
          sink.write(chunk);
        },
        abort: () => {
          refuse();
          sink.abort();
        },
        end: () =>
          sink.end().catch((error: unknown) => {
            refuse();
            throw error;
          }),
      };
    } catch (error) {
      refuse();
      throw error;
    }
  }

  /** An association has ended and nothing of it is under way. */
  closed(association: ClosedAssociation): void {
    const known = this.storing.get(association.associationId);
    if (known === undefined) return;
    this.storing.delete(association.associationId);
    const ending = association.reason === 'released' && known.refused > 0 ? 'refused-some' : association.reason;
    this.ended.push({ association, at: this.options.clock(), ending, lostSome: known.refused > 0 });
    this.writeSoon();
  }

  /** Writes what is due; the receiver stops. */
  close(): void {
    clearTimeout(this.timer);
    this.write();
  }

  private begin(association: AssociationInfo): Storing {
    const entry = { openedAt: this.options.clock(), refused: 0 };
    this.storing.set(association.associationId, entry);
    this.begun.set(association.associationId, association);
    this.writeSoon();
    return entry;
  }

  private writeSoon(): void {
    this.timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS);
  }

  private write(): void {
    this.timer = undefined;
    const { db, lookMs, onEnded } = this.options;
    const ended = [...this.ended];
    try {
      db.transaction(() => {
        for (const [id, association] of this.begun)
          noteAssociation(db, association, this.storing.get(id)?.openedAt ?? this.options.clock());
        for (const { association, ...end } of ended) endAssociation(db, association, { ...end, lookAt: end.at + lookMs });
      });
    } catch (thrown) {
      // Nothing settles by what is not written; it is tried again.
      log.error('associations could not be noted', { seen: toAnteroomError(thrown).seen, count: ended.length });
      this.timer = setTimeout(() => this.write(), WRITE_AFTER_MS * 20).unref();
      return;
    }
    this.begun.clear();
    this.ended.splice(0, ended.length);
    if (ended.length > 0) onEnded();
  }
}
