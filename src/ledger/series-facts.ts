/** Queries on the facts of series that rules look at. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';
import { FOR_PATIENTS } from './evaluation-schema.js';
import type { InstanceRow } from './instances.js';
import type { StudyRow } from './studies.js';

export interface NewSeriesFacts {
  readonly seriesInstanceUid: string;
  readonly firstInstanceId: number;
  readonly code: string;
  /** JSON. */
  readonly facts: string;
}

/** Keeps the facts of a version's series in place of those kept before. */
export function keepSeriesFacts(db: Db, versionId: number, series: readonly NewSeriesFacts[]): void {
  db.run('DELETE FROM series_facts WHERE version_id = ?', versionId);
  for (const { seriesInstanceUid, firstInstanceId, code, facts } of series) {
    db.run(
      'INSERT INTO series_facts (version_id, series_instance_uid, first_instance_id, code, facts) VALUES (?, ?, ?, ?, ?)',
      versionId,
      seriesInstanceUid,
      firstInstanceId,
      code,
      facts,
    );
  }
}

export interface SeriesFactsRow {
  readonly version_id: number;
  readonly series_instance_uid: string;
  readonly code: string;
  readonly facts: string;
  /** Of the first instance. */
  readonly header: string;
}

/** What is kept of these versions, with the header of each series' first instance. */
export function seriesFactsOf(db: Db, versionIds: readonly number[]): SeriesFactsRow[] {
  return db.all<SeriesFactsRow>(
    `SELECT f.version_id, f.series_instance_uid, f.code, f.facts, i.header
     FROM json_each(?) j JOIN series_facts f ON f.version_id = j.value JOIN instances i ON i.id = f.first_instance_id
     ORDER BY f.version_id, f.series_instance_uid`,
    JSON.stringify(versionIds),
  );
}

/** The newest version of a study, with what of the study rules may ask. */
export type RehearsedRow = Pick<StudyRow, 'study_instance_uid' | 'calling_ae' | 'called_ae' | 'remote_address' | 'first_received_at'> & {
  readonly study_id: number;
  readonly version_id: number;
  readonly last_received_at: EpochMs;
  /** Of how many of its instances the file, and what was known of them, is purged. */
  readonly purged: number;
};

const WITH_ORIGIN = `SELECT s.id AS study_id, s.study_instance_uid, s.calling_ae, s.called_ae, s.remote_address, s.first_received_at, s.last_received_at,
    v.id AS version_id, EXISTS (
      SELECT 1 FROM version_instances m JOIN instances i ON i.id = m.instance_id WHERE m.version_id = v.id AND i.purged_at IS NOT NULL) AS purged
  FROM studies s JOIN versions v ON v.study_id = s.id`;

/** One version, as a rehearsal reads it. */
export function versionAsRehearsed(db: Db, versionId: number): RehearsedRow | undefined {
  return db.get<RehearsedRow>(`${WITH_ORIGIN} WHERE v.id = ?`, versionId);
}

/** Newest versions of studies to which something has come since `receivedSince`, by the study's row from `after` on, so many at a time. */
export function versionsSince(db: Db, receivedSince: EpochMs, after: number, limit: number): RehearsedRow[] {
  return db.all<RehearsedRow>(
    `${WITH_ORIGIN} AND v.number = (SELECT max(n.number) FROM versions n WHERE n.study_id = s.id)
     WHERE s.id > ? AND s.last_received_at >= ? AND ${FOR_PATIENTS} ORDER BY s.id LIMIT ?`,
    after,
    receivedSince,
    limit,
  );
}

/** How many such studies there are. */
export function countVersionsSince(db: Db, receivedSince: EpochMs): number {
  const sql = `SELECT count(*) AS n FROM studies s
    WHERE s.last_received_at >= ? AND EXISTS (SELECT 1 FROM versions v WHERE v.study_id = s.id) AND ${FOR_PATIENTS}`;
  return db.get<{ n: number }>(sql, receivedSince)?.n ?? 0;
}

/** The instances of a series in a version, as facts are made of them. */
export function headersOfSeries(db: Db, versionId: number, seriesInstanceUid: string): Pick<InstanceRow, 'sop_instance_uid' | 'header'>[] {
  return db.all(
    `SELECT i.sop_instance_uid, i.header FROM version_instances v JOIN instances i ON i.id = v.instance_id
     WHERE v.version_id = ? AND i.series_instance_uid = ? ORDER BY i.id`,
    versionId,
    seriesInstanceUid,
  );
}

/** Mean duration in milliseconds of the last runs of each model that were done, by its name. */
export function runTimesByModel(db: Db): Map<string, number> {
  const rows = db.all<{ model_name: string; ms: number }>(
    `SELECT model_name, avg(ended_at - started_at) AS ms FROM (
       SELECT model_name, started_at, ended_at, row_number() OVER (PARTITION BY model_name ORDER BY ended_at DESC) AS nth
       FROM runs WHERE state = 'done' AND started_at IS NOT NULL AND ended_at IS NOT NULL AND same_as IS NULL)
     WHERE nth <= 50 GROUP BY model_name`,
  );
  return new Map(rows.map(({ model_name, ms }) => [model_name, ms]));
}
