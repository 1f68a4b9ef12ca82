/** Model packages that a test makes up: the card of deploy/models/lungs under another name, and a model.yaml of the test's own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { OUTPUT_MOUNT } from '../../src/runs/runtimes/runtime.js';
import { tempFolder } from './temp.js';

const CARD = 'deploy/models/lungs/meta.json';

/** Where a model writes, in the shell scripts of these tests. */
export const OUT = OUTPUT_MOUNT;

/** Writes a package whose model runs `script` in an image that has a shell; `settings` go into its model.yaml. */
export function makeModelPackage(name: string, image: string, script: string, settings: Readonly<Record<string, unknown>> = {}): string {
  const folder = tempFolder('model');
  const card = JSON.parse(readFileSync(CARD, 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, name }));
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({ runtime: 'docker', image, command: ['sh', '-c', script], memoryMb: 64, cpus: 1, timeoutS: 60, maxOutputMb: 64, ...settings }),
  );
  return folder;
}
