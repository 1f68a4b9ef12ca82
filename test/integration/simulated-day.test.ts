/** Every study is accounted for: after a day with all faults that we know, each has a result or a stated reason, and nothing is silent. */
import { describeWith } from '../support/data.js';
import { differencesOf, inLedger } from '../support/day/audit.js';
import { playDay, type Day } from '../support/day/day.js';
import { missingForNode } from '../support/node.js';

describeWith('a simulated day with faults', missingForNode(), () => {
  let day: Day;
  beforeAll(async () => {
    day = await playDay(1);
  }, 120_000);
  afterAll(() => day.end(), 60_000);

  it('leaves each study with a result or a stated reason, and the ledger with what was sent', () => {
    expect(differencesOf(day)).toEqual([]);
  });

  it('would not leave a run unmissed', async () => {
    const { studyInstanceUid } = day.studies.find(({ scenario: { name } }) => name === 'plain')!;
    inLedger(day, (db) => db.run("DELETE FROM due_runs WHERE rule = 'plain'"));
    const account = await day.node.command('account');
    expect([account.exitCode, account.stdout]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(`9\\d\\.\\d % of the studies[^]*study ${studyInstanceUid}, rule plain: it was due, but no run was made`),
      ),
    ]);
  }, 20_000);
});
