/** Queries on instances: rows of files that are in the archive, written only by the receiver. */
import type { EpochMs } from '../foundation/clock.js';
import type { Header } from '../dicom/header.js';
import type { StudyHints } from '../dicom/query/levels.js';
import type { Db } from './database.js';

export interface InstanceRow {
  readonly id: number;
  readonly study_id: number;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly patient_id: string;
  /** JSON of a `Header`; see `headerOf`. */
  readonly header: string;
  readonly own_result: 0 | 1;
  readonly received_at: EpochMs;
  readonly calling_ae: string;
  readonly remote_address: string;
  readonly standing: 'current' | 'replaced' | 'conflict';
}

export type NewInstance = Omit<InstanceRow, 'id'>;

/** The header of a row, parsed. */
export function headerOf(row: Pick<InstanceRow, 'header'>): Header {
  return JSON.parse(row.header) as Header;
}

/** Inserts a row and returns its id. */
export function insertInstance(db: Db, row: NewInstance): number {
  return db.run(
    `INSERT INTO instances (study_id, series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, path, size_bytes,
       sha256, patient_id, header, own_result, received_at, calling_ae, remote_address, standing)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.study_id,
    row.series_instance_uid,
    row.sop_instance_uid,
    row.sop_class_uid,
    row.transfer_syntax_uid,
    row.path,
    row.size_bytes,
    row.sha256,
    row.patient_id,
    row.header,
    row.own_result,
    row.received_at,
    row.calling_ae,
    row.remote_address,
    row.standing,
  ).lastId;
}

/** The instance that is served under this UID. */
export function currentInstance(db: Db, sopInstanceUid: string): InstanceRow | undefined {
  return db.get<InstanceRow>("SELECT * FROM instances WHERE sop_instance_uid = ? AND standing = 'current'", sopInstanceUid);
}

/** The row of an archive file, without its header: what the receiver asks for each instance that it takes. */
export interface FileRow extends Pick<InstanceRow, 'id' | 'study_id' | 'path' | 'standing'> {
  readonly purged_at: EpochMs | null;
}

const FILE_COLUMNS = 'id, study_id, path, standing, purged_at';

/** The file that is served under this UID. */
export function currentFile(db: Db, sopInstanceUid: string): FileRow | undefined {
  return db.get<FileRow>(`SELECT ${FILE_COLUMNS} FROM instances WHERE sop_instance_uid = ? AND standing = 'current'`, sopInstanceUid);
}

/** The row of an archive file, whatever its standing. */
export function fileAtPath(db: Db, path: string): FileRow | undefined {
  return db.get<FileRow>(`SELECT ${FILE_COLUMNS} FROM instances WHERE path = ?`, path);
}

/** The row of a corrected instance: it stays for the versions that used it, but is no longer served. */
export function replaceInstance(db: Db, id: number): void {
  db.run("UPDATE instances SET standing = 'replaced' WHERE id = ?", id);
}

/** A result of ours that a later one has replaced: no longer served, its file stays. False where it was not served. */
export function withdrawInstance(db: Db, sopInstanceUid: string): boolean {
  const sql = "UPDATE instances SET standing = 'replaced' WHERE sop_instance_uid = ? AND standing = 'current' AND own_result = 1";
  return db.run(sql, sopInstanceUid).changes > 0;
}

/** A resent earlier content becomes the current one again, also where its file had been purged: then its row says again what it said. */
export function restoreInstance(
  db: Db,
  id: number,
  standing: InstanceRow['standing'],
  { header, patient_id, size_bytes }: Pick<InstanceRow, 'header' | 'patient_id' | 'size_bytes'>,
): void {
  db.run(
    'UPDATE instances SET standing = ?, purged_at = NULL, header = ?, patient_id = ?, size_bytes = ? WHERE id = ?',
    standing,
    header,
    patient_id,
    size_bytes,
    id,
  );
}

/** True for an archive file that a row stands for; false for one that was purged or never committed. */
export function isStored(db: Db, path: string): boolean {
  return db.get('SELECT 1 FROM instances WHERE path = ? AND purged_at IS NULL', path) !== undefined;
}

export interface InstanceIds {
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  readonly sopInstanceUid?: string;
}

/** Current instances at or below a level, own results included; ordered by series and arrival. */
export function currentInstances(db: Db, ids: InstanceIds): (InstanceRow & { study_instance_uid: string })[] {
  const clauses = ["i.standing = 'current'"];
  const values: string[] = [];
  const add = (column: string, value: string | undefined) => {
    if (value === undefined) return;
    clauses.push(`${column} = ?`);
    values.push(value);
  };
  add('s.study_instance_uid', ids.studyInstanceUid);
  add('i.series_instance_uid', ids.seriesInstanceUid);
  add('i.sop_instance_uid', ids.sopInstanceUid);
  return db.all(
    `SELECT i.*, s.study_instance_uid FROM instances i JOIN studies s ON s.id = i.study_id
     WHERE ${clauses.join(' AND ')} ORDER BY i.study_id, i.series_instance_uid, i.id`,
    ...values,
  );
}

/** UIDs and headers of the instances that would be the study's next version. */
export function currentHeaders(db: Db, studyId: number): Pick<InstanceRow, 'series_instance_uid' | 'sop_instance_uid' | 'header'>[] {
  const sql = `SELECT series_instance_uid, sop_instance_uid, header FROM instances
    WHERE study_id = ? AND standing = 'current' AND own_result = 0 ORDER BY series_instance_uid, id`;
  return db.all(sql, studyId);
}

export interface StoredSeriesRow {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly instance_count: number;
  /** Of the instance that came first. */
  readonly header: string;
}

/** An archive has more headers than fit into memory: they are read for so many studies at a time. */
const STUDIES_AT_ONCE = 100;

/**
 * The series of these studies, or of all, those of one study in a row; studies that cannot match `hints` are left out. Reads only as far
 * as it is asked, `studiesAtOnce` studies ahead.
 */
export function* storedSeries(
  db: Db,
  studyInstanceUids?: readonly string[],
  studiesAtOnce = STUDIES_AT_ONCE,
  hints: StudyHints = {},
): Generator<StoredSeriesRow> {
  const { clauses, values } = studyFilter(studyInstanceUids, hints);
  for (let after = 0; ;) {
    const studies = db.all<{ id: number }>(
      `SELECT id FROM studies WHERE ${['id > ?', ...clauses].join(' AND ')} ORDER BY id LIMIT ?`,
      after,
      ...values,
      studiesAtOnce,
    );
    if (studies.length === 0) return;
    const ids = studies.map(({ id }) => id);
    yield* db.all<StoredSeriesRow>(
      `SELECT s.study_instance_uid, k.series_instance_uid, i.header,
         (SELECT count(*) FROM instances n
          WHERE n.study_id = k.study_id AND n.series_instance_uid = k.series_instance_uid AND n.standing = 'current') AS instance_count
       FROM series_search k JOIN studies s ON s.id = k.study_id JOIN instances i ON i.id = k.instance_id
       WHERE k.study_id IN (SELECT value FROM json_each(?)) ORDER BY k.study_id, k.series_instance_uid`,
      JSON.stringify(ids),
    );
    after = ids[ids.length - 1];
  }
}

function studyFilter(studyInstanceUids: readonly string[] | undefined, hints: StudyHints): { clauses: string[]; values: string[] } {
  const clauses: string[] = [];
  const values: string[] = [];
  const add = (clause: string, ...bound: string[]): void => {
    clauses.push(clause);
    values.push(...bound);
  };
  const { patientId, accessionNumber, studyDate, modalities } = hints;
  const series = (condition: string): string => `id IN (SELECT study_id FROM series_search WHERE ${condition})`;
  if (studyInstanceUids) add('study_instance_uid IN (SELECT value FROM json_each(?))', JSON.stringify(studyInstanceUids));
  if (patientId !== undefined) add(series('patient_id = ?'), patientId);
  if (accessionNumber !== undefined) add(series('accession_number = ?'), accessionNumber);
  if (modalities) add(series('modality IN (SELECT value FROM json_each(?))'), JSON.stringify(modalities));
  if (studyDate?.from) add(series('study_date >= ?'), studyDate.from);
  if (studyDate?.to) add(series('study_date <= ?'), studyDate.to);
  return { clauses, values };
}

/** The frozen members of a study version. */
export function instancesOfVersion(db: Db, versionId: number, seriesInstanceUid?: string): InstanceRow[] {
  const rows = db.all<InstanceRow>(
    `SELECT i.* FROM version_instances v JOIN instances i ON i.id = v.instance_id
     WHERE v.version_id = ? ORDER BY i.series_instance_uid, i.id`,
    versionId,
  );
  return seriesInstanceUid === undefined ? rows : rows.filter((row) => row.series_instance_uid === seriesInstanceUid);
}

/** True if an instance that the run takes has been corrected since its study version was frozen. */
export function inputWasCorrected(db: Db, runId: number): boolean {
  return (
    db.get(
      `SELECT 1 FROM runs r JOIN run_inputs n ON n.run_id = r.id JOIN version_instances v ON v.version_id = r.version_id
       JOIN instances i ON i.id = v.instance_id AND i.series_instance_uid = n.series_instance_uid
       WHERE r.id = ? AND i.standing <> 'current' LIMIT 1`,
      runId,
    ) !== undefined
  );
}

/** True if any instance of a study version has been corrected since it was frozen. */
export function versionWasCorrected(db: Db, versionId: number): boolean {
  const sql = `SELECT 1 FROM version_instances v JOIN instances i ON i.id = v.instance_id
    WHERE v.version_id = ? AND i.standing <> 'current' LIMIT 1`;
  return db.get(sql, versionId) !== undefined;
}

/** How many different patients the study's current instances name. */
export function patientCount(db: Db, studyId: number): number {
  return (
    db.get<{ n: number }>(
      "SELECT count(DISTINCT patient_id) AS n FROM instances WHERE study_id = ? AND standing = 'current' AND own_result = 0",
      studyId,
    )?.n ?? 0
  );
}

/** True for the UID of an object that this node made: a result, or the rejection note of one. */
export function isOwnResult(db: Db, sopInstanceUid: string): boolean {
  const sql = `SELECT 1 FROM results WHERE sop_instance_uid = ?
    UNION ALL SELECT 1 FROM withdrawals WHERE note_sop_instance_uid = ?`;
  return db.get(sql, sopInstanceUid, sopInstanceUid) !== undefined;
}
