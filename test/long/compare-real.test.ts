/**
 * Real models on real patients by one command each: three that draw lungs, one of them as lobes, on two chest CTs, killed in the middle together with
 * the node and given again; three networks for the brain on a head MR. Too slow for every day: `npm run test:long`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { RunView } from '../../src/api/views.js';
import { csvRows } from '../../src/foundation/csv.js';
import { describeWith, testData } from '../support/data.js';
import { missingForOnnx, onnxPackage } from '../support/kit.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const RUN_MS = 1_900_000;
const NETWORKS = ['unet_small_lung', 'brainchop_model5_gw_ae', 'brainchop_model11_gw_ae', 'brainchop_model18cls'];
const BRAINS = NETWORKS.slice(1);

const missing = [
  ...missingForNode(),
  ...missingForOnnx(),
  ...['ct-chest-a0001', 'ct-chest-a0002', 'mr-brain-t1-forrest']
    .filter((name) => testData(name) === undefined)
    .map((name) => `data ${name}`),
];

describeWith('real models compared', missing, () => {
  const work = tempFolder('compare-real');
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ settings: { runs: { concurrency: 1, resources: { cpus: 2, memoryMb: 10_000 } } } });
    for (const name of ['lungs', 'lobes']) await addModel(node, `deploy/models/${name}`, '--model-file', 'model.process.yaml');
    for (const name of NETWORKS) await addModel(node, asProcess(onnxPackage(name)));
  }, 120_000);
  afterAll(() => node.remove());

  interface Comparison {
    readonly name: string;
    readonly models: readonly string[];
    readonly cases: readonly { readonly name: string; readonly folder: string }[];
  }

  const outOf = ({ name }: Comparison) => join(work, name);
  const commandOf = (comparison: Comparison) => {
    const cohort = join(work, `${comparison.name}.yaml`);
    writeFileSync(cohort, stringify({ cases: comparison.cases }));
    return ['compare', '--models', comparison.models.join(), '--cohort', cohort, '--out', outOf(comparison)];
  };

  /** Begins it, and kills command and node when the first case is scored. */
  const begunAndKilled = async (comparison: Comparison) => {
    const common = ['--config', node.settingsFile, '--data', node.dataDir];
    const command = spawn(process.execPath, ['dist/anteroom.cjs', ...commandOf(comparison), ...common], { stdio: 'ignore' });
    const scored = join(outOf(comparison), 'cases');
    const isScored = () => existsSync(scored) && readdirSync(scored).some((file) => file.endsWith('.json'));
    await until('the first case to be scored', isScored, RUN_MS);
    command.kill('SIGKILL');
    await once(command, 'exit');
    await node.kill();
    await node.start();
  };

  /** What the command prints, and the Dice of a pair of models by case. */
  const compared = async (comparison: Comparison) => {
    const { exitCode, stderr, stdout } = await node.command(...commandOf(comparison));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [head, ...rows] = csvRows(readFileSync(join(outOf(comparison), 'pairs.csv'), 'utf8'));
    const cell = (cells: readonly string[], column: string) => cells[head.indexOf(column)];
    const dice = (pair: readonly [string, string], structure: string) =>
      rows
        .filter(
          (cells) =>
            cell(cells, 'reference_model') === pair[0] && cell(cells, 'model') === pair[1] && cell(cells, 'structure') === structure,
        )
        .map((cells) => ({ madeOf: cell(cells, 'made_of'), dice: Number(cell(cells, 'dice')) }));
    return { stdout, dice };
  };

  it(
    'three models of the lungs on chest CTs, killed after the first and given again: every run once, and lobes count as lungs',
    async () => {
      const folders = { a0001: 'ct-chest-a0001', a0002: 'ct-chest-a0002/B40f' };
      const cases = Object.entries(folders).map(([name, folder]) => ({ name, folder: testData(folder) ?? '' }));
      const chest = { name: 'chest', models: ['lungs', 'unet_small_lung', 'lobes'], cases };
      await begunAndKilled(chest);
      const { stdout, dice } = await compared(chest);
      expect(stdout).toContain('goes on after 1 of 2 cases');
      expect(await node.admin.get<RunView[]>('/runs')).toHaveLength(chest.models.length * cases.length);
      expect(dice(['lungs', 'lobes'], 'LEFT_LUNG')).toEqual(Array(2).fill({ madeOf: 'complete', dice: 1 }));
      const ofNetwork = dice(['lungs', 'unet_small_lung'], 'LUNG');
      expect(ofNetwork.map((one) => one.dice > 0.95)).toEqual([true, true]);
    },
    RUN_MS,
  );

  it(
    'three networks on a head MR: white and grey matter are put together as far as the table knows them',
    async () => {
      const cases = [{ name: 'forrest', folder: testData('mr-brain-t1-forrest/dicoms') ?? '' }];
      const { dice } = await compared({ name: 'brain', models: BRAINS, cases });
      expect(dice([BRAINS[0], BRAINS[1]], 'WHITE_MATTER')).toEqual([{ madeOf: 'given', dice: expect.closeTo(0.93, 1) as number }]);
      expect(dice([BRAINS[0], BRAINS[2]], 'WHITE_MATTER')).toEqual([{ madeOf: 'incomplete', dice: expect.closeTo(0.87, 1) as number }]);
    },
    RUN_MS,
  );
});

/** The network in the built kit on the host itself. */
function asProcess(folder: string): string {
  const command = [process.execPath, resolve('dist/kit-bundle/kit.mjs')];
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({ runtime: 'process', command, memoryMb: 8192, timeoutS: 1800, outputs: { mustExist: 'card' } }),
  );
  return folder;
}
