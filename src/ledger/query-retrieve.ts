/** Queries of C-FIND and C-MOVE: read in small batches, for they share the receiver's thread. */
import type { Header } from '../dicom/header.js';
import { headerOf } from './instances.js';
import type { Db } from './database.js';

const BATCH = 100;

/** One header of each patient ID among the current instances, in the order of the IDs. Lazy. */
export function* patientHeaders(db: Db): Generator<Header> {
  for (let after: string | undefined; ;) {
    const rows = db.all<{ patient_id: string; id: number }>(
      `SELECT patient_id, min(id) AS id FROM instances WHERE standing = 'current' AND (? IS NULL OR patient_id > ?)
       GROUP BY patient_id ORDER BY patient_id LIMIT ${BATCH}`,
      after ?? null,
      after ?? null,
    );
    for (const { id } of rows) {
      const row = db.get<{ header: string }>('SELECT header FROM instances WHERE id = ?', id);
      if (row) yield headerOf(row);
    }
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.patient_id;
  }
}

/** The studies in which this patient ID is. */
export function studiesOfPatient(db: Db, patientId: string): string[] {
  return db
    .all<{ uid: string }>(
      `SELECT DISTINCT s.study_instance_uid AS uid FROM instances i JOIN studies s ON s.id = i.study_id
       WHERE i.patient_id = ? AND i.standing = 'current' ORDER BY s.id`,
      patientId,
    )
    .map(({ uid }) => uid);
}

export interface SeriesInstanceRow {
  readonly id: number;
  readonly sop_instance_uid: string;
  readonly header: string;
}

/** The current instances of one series in order of arrival. Lazy. */
export function* instancesOfSeries(db: Db, studyInstanceUid: string, seriesInstanceUid: string): Generator<SeriesInstanceRow> {
  for (let after = 0; ;) {
    const rows = db.all<SeriesInstanceRow>(
      `SELECT i.id, i.sop_instance_uid, i.header FROM instances i
       WHERE i.study_id = (SELECT id FROM studies WHERE study_instance_uid = ?) AND i.series_instance_uid = ? AND i.standing = 'current'
         AND i.id > ? ORDER BY i.id LIMIT ${BATCH}`,
      studyInstanceUid,
      seriesInstanceUid,
      after,
    );
    yield* rows;
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.id ?? after;
  }
}

/** Keys that are undefined match everything; at least one must be given. */
export interface RetrieveKeys {
  readonly patientId?: string;
  readonly studyInstanceUids?: readonly string[];
  readonly seriesInstanceUids?: readonly string[];
  readonly sopInstanceUids?: readonly string[];
}

/** The current instances that the keys name: rows only, for their number is told before the first is sent. */
export function retrievedInstances(db: Db, keys: RetrieveKeys): number[] {
  const clauses: string[] = [];
  const values: string[] = [];
  const among = (column: string, wanted: readonly string[] | undefined): void => {
    if (wanted === undefined) return;
    clauses.push(`${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(wanted));
  };
  among('i.patient_id', keys.patientId === undefined ? undefined : [keys.patientId]);
  among('s.study_instance_uid', keys.studyInstanceUids);
  among('i.series_instance_uid', keys.seriesInstanceUids);
  among('i.sop_instance_uid', keys.sopInstanceUids);
  if (clauses.length === 0) return [];
  return db
    .all<{ id: number }>(
      `SELECT i.id FROM instances i JOIN studies s ON s.id = i.study_id
       WHERE i.standing = 'current' AND ${clauses.join(' AND ')} ORDER BY i.study_id, i.series_instance_uid, i.id`,
      ...values,
    )
    .map(({ id }) => id);
}

/** The archive path of a row; undefined where the row is gone. */
export function pathOfInstance(db: Db, id: number): string | undefined {
  return db.get<{ path: string }>('SELECT path FROM instances WHERE id = ?', id)?.path;
}
