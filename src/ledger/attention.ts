/** What waits for a person: counted for `/health` and `anteroom doctor`. */
import type { Db } from './database.js';

export interface Attention {
  readonly heldStudies: number;
  readonly heldDeliveries: number;
  readonly rejectedDeliveries: number;
  /** Results that could not be taken back, or that somebody has changed where they are. */
  readonly heldWithdrawals: number;
  readonly failedRuns: number;
  readonly rejectedRuns: number;
  /** Runs that wait for their model. */
  readonly waitingRuns: number;
}

/** How many rows are in a state that only a person ends. */
export function attention(db: Db): Attention {
  const count = (table: string, state: string) =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE state = ?`, state)?.n ?? 0;
  return {
    heldStudies: count('studies', 'held'),
    heldDeliveries: count('deliveries', 'held'),
    rejectedDeliveries: count('deliveries', 'rejected'),
    heldWithdrawals: count('withdrawals', 'held') + editedResults(db),
    failedRuns: count('runs', 'failed'),
    rejectedRuns: count('runs', 'rejected'),
    waitingRuns: count('runs', 'waiting'),
  };
}

function editedResults(db: Db): number {
  const sql = "SELECT count(*) AS n FROM withdrawals WHERE state = 'kept' AND failure_code IS NOT NULL";
  return db.get<{ n: number }>(sql)?.n ?? 0;
}
