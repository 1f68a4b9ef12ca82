/** What keeps a queued run from starting until a person acts. */
import type { Db } from '../ledger/database.js';
import { modelById } from '../ledger/models.js';
import { listPauses, pauseOfRun, pauseText } from '../ledger/pauses.js';
import type { RunRow } from '../ledger/runs.js';

export interface RunHolds {
  /** The pause, in a sentence. */
  readonly paused: string | null;
  /** Why its model is suspended. */
  readonly suspended: string | null;
}

/** The holds of a run; of one that is not queued there are none. */
export function holdsOf(db: Db, run: Pick<RunRow, 'state' | 'model_id' | 'model_name' | 'rule'>): RunHolds {
  if (run.state !== 'queued') return { paused: null, suspended: null };
  const pause = pauseOfRun(listPauses(db), run);
  const model = run.model_id === null ? undefined : modelById(db, run.model_id);
  return {
    paused: pause === undefined ? null : pauseText(pause),
    suspended: model?.state === 'suspended' ? (model.suspended_reason ?? 'by a person') : null,
  };
}
