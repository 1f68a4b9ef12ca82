/** Is what a model leaves what it left before? The shipped lungs model, as a process, on a study that no scanner made. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryView, ModelView, ResultView, RunView } from '../../src/api/views.js';
import { makeChestStudy, sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { missingForKit } from '../support/kit.js';
import { lungsRules } from '../support/lungs-rules.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const PACKAGE = ['deploy/models/lungs', '--model-file', 'model.process.yaml'];
const TIMEOUT_MS = 120_000;

describeWith('reproducibility of the lungs model', [...missingForNode(), ...missingForKit()], () => {
  const study = makeChestStudy('reproducible');
  const work = tempFolder('model-test');
  const reference = join(work, 'reference');
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ rules: lungsRules('archive'), settings: { settle: { quietS: 1 } } });
    expect(await node.command('models', 'add', ...PACKAGE)).toMatchObject({ exitCode: 0 });
  }, TIMEOUT_MS);
  afterAll(() => node.remove({ damaged: true }));

  const test = (name: string, ...options: string[]) =>
    node.command('models', 'test', ...PACKAGE, '--sample', study.folder, '--reference', reference, '--out', join(work, name), ...options);
  const models = async () => (JSON.parse((await node.command('models', 'list', '--json')).stdout) as ModelView[])[0];
  const reportOf = (name: string) => JSON.parse(readFileSync(join(work, name, 'default.report.json'), 'utf8')) as { conclusion: boolean };

  it(
    'a passed test makes a registered model a tested one, which is used without an override',
    async () => {
      expect((await models()).state).toBe('registered');
      const recorded = await test('first', '--record', '--repeat', '2');
      expect(recorded).toMatchObject({ exitCode: 0, stderr: '' });
      expect(recorded.stdout).toContain('run 2: reproduced');
      expect(reportOf('first')).toMatchObject({ conclusion: true, anteroom: { digest: (await models()).digest, workflow: 'default' } });
      // What it is held against is its own answer of just now: that proves nothing.
      expect((await models()).state).toBe('registered');
      expect(await test('second')).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await models()).state).toBe('tested');
      expect(await node.command('models', 'add', ...PACKAGE, '--activate')).toMatchObject({ exitCode: 0 });
      expect(await models()).toMatchObject({ state: 'active', overrideReason: null });
    },
    TIMEOUT_MS,
  );

  it(
    'a number off by 1e-3, a file that is missing and another digest fail it, each by its name, and suspend it until it passes again',
    async () => {
      const [series] = readdirSync(reference);
      const file = join(reference, series, 'lungs.json');
      const text = readFileSync(file, 'utf8');
      const number = /\d+\.\d+/.exec(text)?.[0] ?? '';
      writeFileSync(file, text.replace(number, String(Number(number) + 1e-3)));
      writeFileSync(join(reference, series, 'report.csv'), 'id,volume\n');
      const madeBy = `${reference}.made-by.json`;
      const made = readFileSync(madeBy, 'utf8');
      writeFileSync(madeBy, made.replace(/sha256:[0-9a-f]+/, 'sha256:0'));
      expect(await test('planted')).toMatchObject({ exitCode: 1 });
      expect(reportOf('planted')).toMatchObject({
        missing_files: [`${series}/report.csv`],
        summary: { checks: { JsonContentCheck: { findings: { 'JSON Value': 1 } }, DicomsegContentCheck: { files: 1 } } },
        conclusion: false,
        anteroom: { findings: [{ label: 'Digest' }] },
      });
      expect((await models()).state).toBe('suspended');

      writeFileSync(file, text);
      rmSync(join(reference, series, 'report.csv'));
      writeFileSync(madeBy, made);
      expect(await test('mended')).toMatchObject({ exitCode: 0 });
      expect(await node.command('resume', 'model', 'lungs')).toMatchObject({ exitCode: 0 });
      expect(await models()).toMatchObject({ state: 'active', overrideReason: null });
    },
    TIMEOUT_MS,
  );

  it(
    'reproduce runs again what made a result: the voxels are equal, and nothing is delivered; what was changed is named',
    async () => {
      await sendTo(node, study.files);
      const run = await until('the run to end', async () =>
        (await runs(node)).find(({ state }) => ['done', 'failed', 'rejected'].includes(state)),
      );
      expect(run.reason).toBeNull();
      const [{ sopInstanceUid }] = run.results;
      await until('its delivery', async () => (await deliveries(node)).find(({ state }) => state === 'delivered'));
      const equal = await node.command('reproduce', sopInstanceUid);
      expect(equal).toMatchObject({ exitCode: 0, stderr: '' });
      expect(equal.stdout).toMatch(/voxels equal\n$/);
      const [again] = await runs(node);
      expect(again).toMatchObject({ state: 'done', rule: null });
      expect(await deliveries(node)).toHaveLength(1);

      // The kept object with other voxels: the last bytes of its pixels.
      const file = join(node.dataDir, 'results', `${sopInstanceUid}.dcm`);
      expect(existsSync(file)).toBe(true);
      const bytes = readFileSync(file);
      bytes.fill(0xff, bytes.length - 600, bytes.length - 300);
      writeFileSync(file, bytes);
      const differing = await node.command('reproduce', sopInstanceUid);
      expect(differing.exitCode).toBe(1);
      expect(differing.stdout).toMatch(/voxels differ\n(.*\n)*\s+(LEFT|RIGHT)_LUNG: Voxels Differing: \d+/);
      expect((await node.command('reproduce', '1.2.3')).stderr).toContain('a result of this node with SOPInstanceUID 1.2.3');
    },
    TIMEOUT_MS,
  );
});

async function runs(node: TestNode): Promise<(RunView & { results: ResultView[] })[]> {
  return JSON.parse((await node.command('runs', '--json')).stdout) as (RunView & { results: ResultView[] })[];
}

async function deliveries(node: TestNode): Promise<DeliveryView[]> {
  return JSON.parse((await node.command('deliveries', '--json')).stdout) as DeliveryView[];
}
