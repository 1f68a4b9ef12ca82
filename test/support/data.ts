/** Where the real studies are, and suites that are reported as skipped by name where they are not. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const dataRoot = process.env.ANTEROOM_TEST_DATA ?? resolve(process.cwd(), '../shared/data');

/** The absolute folder of one data set, or undefined where the data is not on this machine. */
export function testData(name: string): string | undefined {
  const folder = join(dataRoot, name);
  return existsSync(folder) ? folder : undefined;
}

/**
 * A suite that needs things of this machine (data folders, programs). Where one is missing the suite is skipped with the
 * missing things in its name; with ANTEROOM_REQUIRE=all it fails instead.
 */
export function describeWith(title: string, missing: readonly string[], suite: () => void): void {
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const why = `${title} (missing: ${missing.join(', ')})`;
  if (process.env.ANTEROOM_REQUIRE === 'all') {
    describe(why, () => {
      it('has what it needs', () => {
        throw new Error(`missing on this machine: ${missing.join(', ')}; ANTEROOM_REQUIRE=all demands it`);
      });
    });
    return;
  }
  // The suite itself is not even built: it may read the data on the way.
  describe.skip(why, () => {
    it('cannot run here', () => undefined);
  });
}

/** `describeWith` for suites that need data sets: the suite gets their folders, in order. */
export function describeWithData(title: string, names: readonly string[], suite: (...folders: string[]) => void): void {
  const missing = names.filter((name) => testData(name) === undefined).map((name) => `data ${name}`);
  describeWith(title, missing, () => suite(...names.map((name) => testData(name) ?? '')));
}
