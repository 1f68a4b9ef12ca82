/** Makings of results that the node may not survive, counted. */
import type { Db } from './database.js';

/** Counts a making of a run's results before it begins: should the node die in the middle of it, it stays counted. */
export function beginMaking(db: Db, runId: number): void {
  db.run('UPDATE runs SET makings = makings + 1 WHERE id = ?', runId);
}

/** Says that a making of a run's results has come to an end, in whatever way. */
export function endMaking(db: Db, runId: number): void {
  db.run('UPDATE runs SET makings = 0 WHERE id = ?', runId);
}
