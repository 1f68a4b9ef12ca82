/** A ledger of before dues were kept gets them of its decisions. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Db } from '../../../src/ledger/database.js';
import { DUES } from '../../../src/ledger/due-schema.js';
import { duesOfVersions } from '../../../src/ledger/dues.js';
import { MIGRATIONS } from '../../../src/ledger/schema.js';
import { tempFolder } from '../../support/temp.js';

const decision = (...outcomes: [rule: string, outcome: string][]): string =>
  JSON.stringify({ rules: outcomes.map(([rule, outcome]) => ({ rule, outcome, reason: `why ${rule}`, model: { name: 'm' } })) });

/** A study with two versions: the run that rule `a` made of the first stands for the second. */
function oldLedger(): string {
  const path = join(tempFolder('dues'), 'ledger.sqlite');
  const before = MIGRATIONS.slice(0, MIGRATIONS.indexOf(DUES));
  const db = new Database(path);
  for (const sql of before) db.exec(sql);
  db.pragma(`user_version = ${before.length}`);
  db.exec(`INSERT INTO studies (id, study_instance_uid, state, first_received_at, last_received_at, calling_ae, called_ae, remote_address)
    VALUES (1, '1.2', 'settled', 1, 1, '', '', '')`);
  const version = db.prepare(
    "INSERT INTO versions (id, study_id, number, state, signal, settled_at, decision) VALUES (?, 1, ?, 'decided', 'x', 1, ?)",
  );
  version.run(1, 1, decision(['a', 'applied'], ['b', 'waiting for model']));
  version.run(2, 2, decision(['a', 'applied'], ['b', 'waiting for model'], ['c', 'no series'], ['d', 'not applied']));
  version.run(3, 3, null);
  const run = db.prepare(
    `INSERT INTO runs (id, purpose, version_id, rule, model_name, settings, destinations, priority, state, due_at, created_at)
     VALUES (?, 'clinical', ?, ?, 'm', '{}', '[]', 1, ?, 1, 1)`,
  );
  run.run(1, 1, 'a', 'done');
  run.run(2, 1, 'b', 'cancelled');
  run.run(3, 2, 'b', 'waiting');
  db.close();
  return path;
}

describe('the migration that brings dues', () => {
  it('gives every decision its dues, with the runs that answer them', () => {
    const db = Db.open(oldLedger(), { migrate: true });
    const dues = duesOfVersions(db, [1, 2, 3]).map(({ version_id, rule, outcome, reason, run_id }) => [
      version_id,
      rule,
      outcome,
      reason,
      run_id,
    ]);
    expect(dues).toEqual([
      [1, 'a', 'applied', null, 1],
      [1, 'b', 'waiting for model', null, 2],
      [2, 'a', 'applied', null, 1],
      [2, 'b', 'waiting for model', null, 3],
      [2, 'c', 'no series', 'why c', null],
    ]);
    db.close();
  });
});
