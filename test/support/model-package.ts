/** Model packages that a test makes up: the card of deploy/models/lungs under another name, and a model.yaml of the test's own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { INPUT_MOUNT, OUTPUT_MOUNT } from '../../src/runs/runtimes/runtime.js';
import type { TestNode } from './node.js';
import { tempFolder } from './temp.js';
import { lungsRules } from './lungs-rules.js';

const CARD = 'deploy/models/lungs/meta.json';

/** Where a model writes, in the shell scripts of these tests. */
export const OUT = OUTPUT_MOUNT;

/** The shell line that waits for `letGo`. */
export const WAIT_FOR_GO = `until [ -e ${INPUT_MOUNT}/go ]; do sleep 0.05; done`;

/** Writes a package whose model runs `script` in an image that has a shell; `settings` go into its model.yaml. */
export function makeModelPackage(name: string, image: string, script: string, settings: Readonly<Record<string, unknown>> = {}): string {
  const folder = tempFolder('model');
  const card = JSON.parse(readFileSync(CARD, 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, name }));
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({
      runtime: 'docker',
      image,
      command: ['sh', '-c', script],
      memoryMb: 64,
      cpus: 1,
      timeoutS: 60,
      maxOutputMb: 64,
      ...settings,
    }),
  );
  return folder;
}

/** The lungs rule once for each of these models: the files for the folder of rules. */
export function rulesFor(models: readonly string[]): Record<string, string> {
  const { 'rules.yaml': text = '', ...shared } = lungsRules('archive', 'pacs');
  const { rules, ...file } = parse(text) as { rules: Record<string, unknown>[] };
  const all = models.map((model) => ({ ...rules[0], name: `chest-ct-${model.replaceAll('_', '-')}`, model }));
  return { 'rules.yaml': stringify({ ...file, rules: all }), ...shared };
}

/** Registers a package and makes it the model in use, as an administrator does. */
export async function addModel(node: TestNode, folder: string, ...options: string[]): Promise<void> {
  const added = await node.command('models', 'add', folder, '--activate', '--reason', 'test', ...options);
  if (added.exitCode !== 0) throw new Error(added.stderr);
}

/** Lets a model go on that waits with `WAIT_FOR_GO`. */
export function letGo(node: TestNode, run: number, attempt: number): void {
  writeFileSync(join(node.dataDir, 'runs', String(run), String(attempt), 'in', 'go'), '');
}
