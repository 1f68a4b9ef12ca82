/**
 * What a ledger must be told when it is restored from a backup: that there is a time which it does not know. What it believes to be
 * under way has gone on, ended or arrived since.
 */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { recordRestore } from './node-facts.js';
import { pausePurging } from './retention.js';
import { NO_PROGRESS } from './runs.js';

export interface RestoredWork {
  /** Deliveries that ask their destination first. */
  readonly deliveries: number;
  /** Runs that are queued again. */
  readonly runs: number;
}

const DETAIL = 'restored from a backup';

/** Makes the ledger of a backup one to go on with, in one transaction. Receiving studies settle no earlier than `settleNotBefore`. */
export function markRestored(db: Db, at: EpochMs, settleNotBefore: EpochMs): RestoredWork {
  return db.transaction(() => {
    recordRestore(db, at);
    pausePurging(db, 0);
    db.run("UPDATE studies SET settle_at = max(settle_at, ?) WHERE state = 'receiving'", settleNotBefore);
    return { deliveries: askFirst(db, at), runs: queueAgain(db, at) };
  });
}

/** Whether they have arrived meanwhile only the destination knows. A held or rejected one asks when a person has it tried again. */
function askFirst(db: Db, at: EpochMs): number {
  const open = db.all<{ id: number }>("SELECT id FROM deliveries WHERE state IN ('pending', 'sending')");
  for (const { id } of open) db.move('deliveries', id, 'unsure', { at, set: { due_at: at }, detail: DETAIL });
  return open.length;
}

/** Their containers and outputs are of the past. What they made is made again, under the names that it would have had. */
function queueAgain(db: Db, at: EpochMs): number {
  const runs = db.all<{ id: number; state: string }>("SELECT id, state FROM runs WHERE state IN ('starting', 'running', 'produced')");
  for (const { id, state } of runs) {
    db.run('UPDATE attempts SET ended_at = ?, outcome = ? WHERE run_id = ? AND ended_at IS NULL', at, DETAIL, id);
    // A result without an object keeps the name from the next attempt.
    db.run("DELETE FROM results WHERE run_id = ? AND state = 'made'", id);
    if (state === 'produced') db.move('runs', id, 'failed', { at, detail: DETAIL });
    db.move('runs', id, 'queued', { at, set: { ...NO_PROGRESS, due_at: at, reason: null, failure_code: null }, detail: DETAIL });
  }
  return runs.length;
}
