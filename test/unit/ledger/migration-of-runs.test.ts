/** A ledger of before rules had limits, shadow and dues is brought forward with its rows: nothing of it is lost, or counted as silent. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { accountsOfStudies } from '../../../src/accounting/account.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { RUN_ORDER } from '../../../src/ledger/run-order-schema.js';
import { MIGRATIONS } from '../../../src/ledger/schema.js';
import { versionsSince } from '../../../src/ledger/series-facts.js';
import { runsInState } from '../../../src/ledger/runs.js';
import { parseDecision } from '../../../src/routing/decision.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

/** A rule as a decision told of it then. */
const told = (rule: string, outcome: string, reason: string) => {
  const series = [{ seriesInstanceUid: '1.1.1', seriesNumber: 3, modality: 'CT', instanceCount: 9, fate: 'chosen' }];
  const when = { path: 'when', text: 'Modality is CT', truth: 'true', seen: { values: ['CT'], source: 'Modality' } };
  const inputs = outcome === 'applied' ? [{ name: 'series', seriesInstanceUid: '1.1.1' }] : [];
  const order = { model: { name: 'lungs' }, settings: {}, destinations: ['pacs'], priority: 'routine' };
  return { rule, file: 'rules.yaml', outcome, when: 'true', reason, inputs, ...order, series: series.map((one) => ({ ...one, when })) };
};

const DECISION = JSON.stringify({
  studyInstanceUid: '1.1',
  rulesRevision: 'r',
  ownSeries: [],
  rules: [told('chest', 'applied', 'lungs takes series 3'), told('knee', 'no series', 'no series fits'), told('head', 'not applied', 'no')],
});

function ledgerOfBefore(): string {
  const path = join(tempFolder('migration'), 'ledger.sqlite');
  const db = new Database(path);
  const before = MIGRATIONS.slice(0, MIGRATIONS.indexOf(RUN_ORDER));
  for (const sql of before) db.exec(sql);
  db.pragma(`user_version = ${before.length}`);
  db.exec(`
    INSERT INTO studies VALUES (1, '1.1', 'settled', 9, 1, 1, NULL, 'CT1', 'ANTEROOM', '127.0.0.1', NULL, NULL);
    INSERT INTO rule_revisions VALUES ('r', '{"rules.yaml": "rules: []"}', 1);
    INSERT INTO models (id, name, version, state, digest, card, package, registered_at) VALUES (1, 'lungs', '1', 'active', 'd', '{}', '{}', 1);`);
  const version = db.prepare(
    "INSERT INTO versions (id, study_id, number, state, signal, settled_at, decision) VALUES (?, 1, ?, 'decided', 'quiet-time', 1, ?)",
  );
  const run =
    db.prepare(`INSERT INTO runs (id, purpose, version_id, rule, model_name, model_id, settings, destinations, priority, state, due_at, created_at)
    VALUES (?, 'clinical', ?, ?, 'lungs', 1, '{}', '["pacs"]', 1, ?, 1, 1)`);
  for (const id of [1, 2]) {
    version.run(id, id, DECISION);
    run.run(id, id, 'chest', id === 1 ? 'cancelled' : 'queued');
    db.exec(`INSERT INTO run_inputs VALUES (${id}, 'series', '1.1.1')`);
  }
  run.run(3, 2, null, 'queued');
  db.close();
  return path;
}

describe('a ledger of before', () => {
  let db: Db;

  beforeEach(() => {
    db = Db.open(ledgerOfBefore(), { migrate: true });
  });

  afterEach(() => db.close());

  it('has the runs in their order, with their series, their source and what took their place', () => {
    expect(runsInState(db, 'queued')).toMatchObject([
      { id: 2, series_key: 'series=1.1.1', calling_ae: 'CT1', replaced_by: null, shadow: 0 },
      { id: 3, rule: null, series_key: '', replaced_by: null },
    ]);
    expect(runsInState(db, 'cancelled')).toMatchObject([{ id: 1, replaced_by: 2 }]);
  });

  it('has the dues of what was decided then', () => {
    expect(accountsOfStudies(db, ['1.1'], 2).get('1.1')).toMatchObject({
      standing: 'under way',
      dues: [
        { rule: 'chest', model: 'lungs', shadow: false, standing: 'under way', reason: 'queued' },
        { rule: 'knee', standing: 'not analysed', reason: 'not analysed: no series fits' },
      ],
    });
    expect(versionsSince(db, 0, 0, 10)).toMatchObject([{ version_id: 2 }]);
  });

  it('can still tell what was decided then', () => {
    const row = db.get<{ decision: string }>('SELECT decision FROM versions WHERE id = 1');
    const text = formatExplanation(parseDecision(row?.decision ?? ''));
    expect(text).toContain('✓ chest: applied');
    expect(text).toContain('lungs takes series 3');
    expect(text).toContain('series 3 (CT, 9 inst.): chosen');
  });
});
