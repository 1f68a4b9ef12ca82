/** Every study that was due a result has one, a stated reason, or waits for something that is named; what has none of these is a defect. */
import { accountsOfStudies, accountSince } from '../../../src/accounting/account.js';
import { STAGE_PATIENCE_MS } from '../../../src/accounting/standing.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { contradictions } from '../../../src/ledger/check.js';
import { DUE_OUTCOMES } from '../../../src/ledger/due-schema.js';
import { recordDueRun } from '../../../src/ledger/dues.js';
import { pause, type PauseKind } from '../../../src/ledger/pauses.js';
import { insertRun, type RunRow } from '../../../src/ledger/runs.js';
import { holdStudy } from '../../../src/ledger/studies.js';
import { lastVersion } from '../../../src/ledger/versions.js';
import { OUTCOME } from '../../../src/routing/evaluate.js';
import { SmallNode } from '../../support/small-node.js';

setLogLevel('silent');

const APPLIED = { rule: 'r', outcome: 'applied', reason: 'model m takes series 1', model: { name: 'm' } };
const NO_SERIES = { ...APPLIED, outcome: 'no series', reason: 'slice thickness 7 mm, the model takes at most 5 mm' };
const NOT_APPLIED = { ...APPLIED, rule: 'other', outcome: 'not applied' };

