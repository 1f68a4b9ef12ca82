/** What imports leave where packages are put, and take away. */
import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { makeImportFolder } from '../../../src/cli/import-folder.js';
import { tempFolder } from '../../support/temp.js';

it("an import removes what one of more than a day ago has left, and nothing of another's", () => {
  const into = tempFolder('into');
  const left = makeImportFolder(into);
  const others = ['.mine.999999999.part', 'lungs-1.0.0'].map((name) => join(into, name));
  for (const path of others) mkdirSync(path);
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  for (const path of [left, ...others]) utimesSync(path, twoDaysAgo, twoDaysAgo);
  const running = makeImportFolder(into);
  const next = makeImportFolder(into);
  const there = readdirSync(into).map((name) => join(into, name));
  expect(there.sort()).toEqual([...others, running, next].sort());
});
