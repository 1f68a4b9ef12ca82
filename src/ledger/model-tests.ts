/** Queries on the tests of registered models: a passed one is what makes a model trusted, and what is repeated later. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { modelById, type ModelRow } from './models.js';

export interface ModelTestRow {
  readonly id: number;
  readonly model_id: number;
  readonly at: EpochMs;
  readonly cause: 'by-hand' | 'schedule';
  readonly passed: 0 | 1;
  readonly workflow: string;
  readonly sample: string;
  readonly reference: string;
  readonly report: string | null;
  readonly reason: string | null;
}

export type NewModelTest = Pick<ModelTestRow, 'cause' | 'workflow' | 'sample' | 'reference'> & {
  readonly passed: boolean;
  readonly report?: string | undefined;
  readonly reason?: string | undefined;
};

/** When it is to be repeated, and what becomes of a model in use that has drifted. */
export interface AfterTest {
  readonly nextAt: EpochMs | null;
  readonly onDrift: 'suspend' | 'warn';
}

/**
 * Records how a test of a model ended. A passed one makes a registered model a tested one; a model that was in use without needs its override no
 * longer. One that a model in use had passed before and fails now is a drift, unless somebody answers for its use without a passed test: it suspends
 * the model in the same transaction. Returns why, where it is one.
 */
export function recordModelTest(db: Db, id: number, test: NewModelTest, at: EpochMs, { nextAt, onDrift }: AfterTest): string | undefined {
  const { cause, passed, workflow, sample, reference, report, reason } = test;
  return db.transaction(() => {
    const before = lastPassedTest(db, id);
    db.run(
      'INSERT INTO model_tests (model_id, at, cause, passed, workflow, sample, reference, report, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      at,
      cause,
      passed ? 1 : 0,
      workflow,
      sample,
      reference,
      report ?? null,
      reason ?? null,
    );
    const { state, override_reason: override, suspended_by: suspendedBy } = modelById(db, id) as ModelRow;
    db.event(at, 'models', id, state, state, `test ${passed ? 'passed' : 'failed'} (${cause})${reason === undefined ? '' : `: ${reason}`}`);
    if (passed) {
      db.move('models', id, 'tested', { at, from: ['registered'], detail: `test passed, report ${report ?? 'none'}` });
      db.run('UPDATE models SET override_reason = NULL, override_by = NULL WHERE id = ?', id);
    }
    setTestDue(db, id, nextAt);
    const inUse = state === 'active' || (state === 'suspended' && suspendedBy !== 'drift');
    if (passed || !inUse || before === undefined || override !== null) return undefined;
    const why = driftText(before.at, reason);
    const set = { suspended_reason: why, suspended_at: at, suspended_by: 'drift' };
    if (onDrift === 'suspend' && state === 'active') db.move('models', id, 'suspended', { at, from: ['active'], set, detail: why });
    else if (onDrift === 'suspend') keepSuspendedFor(db, id, why, at);
    return why;
  });
}

/** The circuit breaker has suspended it before: its probes must not bring back what fails no run and is wrong. */
function keepSuspendedFor(db: Db, id: number, why: string, at: EpochMs): void {
  db.run("UPDATE models SET suspended_reason = suspended_reason || '; ' || ?, suspended_by = 'drift' WHERE id = ?", why, id);
  db.event(at, 'models', id, 'suspended', 'suspended', why);
}

function driftText(passedAt: EpochMs, reason = 'see its report'): string {
  return `its test, which it passed at ${new Date(passedAt).toISOString().slice(0, 16).replace('T', ' ')}, fails now: ${reason}`;
}

/** When a model's test is to be repeated; null: not by itself. */
export function setTestDue(db: Db, id: number, at: EpochMs | null): void {
  db.run('UPDATE models SET test_due_at = ? WHERE id = ?', at, id);
}

/** The last test of a model, of any cause. */
export function lastTest(db: Db, modelId: number): ModelTestRow | undefined {
  return db.get<ModelTestRow>('SELECT * FROM model_tests WHERE model_id = ? ORDER BY id DESC LIMIT 1', modelId);
}

/** The last test that a model has passed: what a later one is held against, with its sample and reference. */
export function lastPassedTest(db: Db, modelId: number): ModelTestRow | undefined {
  return db.get<ModelTestRow>('SELECT * FROM model_tests WHERE model_id = ? AND passed = 1 ORDER BY id DESC LIMIT 1', modelId);
}
