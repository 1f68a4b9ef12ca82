/** Queries on runs that do the same: of one study, with the same input, model and settings. */
import type { Db } from './database.js';
import type { RunRow } from './runs.js';

/** SHA-256 of each instance that a run takes, by the name of its input. */
export function inputHashes(db: Db, run: Pick<RunRow, 'id' | 'version_id'>): { name: string; sha256: string }[] {
  return db.all(
    `SELECT n.name, i.sha256 FROM run_inputs n JOIN version_instances v ON v.version_id = ?
     JOIN instances i ON i.id = v.instance_id AND i.series_instance_uid = n.series_instance_uid
     WHERE n.run_id = ? ORDER BY n.name, i.sha256`,
    run.version_id,
    run.id,
  );
}

const OF_STUDY = `SELECT r.* FROM runs r JOIN versions v ON v.id = r.version_id
  WHERE r.input_hash = ? AND r.id <> ? AND r.purpose = 'clinical' AND v.study_id = (SELECT study_id FROM versions WHERE id = ?)`;

/** The first run of the study that has done the same and whose results still stand. */
export function equalRunDone(db: Db, hash: string, run: Pick<RunRow, 'id' | 'version_id'>): RunRow | undefined {
  return db.get<RunRow>(
    `${OF_STUDY} AND r.state = 'done' AND r.same_as IS NULL AND (r.replaced_by IS NULL OR r.replaced_by = ?)
       AND NOT EXISTS (SELECT 1 FROM results x WHERE x.run_id = r.id AND (x.state IN ('superseded', 'made') OR x.purged_at IS NOT NULL))
     ORDER BY r.id LIMIT 1`,
    hash,
    run.id,
    run.version_id,
    run.id,
  );
}

/** A run of the study that is doing the same now. */
export function equalRunUnderWay(db: Db, hash: string, run: Pick<RunRow, 'id' | 'version_id'>): RunRow | undefined {
  return db.get<RunRow>(
    `${OF_STUDY} AND r.state IN ('starting', 'running', 'produced') ORDER BY r.id LIMIT 1`,
    hash,
    run.id,
    run.version_id,
  );
}

/** Runs that wait for one that did the same, and that is not under way any more. */
export function runsToStopWaiting(db: Db): RunRow[] {
  return db.all<RunRow>(
    `SELECT w.* FROM runs w JOIN runs r ON r.id = w.same_as
     WHERE w.same_as IS NOT NULL AND w.state = 'waiting' AND r.state NOT IN ('starting', 'running', 'produced') ORDER BY w.id`,
  );
}

/** Records what a run's input, model and settings are; the same hash is the same work. */
export function recordInputHash(db: Db, runId: number, hash: string): void {
  db.run('UPDATE runs SET input_hash = ? WHERE id = ?', hash, runId);
}

/** This run stands for the version of the other as well: it has not replaced it. */
export function keepUnreplaced(db: Db, runId: number, by: number): void {
  db.run('UPDATE runs SET replaced_by = NULL WHERE id = ? AND replaced_by = ?', runId, by);
}
