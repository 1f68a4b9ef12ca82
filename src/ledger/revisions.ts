/** Queries on revisions of the rules: what was in force, since when, by whom and why. A revision is never deleted. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

/** Text by file name. */
export type RevisionFiles = Readonly<Record<string, string>>;

export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What a change did to rules and to files; empty for the first one, and for those from before this was kept. */
export interface WhatChanged {
  readonly rules?: NameChanges;
  readonly files?: NameChanges;
}

export type ChangeCause = 'start' | 'files' | 'rollback';

export interface RuleChangeRow {
  readonly id: number;
  readonly revision: string;
  readonly at: EpochMs;
  readonly author: string | null;
  readonly cause: ChangeCause;
  readonly reason: string | null;
  /** JSON: `WhatChanged`. */
  readonly changed: string;
  readonly written_at: EpochMs | null;
}

export interface NewRuleChange {
  readonly revision: string;
  readonly files: RevisionFiles;
  readonly author: string | undefined;
  readonly cause: ChangeCause;
  readonly reason?: string | undefined;
  readonly changed: WhatChanged;
  /** False for a rollback whose files are still to be written. */
  readonly written: boolean;
}

/** Keeps the files of a revision and that it comes in force now, in one transaction. Returns the change's id. */
export function recordRuleChange(db: Db, change: NewRuleChange, at: EpochMs): number {
  return db.transaction(() => {
    db.run(
      'INSERT INTO rule_revisions (revision, files, in_force_at) VALUES (?, ?, ?) ON CONFLICT (revision) DO UPDATE SET in_force_at = excluded.in_force_at',
      change.revision,
      JSON.stringify(change.files),
      at,
    );
    const { lastId } = db.run(
      'INSERT INTO rule_changes (revision, at, author, cause, reason, changed, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      change.revision,
      at,
      change.author ?? null,
      change.cause,
      change.reason ?? null,
      JSON.stringify(change.changed),
      change.written ? at : null,
    );
    return lastId;
  });
}

/** The files of a rollback are all in their place. */
export function recordFilesWritten(db: Db, changeId: number, at: EpochMs): void {
  db.run('UPDATE rule_changes SET written_at = ? WHERE id = ?', at, changeId);
}

/** The change that put in force what is in force now. */
export function lastRuleChange(db: Db): RuleChangeRow | undefined {
  return db.get<RuleChangeRow>('SELECT * FROM rule_changes ORDER BY id DESC LIMIT 1');
}

/** The newest changes first. */
export function listRuleChanges(db: Db, limit: number): RuleChangeRow[] {
  return db.all<RuleChangeRow>('SELECT * FROM rule_changes ORDER BY id DESC LIMIT ?', limit);
}

/** The files of a revision. */
export function filesOfRevision(db: Db, revision: string): RevisionFiles | undefined {
  const row = db.get<{ files: string }>('SELECT files FROM rule_revisions WHERE revision = ?', revision);
  return row && (JSON.parse(row.files) as RevisionFiles);
}

/** The revisions whose name begins so; all hexadecimal digits, or there are none. */
export function revisionsLike(db: Db, prefix: string): string[] {
  if (!/^[0-9a-f]+$/i.test(prefix)) return [];
  const sql = 'SELECT revision FROM rule_revisions WHERE revision LIKE ? ORDER BY in_force_at DESC';
  return db.all<{ revision: string }>(sql, `${prefix}%`).map(({ revision }) => revision);
}
