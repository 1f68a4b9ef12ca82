/** A run that a rule makes of a study version, in the place of those that it made of earlier ones: as the router enters it. */
import type { Db } from '../../src/ledger/database.js';
import { replaceEarlierRuns } from '../../src/ledger/run-succession.js';
import { insertRun, type NewRun } from '../../src/ledger/runs.js';

/** Returns the number of the run. */
export function enterRuleRun(db: Db, run: NewRun, at: number): number {
  const id = insertRun(db, run, at);
  replaceEarlierRuns(db, [id], []);
  return id;
}
