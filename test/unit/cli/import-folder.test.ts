/** What imports leave where packages are put, and take away. */
import { jest } from '@jest/globals';
import { chmodSync, chownSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { makeImportFolder } from '../../../src/cli/import-folder.js';
import { tempFolder } from '../../support/temp.js';

const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;

it("an import removes what one of more than a day ago has left, and nothing of another's", () => {
  const into = tempFolder('into');
  const left = makeImportFolder(into);
  const others = ['.mine.999999999.part', 'lungs-1.0.0'].map((name) => join(into, name));
  const ofEarlierRelease = join(into, '.my_lungs-1.0.0.123.part');
  for (const path of [...others, ofEarlierRelease]) mkdirSync(path);
  for (const path of [left, ...others, ofEarlierRelease]) utimesSync(path, twoDaysAgo, twoDaysAgo);
  const running = makeImportFolder(into);
  const next = makeImportFolder(into);
  const there = readdirSync(into).map((name) => join(into, name));
  expect(there.sort()).toEqual([...others, running, next].sort());
});

it('an import goes on beside what it may not remove, and says who may', () => {
  const into = tempFolder('into');
  const left = makeImportFolder(into);
  const inner = join(left, 'test');
  mkdirSync(join(inner, 'default'), { recursive: true });
  // Root may do anything: it is another user for a moment, to whom the folder around belongs.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) chownSync(into, 65534, 65534);
  else chmodSync(inner, 0);
  utimesSync(left, twoDaysAgo, twoDaysAgo);
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  if (isRoot) process.seteuid?.(65534);
  try {
    expect(makeImportFolder(into)).not.toBe(left);
  } finally {
    if (isRoot) process.seteuid?.(0);
    else chmodSync(inner, 0o700);
  }
  const told = stderr.mock.calls.map(([text]) => text);
  stderr.mockRestore();
  expect(told).toEqual([`${left}, which an import that was killed has left, cannot be removed (EACCES): remove it as its owner\n`]);
});
