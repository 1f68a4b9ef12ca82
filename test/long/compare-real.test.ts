/**
 * Real models on real patients by one command each: three that draw lungs, one of them as lobes, on two chest CTs; three networks for the brain on a
 * head MR. Too slow for every day: `npm run test:long`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { csvRows } from '../../src/foundation/csv.js';
import { describeWith, testData } from '../support/data.js';
import { missingForOnnx, onnxPackage } from '../support/kit.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';

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

  /** Dice of each pair of models, by case and structure. */
  const compared = async (name: string, models: readonly string[], cases: readonly { name: string; folder: string }[]) => {
    const [cohort, out] = [join(work, `${name}.yaml`), join(work, name)];
    writeFileSync(cohort, stringify({ cases }));
    const { exitCode, stderr } = await node.command('compare', '--models', models.join(), '--cohort', cohort, '--out', out);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [head, ...rows] = csvRows(readFileSync(join(out, 'pairs.csv'), 'utf8'));
    const cell = (cells: readonly string[], column: string) => cells[head.indexOf(column)];
    return (pair: readonly [string, string], structure: string) =>
      rows
        .filter(
          (cells) =>
            cell(cells, 'reference_model') === pair[0] && cell(cells, 'model') === pair[1] && cell(cells, 'structure') === structure,
        )
        .map((cells) => ({ madeOf: cell(cells, 'made_of'), dice: Number(cell(cells, 'dice')) }));
  };

  it(
    'three models of the lungs on chest CTs: lobes count as lungs',
    async () => {
      const folders = { a0001: 'ct-chest-a0001', a0002: 'ct-chest-a0002/B40f' };
      const cases = Object.entries(folders).map(([name, folder]) => ({ name, folder: testData(folder) ?? '' }));
      const dice = await compared('chest', ['lungs', 'unet_small_lung', 'lobes'], cases);
      expect(dice(['lungs', 'lobes'], 'LEFT_LUNG')).toEqual(Array(2).fill({ madeOf: 'complete', dice: 1 }));
      const ofNetwork = dice(['lungs', 'unet_small_lung'], 'LUNG');
      expect(ofNetwork.map((one) => one.dice > 0.95)).toEqual([true, true]);
    },
    RUN_MS,
  );

  it(
    'three networks on a head MR: white and grey matter are put together as far as the table knows them',
    async () => {
      const dice = await compared('brain', BRAINS, [{ name: 'forrest', folder: testData('mr-brain-t1-forrest/dicoms') ?? '' }]);
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
