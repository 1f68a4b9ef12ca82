/** What a node has kept, read from its ledger and its archive by a connection of our own. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Db } from '../../src/ledger/database.js';
import { dataSetOf } from './dimse.js';
import { sha256 } from './generated-instance.js';
import type { LogLine, TestNode } from './node.js';

export interface KeptInstance {
  readonly id: number;
  readonly study: string;
  readonly uid: string;
  readonly standing: string;
  /** Relative to the archive. */
  readonly path: string;
  /** Of the data set, as the ledger has it. */
  readonly sha256: string;
}

export interface KeptVersion {
  readonly study: string;
  readonly number: number;
  readonly state: string;
  readonly settledAt: number;
  readonly instanceIds: ReadonlySet<number>;
}

type Folders = Pick<TestNode, 'dataDir'>;

/** Asks the ledger of a node, which may be running. */
export function askLedger<T>({ dataDir }: Folders, ask: (db: Db) => T): T {
  const db = Db.open(join(dataDir, 'ledger.sqlite'), { migrate: false });
  try {
    return ask(db);
  } finally {
    db.close();
  }
}

/** Every instance row, whatever its standing. */
export function keptInstances(node: Folders): KeptInstance[] {
  const sql = `SELECT i.id, s.study_instance_uid AS study, i.sop_instance_uid AS uid, i.standing, i.path, i.sha256
    FROM instances i JOIN studies s ON s.id = i.study_id`;
  return askLedger(node, (db) => db.all<KeptInstance>(sql));
}

/** Every version, oldest first. */
export function keptVersions(node: Folders): KeptVersion[] {
  const sql = `SELECT v.id, s.study_instance_uid AS study, v.number, v.state, v.settled_at AS settledAt
    FROM versions v JOIN studies s ON s.id = v.study_id ORDER BY v.id`;
  const members = 'SELECT instance_id AS id FROM version_instances WHERE version_id = ?';
  return askLedger(node, (db) =>
    db.all<Omit<KeptVersion, 'instanceIds'> & { id: number }>(sql).map((version) => ({
      ...version,
      instanceIds: new Set(db.all<{ id: number }>(members, version.id).map(({ id }) => id)),
    })),
  );
}

/** The hash of the data set that lies in the archive. */
export function hashOnDisk({ dataDir }: Folders, { path }: Pick<KeptInstance, 'path'>): string {
  return sha256(dataSetOf(join(dataDir, 'archive', path)));
}

/** Files in the archive, whether a row knows them or not. */
export function archiveFileCount({ dataDir }: Folders): number {
  return readdirSync(join(dataDir, 'archive'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}

/** Part files of what is being received. */
export function partFiles({ dataDir }: Folders): string[] {
  return readdirSync(join(dataDir, 'incoming'));
}

/** Lines of a log that tell of a fault of our own: an error, INTERNAL, or what is no line of our log at all (a stack trace). */
export function ownFaults(log: readonly LogLine[]): LogLine[] {
  return log.filter(({ level, code }) => level === undefined || level === 'error' || code === 'INTERNAL');
}
