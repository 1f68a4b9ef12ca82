/** What queued runs are said to wait for. */
import { setLogLevel } from '../../../src/foundation/log.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { beginAttempt, insertRun, runById, type NewRun, type RunRow } from '../../../src/ledger/runs.js';
import { versionsOfStudy } from '../../../src/ledger/versions.js';
import { whyWaiting } from '../../../src/runs/why-waiting.js';
import { parseSettings } from '../../../src/settings/load.js';
import { SmallNode } from '../../support/small-node.js';

setLogLevel('silent');

const RULES = { settings: parseSettings('', '/anteroom.yaml', {}).runs, capacity: { cpus: 2, memoryMb: 1000, gpus: [] } };

it('tells of each run why it does not start: its gate, or how many that may start are ahead of it', async () => {
  const node = new SmallNode();
  await node.receive('1.2.3');
  const text = JSON.stringify({ runtime: 'process', workflow: 'default', settings: {} });
  const { id: model } = registerModel(node.db, { name: 'm', version: '1', digest: 'd', card: '', package: text, folder: null }, 1);
  activateModel(node.db, model, { by: 'test', reason: 'test' }, 1);
  const versionId = versionsOfStudy(node.db, node.id('1.2.3'))[0].id;
  const asked = { purpose: 'clinical', versionId, rulesRevision: 'r', modelName: 'm', settings: {}, destinations: [], inputs: [] } as const;
  const queue = (rule: string, priority: NewRun['priority'], more: Partial<NewRun> = {}) =>
    insertRun(node.db, { ...asked, rule, priority, ...more }, node.now);
  const [first, bulk] = [queue('a', 'routine'), queue('b', 'bulk')];
  // Limited to none: it is never ahead of anybody.
  const limited = queue('c', 'stat', { limits: { atOnce: 0 } });
  const [second, stat] = [queue('d', 'routine'), queue('e', 'stat')];
  const tell = () => Object.fromEntries(whyWaiting(node.db, RULES, node.now, new Set([first, second, bulk, limited, stat])));
  expect(tell()).toEqual({
    [limited]: 'rule c has 0 runs under way, its limit',
    [stat]: 'starts next',
    [first]: '1 ahead of it',
    [second]: '2 ahead of it',
    [bulk]: '3 ahead of it',
  });
  beginAttempt(node.db, runById(node.db, stat) as RunRow, (number) => `c-${number}`, node.now);
  expect(tell()).toMatchObject({ [first]: 'is next: waits for one of the 1 under way to end', [bulk]: '2 ahead of it' });
  node.db.run('UPDATE runs SET due_at = ? WHERE id = ?', node.now + 5000, second);
  expect(tell()).toMatchObject({ [second]: `is tried again at ${new Date(node.now + 5000).toISOString()}`, [bulk]: '1 ahead of it' });
});
