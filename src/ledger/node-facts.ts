/** Facts about this node that outlive it: its id. */
import { randomBytes } from 'node:crypto';
import type { Db } from './database.js';

/** The node's id, made once per ledger: part of container names, so that two nodes on one engine never touch each other's. */
export function nodeId(db: Db): string {
  db.run("INSERT INTO node (key, value) VALUES ('id', ?) ON CONFLICT (key) DO NOTHING", randomBytes(4).toString('hex'));
  return db.get<{ value: string }>("SELECT value FROM node WHERE key = 'id'")?.value ?? '';
}
