/** Queries on study versions. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import type { VersionState } from './states.js';

export interface VersionRow {
  readonly id: number;
  readonly study_id: number;
  readonly number: number;
  readonly state: VersionState;
  readonly signal: string;
  readonly signal_detail: string | null;
  readonly settled_at: EpochMs;
  readonly decided_at: EpochMs | null;
  readonly rules_revision: string | null;
  readonly decision: string | null;
}

/** What made a study settle, and in one sentence why. */
export interface SettleSignal {
  readonly signal: string;
  readonly detail: string;
}

/**
 * Freezes the study's current instances as its next version and settles the study, in one transaction. If the set is that
 * of the last version (a resend of what was there), the study settles without a new version.
 * Returns the version's id, or undefined where none was made.
 */
export function settleStudy(db: Db, studyId: number, { signal, detail }: SettleSignal, at: EpochMs): number | undefined {
  return db.transaction(() => {
    const set = { settle_at: null, settle_wait: null };
    if (!db.move('studies', studyId, 'settled', { at, from: ['receiving'], set, detail: `${signal}: ${detail}` })) return undefined;
    const members = db
      .all<{ id: number }>("SELECT id FROM instances WHERE study_id = ? AND standing = 'current' AND own_result = 0 ORDER BY id", studyId)
      .map((row) => row.id);
    const last = lastVersion(db, studyId);
    if (members.length === 0 || (last !== undefined && sameMembers(db, last.id, members))) return undefined;
    const { lastId } = db.run(
      "INSERT INTO versions (study_id, number, state, signal, signal_detail, settled_at) VALUES (?, ?, 'settled', ?, ?, ?)",
      studyId,
      (last?.number ?? 0) + 1,
      signal,
      detail,
      at,
    );
    for (const member of members) db.run('INSERT INTO version_instances (version_id, instance_id) VALUES (?, ?)', lastId, member);
    db.event(at, 'versions', lastId, null, 'settled', signal);
    return lastId;
  });
}

/** The next version of a study with the same members as its last one, to be decided anew. In the caller's transaction, which decides it. */
export function repeatVersion(db: Db, last: VersionRow, { signal, detail }: SettleSignal, at: EpochMs): VersionRow {
  const { lastId } = db.run(
    "INSERT INTO versions (study_id, number, state, signal, signal_detail, settled_at) VALUES (?, ?, 'settled', ?, ?, ?)",
    last.study_id,
    last.number + 1,
    signal,
    detail,
    at,
  );
  db.run(
    'INSERT INTO version_instances (version_id, instance_id) SELECT ?, instance_id FROM version_instances WHERE version_id = ?',
    lastId,
    last.id,
  );
  db.event(at, 'versions', lastId, null, 'settled', signal);
  return versionById(db, lastId) as VersionRow;
}

function sameMembers(db: Db, versionId: number, members: readonly number[]): boolean {
  const before = db.all<{ instance_id: number }>(
    'SELECT instance_id FROM version_instances WHERE version_id = ? ORDER BY instance_id',
    versionId,
  );
  return before.length === members.length && before.every((row, index) => row.instance_id === members[index]);
}

/** The newest version of a study. */
export function lastVersion(db: Db, studyId: number): VersionRow | undefined {
  return db.get<VersionRow>('SELECT * FROM versions WHERE study_id = ? ORDER BY number DESC LIMIT 1', studyId);
}

/** A version by its row. */
export function versionById(db: Db, id: number): VersionRow | undefined {
  return db.get<VersionRow>('SELECT * FROM versions WHERE id = ?', id);
}

/** All versions of a study, oldest first. */
export function versionsOfStudy(db: Db, studyId: number): VersionRow[] {
  return db.all<VersionRow>('SELECT * FROM versions WHERE study_id = ? ORDER BY number', studyId);
}

/** Settled versions that no rule has looked at, oldest first; those of held studies wait until they are released. */
export function undecidedVersions(db: Db): VersionRow[] {
  return db.all<VersionRow>(
    "SELECT v.* FROM versions v JOIN studies s ON s.id = v.study_id WHERE v.state = 'settled' AND s.state <> 'held' ORDER BY v.settled_at, v.id",
  );
}

/** True if a series has the same instances in both versions. */
export function sameSeries(db: Db, versionId: number, otherVersionId: number, seriesInstanceUid: string): boolean {
  const members = (id: number) =>
    db
      .all<{ id: number }>(
        `SELECT i.id FROM version_instances v JOIN instances i ON i.id = v.instance_id
         WHERE v.version_id = ? AND i.series_instance_uid = ? ORDER BY i.id`,
        id,
        seriesInstanceUid,
      )
      .map((row) => row.id);
  return members(versionId).join() === members(otherVersionId).join();
}

/** Records the decision; the caller inserts the runs in the same transaction. */
export function recordDecision(db: Db, versionId: number, decision: string, rulesRevision: string, at: EpochMs): boolean {
  return db.move('versions', versionId, 'decided', { at, set: { decision, rules_revision: rulesRevision, decided_at: at } });
}
