/** Facts about this node that outlive it: its id, and whether it has a past that it does not know. */
import { randomBytes } from 'node:crypto';
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

/** The node's id, made once per ledger: part of container names, so that two nodes on one engine never touch each other's. */
export function nodeId(db: Db): string {
  db.run("INSERT INTO node (key, value) VALUES ('id', ?) ON CONFLICT (key) DO NOTHING", randomBytes(4).toString('hex'));
  return db.get<{ value: string }>("SELECT value FROM node WHERE key = 'id'")?.value ?? '';
}

/** When this ledger was restored from a backup: what the node did after the backup was made it does not know. */
export function restoredAt(db: Db): EpochMs | undefined {
  const row = db.get<{ value: string }>("SELECT value FROM node WHERE key = 'restored_at'");
  return row && Number(row.value);
}

/** Records a restore. */
export function recordRestore(db: Db, at: EpochMs): void {
  db.run("INSERT INTO node (key, value) VALUES ('restored_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", String(at));
}

/** The node's id in the names of its containers: another one after each restore, as run numbers are given a second time then. */
export function containerId(db: Db): string {
  const at = restoredAt(db);
  return at === undefined ? nodeId(db) : `${nodeId(db)}-${at.toString(36)}`;
}
