/** `anteroom compare --forget`: a comparison that nobody goes on with leaves nothing in the node. */
import { setTimeout } from 'node:timers/promises';
import { ComparisonFolder } from '../evaluation/comparison/comparison-folder.js';
import { hasEnded } from '../ledger/states.js';
import { ComparisonRuns } from './compare-runs.js';
import type { NodeClient } from './node-client.js';
import { line } from './print.js';

const POLL_MS = 250;

/** Cancels the runs of the comparison in a folder and has the node's copies of its cases deleted; the folder stays. */
export async function forgetComparison(client: NodeClient, folder: string): Promise<void> {
  const runs = new ComparisonRuns(client, ComparisonFolder.idIn(folder), [], () => undefined);
  await runs.cancel();
  let copies = await runs.copies();
  // What is under way ends, and what was being copied when its command was killed is whole or gives up.
  while (copies.some(({ state }) => state === 'receiving') || !(await runs.all()).every(hasEnded)) {
    await setTimeout(POLL_MS);
    copies = await runs.copies();
  }
  for (const { studyInstanceUid } of copies) await runs.forget(studyInstanceUid);
  const count = copies.length === 1 ? '1 copy of a case is' : `${copies.length} copies of cases are`;
  line(`${count} deleted from the node; ${folder} stays, and the command that made it goes on with the cases that are not scored`);
}
