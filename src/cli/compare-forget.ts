/** `anteroom compare --forget`: a comparison that nobody goes on with leaves nothing in the node. */
import { setTimeout } from 'node:timers/promises';
import type { CaseCopy } from '../api/evaluation-routes.js';
import { ComparisonFolder } from '../evaluation/comparison/comparison-folder.js';
import { AnteroomError } from '../foundation/errors.js';
import { hasEnded } from '../ledger/states.js';
import { ComparisonRuns } from './compare-runs.js';
import { NodeRefusal, type NodeClient } from './node-client.js';
import { line } from './print.js';

const POLL_MS = 250;
/** What takes longer is told. */
const SILENT_LOOKS = 8;
/** A copy that has only just settled is kept until the rules are asked: so often it is tried before somebody is told of a refusal. */
const TRIES = 8;

/** Cancels the runs of the comparison in a folder and has the node's copies of its cases deleted; the folder stays. Exit code 1 where a copy stays too. */
export async function forgetComparison(client: NodeClient, folder: string): Promise<number> {
  const evaluation = ComparisonFolder.idIn(folder);
  // At once, and not waited for: whoever names a folder of data that no node serves is to hear of it.
  await client.get('/models');
  const runs = new ComparisonRuns(client, evaluation, [], () => undefined);
  await demandKnown(runs, folder);
  await runs.cancel();
  const copies = await copiesAtRest(runs);
  let deleted = 0;
  for (const { caseName, studyInstanceUid } of copies)
    try {
      if (await forgotten(runs, studyInstanceUid)) deleted++;
      else line(`the node keeps its copy of ${caseName}: more of it has come in`);
    } catch (thrown) {
      if (!(thrown instanceof NodeRefusal)) throw thrown;
      line(`the node keeps its copy of ${caseName}: ${thrown.message}`);
    }
  const count = deleted === 1 ? '1 copy of a case is' : `${deleted} copies of cases are`;
  line(`${count} deleted from the node; ${folder} stays, and the command that made it goes on with the cases that are not scored`);
  return deleted === copies.length ? 0 : 1;
}

/** @throws NodeRefusal where the node still refuses after some tries */
async function forgotten(runs: ComparisonRuns, studyInstanceUid: string): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await runs.forget(studyInstanceUid);
    } catch (thrown) {
      if (!(thrown instanceof NodeRefusal) || tries === TRIES) throw thrown;
      await setTimeout(POLL_MS);
    }
  }
}

/** The copies of cases, when what is under way has ended, and what was being copied as its command was killed is whole or has given up. */
async function copiesAtRest(runs: ComparisonRuns): Promise<CaseCopy[]> {
  for (let looks = 0; ; looks++) {
    const [copies, open] = [await runs.copies(), (await runs.all()).filter((run) => !hasEnded(run)).length];
    const receiving = copies.filter(({ state }) => state === 'receiving').length;
    if (open === 0 && receiving === 0) return copies;
    if (looks === SILENT_LOOKS)
      process.stderr.write(
        `waits for ${counted(open, 'run', 'runs')} to stop and ${counted(receiving, 'copy', 'copies')} to settle (Ctrl-C stops; ask again later)\n`,
      );
    await setTimeout(POLL_MS);
  }
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

async function demandKnown(runs: ComparisonRuns, folder: string): Promise<void> {
  if ((await runs.all()).length > 0 || (await runs.copies()).length > 0) return;
  throw new AnteroomError('NOT_FOUND', `this node has run nothing of the comparison in ${folder}; expected the node that did (--data)`);
}
