/** dist/ as the sources are: built only when they changed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from './hash.mjs';
import { root, step } from './steps.mjs';

const SOURCES = ['src', 'tsconfig.json', 'package.json', 'package-lock.json', 'deploy/setup/kit-bundle.mjs'];

export async function ensureBuild() {
  const stamp = join(root, 'dist/.sources');
  const sources = fingerprint(SOURCES.map((path) => join(root, path)));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  await step('build', 'build', async (run) => {
    rmSync(stamp, { force: true });
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
    await run(process.execPath, [join(root, 'deploy/setup/kit-bundle.mjs')]);
    writeFileSync(stamp, sources);
  });
}
