/** Queries on what a person has stopped for a while. A pause holds back what has not begun; what is under way goes on. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

export const PAUSE_KINDS = ['all', 'model', 'rule', 'destination'] as const;
export type PauseKind = (typeof PAUSE_KINDS)[number];

export interface PauseRow {
  readonly kind: PauseKind;
  /** Empty for `all`. */
  readonly name: string;
  readonly reason: string | null;
  /** Who did it. */
  readonly by: string;
  readonly since: EpochMs;
}

/** Pauses something; where it is paused already, the first pause stays. Returns the one that holds. */
export function pause(db: Db, { kind, name, reason, by, since }: PauseRow): PauseRow {
  const sql = 'INSERT INTO pauses (kind, name, reason, by, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, name) DO NOTHING';
  return db.transaction(() => {
    db.run(sql, kind, name, reason, by, since);
    return db.get<PauseRow>('SELECT * FROM pauses WHERE kind = ? AND name = ?', kind, name) as PauseRow;
  });
}

/** Ends a pause; false where there is none. */
export function unpause(db: Db, kind: PauseKind, name: string): boolean {
  return db.run('DELETE FROM pauses WHERE kind = ? AND name = ?', kind, name).changes > 0;
}

/** All pauses, the oldest first. */
export function listPauses(db: Db): PauseRow[] {
  return db.all<PauseRow>('SELECT * FROM pauses ORDER BY since, kind, name');
}

/** What keeps a destination from getting anything: its own pause, or that of all. */
export function pauseOfDestination(db: Db, name: string): PauseRow | undefined {
  return db.get<PauseRow>("SELECT * FROM pauses WHERE kind = 'all' OR (kind = 'destination' AND name = ?) ORDER BY kind LIMIT 1", name);
}

/** What keeps runs of this rule, or of this model, from starting. */
export function pauseOfRun(
  pauses: readonly PauseRow[],
  run: { readonly model_name: string; readonly rule: string | null },
): PauseRow | undefined {
  return pauses.find(
    ({ kind, name }) => kind === 'all' || (kind === 'model' && name === run.model_name) || (kind === 'rule' && name === run.rule),
  );
}

/** One sentence for people: `destination pacs is paused by anna since 2026-11-25 20:30: new certificate`. */
export function pauseText({ kind, name, reason, by, since }: PauseRow): string {
  const what = kind === 'all' ? 'everything' : `${kind} ${name}`;
  return `${what} is paused by ${by} since ${localTime(since)}${reason === null ? '' : `: ${reason}`}`;
}

function localTime(at: EpochMs): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