describe('the account of studies', () => {
  let node: SmallNode;

  beforeEach(() => {
    node = new SmallNode();
  });

  afterEach(() => node.db.close());

  const versionOf = (study: string) => lastVersion(node.db, node.id(study))?.id ?? 0;
  const account = (study: string) => accountsOfStudies(node.db, [study], node.now).get(study);
  const reasonOf = (study: string) => account(study)?.dues[0]?.reason;

  /** A study that is due a result of rule `r`, and the run that answers it. */
  async function due(study: string, ending?: Parameters<SmallNode['deliver']>[1]): Promise<RunRow> {
    await node.receive(study, [1], { rules: [APPLIED, NOT_APPLIED] });
    const run = node.deliver(study, ending);
    recordDueRun(node.db, versionOf(study), 'r', run.id);
    return run;
  }

  it('knows the outcomes with which a rule owes a result', () => {
    const owing = [OUTCOME.applied, OUTCOME.waitingForModel, OUTCOME.noSeries];
    expect([...DUE_OUTCOMES].sort()).toEqual([...owing].sort());
  });

  it('is answered by a delivered result, and not before', async () => {
    await due('1.1', { delivery: 'pending' });
    expect(account('1.1')).toMatchObject({ standing: 'under way', dues: [{ rule: 'r', reason: 'result on its way to pacs' }] });
    await due('1.2');
    expect(account('1.2')).toMatchObject({ standing: 'answered', dues: [{ rule: 'r', reason: 'delivered to pacs' }] });
  });

  it('names what only a person ends: pauses, and a suspended model', async () => {
    const run = await due('1.1', { run: 'failed' });
    await due('1.2', { delivery: 'pending' });
    node.db.move('runs', run.id, 'queued', { at: 1, set: { reason: null } });
    expect(reasonOf('1.1')).toBe('queued');
    node.db.move('models', run.model_id ?? 0, 'suspended', { at: 1, set: { suspended_reason: '3 runs in a row failed' } });
    expect(reasonOf('1.1')).toBe('queued: model m is suspended: 3 runs in a row failed');
    const stop = (kind: PauseKind, name: string) => pause(node.db, { kind, name, reason: 'new certificate', by: 'anna', since: 1 });
    stop('rule', 'r');
    expect(reasonOf('1.1')).toMatch(/^queued: rule r is paused by anna since .*: new certificate$/);
    stop('destination', 'pacs');
    expect(reasonOf('1.2')).toMatch(/^result on its way to pacs: destination pacs is paused by anna/);
  });

  it('waits for a run that does the same, although its model is active', async () => {
    const other = await due('1.2');
    const run = await due('1.1', { run: 'failed' });
    node.db.move('runs', run.id, 'queued', { at: 1 });
    node.db.move('runs', run.id, 'waiting', {
      at: 1,
      set: { same_as: other.id, reason: `waits for run ${other.id}, which is doing the same` },
    });
    expect(account('1.1')).toMatchObject({ standing: 'under way', dues: [{ reason: 'waits for run 1, which is doing the same' }] });
  });

  it('is answered where the model looked and found nothing', async () => {
    const run = await due('1.1', { run: 'failed' });
    node.db.move('runs', run.id, 'queued', { at: 1 });
    node.db.move('runs', run.id, 'starting', { at: 1 });
    node.db.move('runs', run.id, 'running', { at: 1 });
    node.db.move('runs', run.id, 'produced', { at: 1 });
    node.db.move('runs', run.id, 'done', { at: 1, set: { reason: 'analysed, nothing segmented: no object is written' } });
    expect(account('1.1')).toMatchObject({ standing: 'answered', dues: [{ reason: 'analysed, nothing segmented: no object is written' }] });
  });

  it('states why a study was not analysed: by what was decided, and by how the run ended, without the log', async () => {
    await node.receive('1.1', [1], { rules: [NO_SERIES] });
    expect(reasonOf('1.1')).toBe('not analysed: slice thickness 7 mm, the model takes at most 5 mm');
    const run = await due('1.2', { run: 'failed' });
    node.db.run("UPDATE runs SET reason = 'exit code 1, expected 0' || char(10) || 'last lines of its log:' WHERE id = ?", run.id);
    expect(reasonOf('1.2')).toBe('not analysed: the model ended with an error: exit code 1, expected 0');
  });

  it('states that a run was refused as its model must not be used on patients, and counts it', async () => {
    const { id } = await due('1.1', { run: 'failed' });
    node.db.move('runs', id, 'queued', { at: node.now });
    const set = { failure_code: 'USE_NOT_PERMITTED', reason: 'model m: its status is research (model.yaml); pacs is not marked research' };
    node.db.move('runs', id, 'cancelled', { at: node.now, set });
    const { studies, reasons } = await accountSince(node.db, 0, () => node.now);
    expect(studies).toMatchObject({ due: 1, 'not analysed': 1, silent: 0 });
    expect(reasons).toEqual([
      { standing: 'not analysed', count: 1, reason: expect.stringMatching(/^not analysed: .*: model m: its status is research/) as string },
    ]);
  });

  it('states that a result was not delivered', async () => {
    const run = await due('1.1', { delivery: 'pending' });
    const sql = 'SELECT d.id FROM deliveries d JOIN results x ON x.id = d.result_id WHERE x.run_id = ?';
    const { id } = node.db.get<{ id: number }>(sql, run.id) ?? { id: 0 };
    node.db.move('deliveries', id, 'held', { at: 1, set: { failure_code: 'DESTINATION_AUTH', reason: 'HTTP 401' } });
    expect(account('1.1')).toMatchObject({
      standing: 'not delivered',
      dues: [{ reason: 'analysed, but not delivered to pacs: the destination refused our credentials: HTTP 401' }],
    });
  });

  it('says what a study under way waits for', async () => {
    await node.receive('1.1', [1], { rules: [APPLIED] });
    const asked = {
      purpose: 'clinical',
      rulesRevision: null,
      modelName: 'm',
      settings: {},
      destinations: [],
      priority: 'routine',
    } as const;
    recordDueRun(node.db, versionOf('1.1'), 'r', insertRun(node.db, { ...asked, versionId: versionOf('1.1'), rule: 'r', inputs: [] }, 1));
    expect(account('1.1')).toMatchObject({ standing: 'under way', dues: [{ reason: 'waits until a version of model m is active' }] });
    holdStudy(node.db, node.id('1.1'), 'two patients', 1);
    expect(account('1.1')).toMatchObject({ standing: 'under way', reason: 'held: two patients' });
  });

  it('owes nothing where no rule applied', async () => {
    await node.receive('1.1', [1], { rules: [NOT_APPLIED] });
    expect(account('1.1')).toEqual({ studyInstanceUid: '1.1', dues: [] });
  });

  it('counts the newest version of a study', async () => {
    await node.receive('1.1', [1], { rules: [NO_SERIES] });
    await node.receive('1.1', [1, 2], { rules: [NOT_APPLIED] });
    expect(account('1.1')).toEqual({ studyInstanceUid: '1.1', dues: [] });
  });

  it.each([
    ['no run was made of it', () => undefined, 'it was due, but no run was made'],
    [
      'its run is done without result and reason',
      () => node.db.run('DELETE FROM deliveries') && node.db.run('DELETE FROM results'),
      'its run is done, but there is no result and no reason',
    ],
    ['its result goes nowhere', () => node.db.run('DELETE FROM deliveries'), 'it has a result that goes nowhere'],
  ])('is silent where %s', async (what, breakIt, reason) => {
    if (what.startsWith('no run')) await node.receive('1.1', [1], { rules: [APPLIED] });
    else await due('1.1');
    breakIt();
    expect(account('1.1')).toMatchObject({ standing: 'silent', dues: [{ reason }] });
  });

  it('is silent where the node itself has left it', async () => {
    await node.receive('1.1', [1]);
    node.db.run(
      "INSERT INTO versions (study_id, number, state, signal, settled_at) SELECT id, 9, 'settled', 'x', ? FROM studies",
      node.now,
    );
    expect(account('1.1')).toMatchObject({ standing: 'under way', reason: 'complete; the rules are being asked' });
    node.now += STAGE_PATIENCE_MS + 1;
    expect(account('1.1')).toMatchObject({ standing: 'silent', reason: 'complete, and no rule has been asked since' });
    node.db.run("UPDATE studies SET state = 'receiving', settle_at = NULL");
    expect(account('1.1')).toMatchObject({ standing: 'silent' });
  });

  it('adds up: every study in one standing, the share, the reasons, and the silent by name', async () => {
    await due('1.1');
    await due('1.2', { run: 'failed' });
    await due('1.3', { delivery: 'pending' });
    await node.receive('1.4', [1], { rules: [NOT_APPLIED] });
    const sum = await accountSince(node.db, 0, () => node.now);
    expect(sum).toMatchObject({
      studies: { due: 3, answered: 1, 'not analysed': 1, 'under way': 1, silent: 0, noRuleApplied: 1 },
      dues: { due: 3 },
      accountedShare: 1,
      silent: [],
    });
    expect(sum.reasons).toContainEqual({ standing: 'not analysed', reason: 'not analysed: the model ended with an error', count: 1 });
    await node.receive('1.5', [1], { rules: [APPLIED] });
    expect(await accountSince(node.db, 0, () => node.now)).toMatchObject({
      accountedShare: 0.75,
      silent: [{ studyInstanceUid: '1.5', rule: 'r', reason: 'it was due, but no run was made' }],
    });
    expect((await accountSince(node.db, node.now + 1, () => node.now)).studies.due).toBe(0);
  });

  it('a due that is gone is a contradiction that `anteroom verify` names', async () => {
    await due('1.1');
    expect(contradictions(node.db)).toEqual([]);
    node.db.run('DELETE FROM due_runs');
    node.db.run('DELETE FROM dues');
    expect(contradictions(node.db)).toEqual([
      { table: 'versions', id: versionOf('1.1'), text: 'was due other results than there are dues' },
    ]);
  });
});
