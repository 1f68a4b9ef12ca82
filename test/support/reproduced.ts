/** `anteroom reproduce --all` on what an Orthanc holds. */
import type { TestNode } from './node.js';
import type { Orthanc } from './orthanc.js';
import { storedInstances } from './orthanc-rest.js';

const EQUAL = 'voxels equal';

/** What it says of each object in a PACS: `voxels equal`, or the whole answer; `not reproduced` where it says nothing of one. */
export async function reproducedIn(pacs: Orthanc, node: TestNode): Promise<string[]> {
  const { stdout, stderr } = await node.command('reproduce', '--all', '--json');
  if (stderr !== '') throw new Error(stderr);
  const answers = JSON.parse(stdout) as { sopInstanceUid: string; voxelsEqual?: boolean }[];
  const verdicts = new Map(answers.map((one) => [one.sopInstanceUid, one.voxelsEqual === true ? EQUAL : JSON.stringify(one)]));
  return (await storedInstances(pacs)).map(({ sopInstanceUid }) => verdicts.get(sopInstanceUid) ?? `${sopInstanceUid}: not reproduced`);
}

/** The verdicts on this many objects that all came out again. */
export function allEqual(count: number): string[] {
  return Array<string>(count).fill(EQUAL);
}
