/** `anteroom compare --forget`: a comparison that nobody goes on with leaves nothing in the node. */
import { setTimeout } from 'node:timers/promises';
import { ComparisonFolder } from '../evaluation/comparison/comparison-folder.js';
import { AnteroomError } from '../foundation/errors.js';
import { hasEnded } from '../ledger/states.js';
import { ComparisonRuns } from './compare-runs.js';
import { NodeRefusal, type NodeClient } from './node-client.js';
import { line } from './print.js';

const POLL_MS = 250;

/** Cancels the runs of the comparison in a folder and has the node's copies of its cases deleted; the folder stays. Exit code 1 where a copy stays too. */
export async function forgetComparison(client: NodeClient, folder: string): Promise<number> {
  const evaluation = ComparisonFolder.idIn(folder);
  // At once, and not waited for: whoever names a folder of data that no node serves is to hear of it.
  await client.get('/models');
  const runs = new ComparisonRuns(client, evaluation, [], () => undefined);
  await demandKnown(runs, folder);
  await runs.cancel();
  let copies = await runs.copies();
  // What is under way ends, and what was being copied when its command was killed is whole or gives up.
  while (copies.some(({ state }) => state === 'receiving') || !(await runs.all()).every(hasEnded)) {
    await setTimeout(POLL_MS);
    copies = await runs.copies();
  }
  let deleted = 0;
  for (const { caseName, studyInstanceUid } of copies)
    try {
      if (await runs.forget(studyInstanceUid)) deleted++;
      else line(`the node keeps its copy of ${caseName}: more of it has come in`);
    } catch (thrown) {
      if (!(thrown instanceof NodeRefusal)) throw thrown;
      line(`the node keeps its copy of ${caseName}: ${thrown.message}`);
    }
  const count = deleted === 1 ? '1 copy of a case is' : `${deleted} copies of cases are`;
  line(`${count} deleted from the node; ${folder} stays, and the command that made it goes on with the cases that are not scored`);
  return deleted === copies.length ? 0 : 1;
}

async function demandKnown(runs: ComparisonRuns, folder: string): Promise<void> {
  if ((await runs.all()).length > 0 || (await runs.copies()).length > 0) return;
  throw new AnteroomError('NOT_FOUND', `this node has run nothing of the comparison in ${folder}; expected the node that did (--data)`);
}
