/** Queries on permissions: who answers for the use of a model that its licence or status does not allow, why, and until when. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

export interface PermissionRow {
  readonly id: number;
  readonly model_id: number;
  readonly by: string;
  readonly reason: string;
  readonly given_at: EpochMs;
  readonly until: EpochMs;
  readonly ended_at: EpochMs | null;
  readonly ended_by: string | null;
}

export type NewPermission = Pick<PermissionRow, 'model_id' | 'by' | 'reason' | 'until'>;

/** Gives a permission; one that holds already ends with it. */
export function givePermission(db: Db, permission: NewPermission, at: EpochMs): PermissionRow {
  const { model_id, by, reason, until } = permission;
  return db.transaction(() => {
    endPermission(db, model_id, by, at);
    const { lastId } = db.run(
      'INSERT INTO model_permissions (model_id, by, reason, given_at, until) VALUES (?, ?, ?, ?, ?)',
      model_id,
      by,
      reason,
      at,
      until,
    );
    db.event(
      at,
      'model_permissions',
      lastId,
      null,
      'given',
      `model ${model_id}, by ${by} until ${new Date(until).toISOString()}: ${reason}`,
    );
    return permissionInForce(db, model_id, at) as PermissionRow;
  });
}

/** Takes a permission back; false where none holds. */
export function endPermission(db: Db, modelId: number, by: string, at: EpochMs): boolean {
  return db.transaction(() => {
    const held = permissionInForce(db, modelId, at);
    if (held === undefined) return false;
    db.run('UPDATE model_permissions SET ended_at = ?, ended_by = ? WHERE id = ?', at, by, held.id);
    db.event(at, 'model_permissions', held.id, 'given', 'ended', `by ${by}`);
    return true;
  });
}

/** The permission of a model that holds at this time: nothing has to happen for it to end. */
export function permissionInForce(db: Db, modelId: number, at: EpochMs): PermissionRow | undefined {
  return db.get<PermissionRow>(
    'SELECT * FROM model_permissions WHERE model_id = ? AND ended_at IS NULL AND until > ? ORDER BY id DESC LIMIT 1',
    modelId,
    at,
  );
}

/** The last permission that a model had, whether it holds or not. */
export function lastPermission(db: Db, modelId: number): PermissionRow | undefined {
  return db.get<PermissionRow>('SELECT * FROM model_permissions WHERE model_id = ? ORDER BY id DESC LIMIT 1', modelId);
}

/** Runs of this model that ended as it may not be used on patients, and that would run with it if they were tried again. */
export function refusedRunsOf(db: Db, modelId: number): number[] {
  const sql =
    "SELECT id FROM runs WHERE model_id = ? AND purpose = 'clinical' AND state = 'cancelled' AND failure_code = 'USE_NOT_PERMITTED' ORDER BY id";
  return db.all<{ id: number }>(sql, modelId).map(({ id }) => id);
}
