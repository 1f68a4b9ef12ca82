/** Queries on the associations that brought instances, and on which studies they brought them for. Written only by the receiver. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

/** How an association ended. After anything but `released` more may be to come. */
export type Ending = 'released' | 'refused-some' | 'aborted' | 'protocol-error' | 'timeout' | 'shutdown' | 'lost' | 'forgotten';

export interface Sender {
  readonly associationId: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
}

export interface StudySender {
  readonly calling_ae: string;
  readonly ended_at: EpochMs | null;
  readonly ending: Ending | null;
}

/** What came through another door (STOW-RS) has no association whose end says anything. */
export const NO_ASSOCIATION = 'none';
/** Stands for the associations that were open when the node ended. */
const FORGOTTEN = 'forgotten';

/** An association over which a first C-STORE came; nobody knows yet of which study. */
export function noteAssociation(db: Db, sender: Sender, openedAt: EpochMs): void {
  db.run(
    'INSERT OR IGNORE INTO associations (id, calling_ae, called_ae, remote_address, opened_at) VALUES (?, ?, ?, ?, ?)',
    sender.associationId,
    sender.callingAe,
    sender.calledAe,
    sender.remoteAddress,
    openedAt,
  );
}

/** An association has brought an instance of a study. Belongs into the transaction of the instance's row; once for each group of them is enough. */
export function noteSender(db: Db, studyId: number, sender: Sender, at: EpochMs): void {
  noteAssociation(db, sender, at);
  db.run('UPDATE associations SET declared = 1 WHERE id = ? AND declared = 0', sender.associationId);
  db.run('INSERT OR IGNORE INTO study_senders (study_id, association_id) VALUES (?, ?)', studyId, sender.associationId);
}

/**
 * An association has ended: its studies are looked at by `lookAt`, and those of the same sender that may have waited for it.
 * Where an instance was lost with it or refused (`lostSome`), that one may be of any study that its sender has begun: then it
 * counts for all of them.
 */
export function endAssociation(
  db: Db,
  sender: Sender,
  { ending, lostSome, at, lookAt }: { readonly ending: Ending; readonly lostSome: boolean; readonly at: EpochMs; readonly lookAt: EpochMs },
): void {
  const { associationId, callingAe, remoteAddress } = sender;
  noteAssociation(db, sender, at);
  db.run('UPDATE associations SET ended_at = ?, ending = ? WHERE id = ? AND ended_at IS NULL', at, ending, associationId);
  if (lostSome) {
    db.run(
      `INSERT OR IGNORE INTO study_senders (study_id, association_id)
       SELECT s.study_id, ? FROM study_senders s JOIN associations a ON a.id = s.association_id
       WHERE a.calling_ae = ? AND a.remote_address = ?`,
      associationId,
      callingAe,
      remoteAddress,
    );
  }
  db.run(
    `UPDATE studies SET settle_at = min(settle_at, ?) WHERE state = 'receiving' AND settle_at > ?
       AND ((calling_ae = ? AND remote_address = ?) OR id IN (SELECT study_id FROM study_senders WHERE association_id = ?))`,
    lookAt,
    lookAt,
    callingAe,
    remoteAddress,
    associationId,
  );
}

/**
 * At the start, before anything settles: what was open when the node ended will never be heard of again, and studies that
 * were receiving then may lack what it was about to bring. What ended before `forgetBefore` and is of no study any more is deleted.
 */
export function forgetAssociations(db: Db, at: EpochMs, forgetBefore: EpochMs): void {
  db.transaction(() => {
    db.run("UPDATE associations SET ended_at = ?, ending = 'forgotten' WHERE ended_at IS NULL", at);
    db.run(
      'DELETE FROM associations WHERE ended_at < ? AND id NOT IN (SELECT association_id FROM study_senders) AND id NOT IN (?, ?)',
      forgetBefore,
      NO_ASSOCIATION,
      FORGOTTEN,
    );
    db.run(
      "INSERT OR IGNORE INTO study_senders (study_id, association_id) SELECT id, ? FROM studies WHERE state IN ('receiving', 'held')",
      FORGOTTEN,
    );
  });
}

/** Whoever brought instances of the study since it settled last. */
export function sendersOfStudy(db: Db, studyId: number): StudySender[] {
  return db.all<StudySender>(
    'SELECT a.calling_ae, a.ended_at, a.ending FROM study_senders s JOIN associations a ON a.id = s.association_id WHERE s.study_id = ?',
    studyId,
  );
}

/** How many open associations of the study's senders have begun a C-STORE and not yet shown of which study. */
export function undeclaredAssociations(db: Db, studyId: number): number {
  const sql = `SELECT count(*) AS n FROM associations a WHERE a.ended_at IS NULL AND a.declared = 0 AND EXISTS (
    SELECT 1 FROM study_senders s JOIN associations b ON b.id = s.association_id
    WHERE s.study_id = ? AND b.calling_ae = a.calling_ae AND b.remote_address = a.remote_address)`;
  return db.get<{ n: number }>(sql, studyId)?.n ?? 0;
}

/** The study has settled: who brings instances from now on is counted anew. */
export function forgetSenders(db: Db, studyId: number): void {
  db.run('DELETE FROM study_senders WHERE study_id = ?', studyId);
}
