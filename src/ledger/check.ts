/** Queries that look at the ledger as a whole: is the file sound, and do its rows fit together. */
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from './database.js';
import { DUE_OUTCOMES } from './due-schema.js';
import { MIGRATIONS } from './schema.js';

/** Throws CONFIG_INVALID for a ledger of another version of the program than this one. */
export function demandSchema(db: Db): void {
  const seen = db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (seen === MIGRATIONS.length) return;
  throw new AnteroomError(
    'CONFIG_INVALID',
    `the ledger has schema ${seen}, expected ${MIGRATIONS.length}: start the node of this version once`,
  );
}

/** What SQLite itself finds wrong, one sentence each; `fast` leaves out the comparison of tables with their indexes. */
export function databaseFaults(db: Db, fast: boolean): string[] {
  const checked = db.all<Record<string, string>>(fast ? 'PRAGMA quick_check(50)' : 'PRAGMA integrity_check(50)');
  const foreign = db.all<{ table: string; rowid: number | null; parent: string }>('PRAGMA foreign_key_check');
  return [
    ...checked.map((row) => Object.values(row)[0]).filter((text) => text !== 'ok'),
    ...foreign.map(({ table, rowid, parent }) => `row ${rowid ?? '?'} of ${table} names a row of ${parent} that is not there`),
  ];
}

/** Rows that cannot be so, whatever happened: what is wrong, and a query for their ids. */
const CONTRADICTIONS: readonly (readonly [table: string, text: string, sql: string])[] = [
  ['instances', 'is served, and its file was purged', "SELECT id FROM instances WHERE standing = 'current' AND purged_at IS NOT NULL"],
  [
    'studies',
    'is purged, and has instances whose files were not',
    "SELECT s.id FROM studies s WHERE s.state = 'purged' AND EXISTS (SELECT 1 FROM instances i WHERE i.study_id = s.id AND i.purged_at IS NULL)",
  ],
  [
    'studies',
    'counts other instances than it has',
    `SELECT s.id FROM studies s WHERE s.state <> 'purged' AND s.instance_count <>
       (SELECT count(*) FROM instances i WHERE i.study_id = s.id AND i.standing = 'current' AND i.own_result = 0)`,
  ],
  ['versions', 'is decided, and has no decision', "SELECT id FROM versions WHERE state = 'decided' AND decision IS NULL"],
  [
    'versions',
    'was due other results than there are dues',
    `SELECT v.id FROM versions v WHERE v.decision IS NOT NULL
       AND (SELECT count(*) FROM dues d WHERE d.version_id = v.id) <> (SELECT count(*) FROM json_each(v.decision, '$.rules') j
         WHERE j.value ->> '$.outcome' IN (${DUE_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')}))`,
  ],
  [
    'runs',
    'is done, and has results that are not',
    "SELECT r.id FROM runs r JOIN results x ON x.run_id = r.id WHERE r.state = 'done' AND x.state = 'made'",
  ],
  ['results', 'passed the gate, and has no file', "SELECT id FROM results WHERE state IN ('passed', 'superseded') AND path IS NULL"],
  [
    'deliveries',
    'is of a result that did not pass the gate',
    "SELECT d.id FROM deliveries d JOIN results x ON x.id = d.result_id WHERE x.state NOT IN ('passed', 'superseded')",
  ],
  [
    'deliveries',
    'is still to be sent, and the file of its result was purged',
    `SELECT d.id FROM deliveries d JOIN results x ON x.id = d.result_id
     WHERE d.state IN ('pending', 'sending', 'unsure', 'held') AND x.purged_at IS NOT NULL`,
  ],
  ['deliveries', 'has arrived, and it is not known when', "SELECT id FROM deliveries WHERE state = 'delivered' AND delivered_at IS NULL"],
];

/** Rows that contradict each other. */
export function contradictions(db: Db): { table: string; id: number; text: string }[] {
  return CONTRADICTIONS.flatMap(([table, text, sql]) => db.all<{ id: number }>(sql).map(({ id }) => ({ table, id, text })));
}

/** A file that a row says is there. */
export interface FileOfRow {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly path: string;
  readonly size_bytes: number;
  /** Of the data set for instances, of the whole file for results. */
  readonly sha256: string;
}

const INSTANCE_FILES = `SELECT i.id, s.study_instance_uid, i.sop_instance_uid, i.path, i.size_bytes, i.sha256
  FROM instances i JOIN studies s ON s.id = i.study_id WHERE i.purged_at IS NULL`;
const RESULT_FILES = `SELECT x.id, s.study_instance_uid, x.sop_instance_uid, x.path, x.size_bytes, x.sha256
  FROM results x JOIN runs r ON r.id = x.run_id JOIN versions v ON v.id = r.version_id JOIN studies s ON s.id = v.study_id
  WHERE x.path IS NOT NULL AND x.purged_at IS NULL`;

export type FileKind = 'instance' | 'result';

/** The files that should be there, of one study or of all; reads only as far as it is asked. */
export function* filesOfRows(db: Db, kind: FileKind, studyInstanceUid?: string, atOnce = 500): Generator<FileOfRow> {
  const [sql, id] = kind === 'instance' ? [INSTANCE_FILES, 'i.id'] : [RESULT_FILES, 'x.id'];
  for (let after = 0; ;) {
    const rows = db.all<FileOfRow>(
      `${sql} AND ${id} > ? AND (? IS NULL OR s.study_instance_uid = ?) ORDER BY ${id} LIMIT ?`,
      after,
      studyInstanceUid ?? null,
      studyInstanceUid ?? null,
      atOnce,
    );
    if (rows.length === 0) return;
    yield* rows;
    after = rows[rows.length - 1].id;
  }
}

/** Number and bytes of the files that should be there. */
export function filesTotal(db: Db, studyInstanceUid?: string): { count: number; bytes: number } {
  const total = (sql: string) =>
    db.get<{ count: number; bytes: number }>(
      `SELECT count(*) AS count, coalesce(sum(size_bytes), 0) AS bytes FROM (${sql} AND (? IS NULL OR s.study_instance_uid = ?))`,
      studyInstanceUid ?? null,
      studyInstanceUid ?? null,
    ) ?? { count: 0, bytes: 0 };
  const [instances, results] = [total(INSTANCE_FILES), total(RESULT_FILES)];
  return { count: instances.count + results.count, bytes: instances.bytes + results.bytes };
}

/** True while the row still says that its file is there: it may have been purged since it was read. */
export function fileIsStillExpected(db: Db, kind: FileKind, id: number): boolean {
  const table = kind === 'instance' ? 'instances' : 'results';
  return db.get(`SELECT 1 FROM ${table} WHERE id = ? AND purged_at IS NULL`, id) !== undefined;
}
