/** What becomes of a model whose digest stays, and which says other things of itself than before. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { endPermission } from './model-permissions.js';
import { setTestDue } from './model-tests.js';
import { modelById, type ModelRow, type Override } from './models.js';

/**
 * What was known of it is not known of what it is now: its tests (they stay among the events) and its permission end, and it has to be tested
 * again. One in use stays so where somebody answers for it.
 */
export function startAnew(db: Db, id: number, override: Override | null, detail: string, at: EpochMs): void {
  db.transaction(() => {
    const { state } = modelById(db, id) as ModelRow;
    db.run('DELETE FROM model_tests WHERE model_id = ?', id);
    setTestDue(db, id, null);
    endPermission(db, id, override?.by ?? 'another registration', at);
    db.run('UPDATE models SET override_reason = ?, override_by = ? WHERE id = ?', override?.reason ?? null, override?.by ?? null, id);
    if (!db.move('models', id, 'registered', { at, from: ['tested', 'retired'], detail })) db.event(at, 'models', id, state, state, detail);
  });
}
