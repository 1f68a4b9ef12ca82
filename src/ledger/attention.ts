/** What waits for a person: counted for `/health` and `anteroom doctor`. */
import type { Db } from './database.js';
import { listPauses, pauseText } from './pauses.js';

export interface Attention {
  readonly heldStudies: number;
  readonly heldDeliveries: number;
  readonly rejectedDeliveries: number;
  /** Results that could not be taken back, or that somebody has changed where they are. */
  readonly heldWithdrawals: number;
  readonly failedRuns: number;
  readonly rejectedRuns: number;
  /** Runs that ended as their model may not be used on patients here. */
  readonly refusedRuns: number;
  /** Runs that wait for their model. */
  readonly waitingRuns: number;
  /** What is paused, one sentence each. */
  readonly pauses: readonly string[];
  /** Models that the circuit breaker has suspended. */
  readonly suspendedModels: readonly { readonly model: string; readonly reason: string; readonly waitingRuns: number }[];
}

/** How many rows are in a state that only a person ends. */
export function attention(db: Db): Attention {
  const count = (table: string, state: string, also = 'true') =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE state = ? AND ${also}`, state)?.n ?? 0;
  // An evaluation tells of its failures itself.
  const forPatients = "purpose = 'clinical'";
  return {
    heldStudies: count('studies', 'held'),
    heldDeliveries: count('deliveries', 'held'),
    rejectedDeliveries: count('deliveries', 'rejected'),
    heldWithdrawals: count('withdrawals', 'held') + editedResults(db),
    failedRuns: count('runs', 'failed', forPatients),
    rejectedRuns: count('runs', 'rejected', forPatients),
    refusedRuns: count('runs', 'cancelled', `${forPatients} AND failure_code = 'USE_NOT_PERMITTED'`),
    waitingRuns: db.get<{ n: number }>("SELECT count(*) AS n FROM runs WHERE state = 'waiting' AND same_as IS NULL")?.n ?? 0,
    pauses: listPauses(db).map(pauseText),
    suspendedModels: suspended(db),
  };
}

function suspended(db: Db): Attention['suspendedModels'] {
  return db.all(
    `SELECT m.name AS model, coalesce(m.suspended_reason, 'by a person') AS reason,
       (SELECT count(*) FROM runs r WHERE r.model_name = m.name AND r.state IN ('queued', 'waiting')) AS waitingRuns
     FROM models m WHERE m.state = 'suspended' ORDER BY m.name`,
  );
}

function editedResults(db: Db): number {
  const sql = "SELECT count(*) AS n FROM withdrawals WHERE state = 'kept' AND failure_code IS NOT NULL";
  return db.get<{ n: number }>(sql)?.n ?? 0;
}
