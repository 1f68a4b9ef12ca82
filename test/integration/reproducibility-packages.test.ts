/**
 * Every package leaves the same again: `anteroom models test` in its container, once to record what it leaves, then twice in a row against that;
 * those that bring a reference, against that too. In ordinary runs on little; with ANTEROOM_LONG=1 the networks for the brain too, and all on
 * series of patients.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ModelView } from '../../src/api/views.js';
import { describeWith, testData } from '../support/data.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { imageOf, missingForOnnx, onnxPackage } from '../support/kit.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { dicomFiles } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';

const LONG = process.env.ANTEROOM_LONG === '1';
const RUN_MS = LONG ? 1_900_000 : 120_000;
const CHEST = 'ct-chest-a0002/B40f';
const BRAIN = 'mr-brain-t1-forrest/dicoms';
/** Of a network that looks at one slice after the other. */
const FEW_SLICES = 4;

const SHIPPED = ['lungs', 'lobes'];
const NETWORKS = [
  { name: 'unet_small_lung', series: CHEST },
  ...(LONG ? ['brainchop_model5_gw_ae', 'brainchop_model11_gw_ae', 'brainchop_model18cls'].map((name) => ({ name, series: BRAIN })) : []),
];

const missing = [
  ...missingForNode(),
  ...missingForDocker('anteroom/base', ...SHIPPED.map((name) => `anteroom/${name}`)),
  ...missingForOnnx(),
  ...[CHEST, ...(LONG ? [BRAIN] : [])].filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith('packages are reproducible', missing, () => {
  const work = tempFolder('reproducible');
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ settings: { docker: { socket: engineSocket() } } });
  }, 60_000);
  afterAll(async () => {
    await node.remove();
    spawnSync('docker', ['-H', `unix://${engineSocket()}`, 'rmi', '-f', ...NETWORKS.map(({ name }) => imageOf(name))]);
  }, 60_000);

  /** What the command prints and its report. */
  const test = async (folder: string, run: string, ...options: string[]) => {
    const out = join(work, basename(folder), run);
    const { exitCode, stdout, stderr } = await node.command('models', 'test', folder, '--out', out, ...options);
    expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0, stderr: '' });
    return { stdout, report: JSON.parse(readFileSync(join(out, 'default.report.json'), 'utf8')) as Record<string, unknown> };
  };
  const stateOf = async (model: string) => (await node.admin.get<ModelView[]>('/models')).find(({ name }) => name === model)?.state;

  /** Recorded, then found again twice: only the second of the three can say anything, and only the third that it was no luck. */
  const recordedAndFoundTwice = async (folder: string, sample: readonly string[]) => {
    const model = basename(folder);
    const given = [...sample, '--reference', join(work, model, 'reference')];
    expect((await test(folder, 'first', ...given, '--record')).stdout).toContain('recorded ');
    expect(await stateOf(model)).toBe('registered');
    for (const run of ['second', 'third']) {
      const { stdout, report } = await test(folder, run, ...given);
      expect(stdout).toMatch(/^run 1: reproduced in /m);
      expect(report).toMatchObject({ conclusion: true, summary: { files_missing: 0, files_extra: 0 } });
      process.stderr.write(`${model} ${run}: ${/reproduced in [\d.]+ s/.exec(stdout)?.[0] ?? ''}\n`);
    }
    expect(await stateOf(model)).toBe('tested');
  };

  it.each(SHIPPED)(
    '%s, twice in a row, and as it was shipped',
    async (name) => {
      const folder = `deploy/models/${name}`;
      expect(await node.command('models', 'add', folder)).toMatchObject({ exitCode: 0 });
      await recordedAndFoundTwice(folder, LONG ? ['--sample', testData(CHEST) ?? ''] : []);
      expect((await test(folder, 'shipped')).report).toMatchObject({ conclusion: true });
    },
    RUN_MS,
  );

  it.each(NETWORKS)(
    '$name, twice in a row',
    async ({ name, series }) => {
      const folder = onnxPackage(name);
      expect(await node.command('models', 'pack', folder)).toMatchObject({ exitCode: 0, stderr: '' });
      await recordedAndFoundTwice(folder, ['--sample', LONG ? (testData(series) ?? '') : fewSlicesOf(series)]);
    },
    RUN_MS,
  );
});

/** A folder with neighbouring slices from the middle of a series whose files are in order. */
function fewSlicesOf(series: string): string {
  const folder = tempFolder('few-slices');
  const files = dicomFiles(testData(series) ?? '').sort();
  const from = Math.floor((files.length - FEW_SLICES) / 2);
  for (const file of files.slice(from, from + FEW_SLICES)) copyFileSync(file, join(folder, basename(file)));
  return folder;
}
