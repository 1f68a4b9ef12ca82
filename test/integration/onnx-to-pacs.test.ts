/**
 * From an ONNX file to a segmentation in the PACS, as the author of a model goes: scaffold → fill in → pack → rule → C-STORE → container →
 * Orthanc. Judged by pydicom, dciodvfy and masks that the same network gave elsewhere. With ANTEROOM_LONG=1 on a second study, of twice as many slices.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelView } from '../../src/api/views.js';
import { describeWith, testData } from '../support/data.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { diceOf, expectedLabels, missingForOnnx, nrrdIn } from '../support/kit.js';
import { lungsRules } from '../support/lungs-rules.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { allEqual, reproducedIn } from '../support/reproduced.js';
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { arrived, dicomFiles, endedRun, segsIn, storescu } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const MODEL = 'author_lungs';
const LONG = process.env.ANTEROOM_LONG === '1';
const RUN_MS = LONG ? 900_000 : 400_000;
const STUDIES = [
  {
    name: 'ct-chest-a0002',
    series: 'B40f',
    study: '1.3.6.1.4.1.14519.5.2.1.6655.2359.104855313699639828167809534834',
    expected: 'a0002b.unet_small_lung.post',
  },
  {
    name: 'ct-chest-a0001',
    series: '',
    study: '1.3.6.1.4.1.14519.5.2.1.6655.2359.165554066086145834377508507990',
    expected: 'a0001b.unet_small_lung.post',
  },
].slice(0, LONG ? 2 : 1);
/** The shipped rule for this model. */
const RULES = Object.fromEntries(
  Object.entries(lungsRules('pacs')).map(([file, text]) => [file, text.replace('model: lungs', `model: ${MODEL}`)]),
);

const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingForDocker('anteroom/base'),
  ...missingForOnnx(),
  ...missingTools('storescu', 'dciodvfy', 'python3-pydicom'),
  ...[...STUDIES.map(({ name }) => name), 'expected'].filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith('an ONNX file becomes a model without code', missing, () => {
  const work = tempFolder('author');
  const folder = join(work, MODEL);
  const weights = join(testData('models') ?? '', 'unet_small_lung.onnx');
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc();
    node = await startNode({
      rules: RULES,
      settings: {
        docker: { socket: engineSocket() },
        settle: { quietS: 2 },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
      },
    });
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
    spawnSync('docker', ['-H', `unix://${engineSocket()}`, 'rmi', '-f', `anteroom/${MODEL}`]);
  }, 60_000);

  it('begins with a package in which everything is named that only the author knows', async () => {
    const made = await node.command('models', 'scaffold', MODEL, '--onnx', weights, '--into', work);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    const workflow = readFileSync(join(folder, 'config/default.yml'), 'utf8');
    expect(workflow).toContain('input: { name: input, layout: [n, 1, j, i], type: float32 }');
    expect(workflow).toContain('output: { name: prob, layout: [n, 1, j, i], kind: probability }');
    const refused = await node.command('models', 'pack', folder);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/config\/default\.yml:6:17: is not filled in: description/);
    expect(refused.stderr).toMatch(/meta\.json:\d+:\d+: is not filled in: "weights": "FILL IN: the licence of the weights"/);
    expect(refused.stderr).toMatch(/default\.yml:35:\d+: is not filled in: 1: "FILL IN"/);
  }, 60_000);

  it('is checked in its container before it is registered: card and workflow must name the same structures', async () => {
    fillIn(folder, weights);
    const card = join(folder, 'meta.json');
    const good = readFileSync(card, 'utf8');
    writeFileSync(card, good.replace('"LUNG"', '"LIVER"'));
    const refused = await node.command('models', 'pack', folder);
    expect(refused.stderr).toMatch(
      /the card promises LIVER, which the workflow does not give; the workflow gives LUNG, which the card does not name/,
    );
    writeFileSync(card, good);
    const sha256 = /sha256: (\w+)/.exec(readFileSync(join(folder, 'config/default.yml'), 'utf8'))?.[1] ?? '';
    replaceIn(join(folder, 'config/default.yml'), [[sha256, 'f'.repeat(64)]]);
    expect((await node.command('models', 'pack', folder)).stderr).toContain(`has SHA-256 ${sha256}, expected ${'f'.repeat(64)}`);
    replaceIn(join(folder, 'config/default.yml'), [['f'.repeat(64), sha256]]);
    expect(await node.admin.get<ModelView[]>('/models')).toEqual([]);
  }, 120_000);

  it('is packed, and in use', async () => {
    const packed = await node.command('models', 'pack', folder, '--activate', '--reason', 'test');
    expect(packed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(packed.stdout).toMatch(/built anteroom\/author_lungs[^]*checked its workflows[^]*author_lungs 1\.0\.0 is active/);
  }, 120_000);

  it.each(STUDIES)(
    'runs on $name that C-STORE brings, and its segmentation is in the PACS',
    async ({ name, series, study, expected }) => {
      const sent = join(testData(name) ?? '', series);
      await storescu(node, dicomFiles(sent), '-xt');
      const ended = await endedRun(node, study, MODEL, RUN_MS);
      expect(ended).toMatchObject({ state: 'done', reason: null });
      await arrived(node, study, 1);

      const out = join(node.dataDir, 'runs', String(ended.run), '1', 'out');
      const { labels } = nrrdIn(out, '.nrrd');
      expect(diceOf(labels, expectedLabels(expected), 1)).toBeGreaterThanOrEqual(0.99);
      const seg = join(work, `${name}.dcm`);
      writeFileSync(seg, (await segsIn(pacs, study))[0]);
      const nrrd = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('.nrrd')) ?? '';
      const compared = execFileSync(PYTHON, ['test/support/compare-seg.py', seg, join(out, nrrd), sent], { encoding: 'utf8' });
      expect(JSON.parse(compared)).toMatchObject({ differentVoxels: 0, wrongPositions: 0, studyInstanceUid: study, segments: ['Lung'] });
      expect(dciodvfyErrors(seg)).toEqual([]);
    },
    RUN_MS,
  );

  it(
    'and each segmentation that the PACS holds comes out again with equal voxels',
    async () => expect(await reproducedIn(pacs, node)).toEqual(allEqual(STUDIES.length)),
    RUN_MS,
  );
});

/** What the author of this network knows. The weights are taken from elsewhere when the image is built, as from a URL. */
function fillIn(folder: string, weights: string): void {
  replaceIn(join(folder, 'config/default.yml'), [
    ['"FILL IN: what it finds on what"', 'both lungs on chest CT'],
    [/ +# "FILL IN": what was done.*\n.*\n.*\n/, '\n      - offset: 1024\n      - clamp: { from: 0 }\n'],
    ['multiple_of: [1, 1, 1]', 'multiple_of: [8, 8, 1]'],
    ['1: "FILL IN"', '1: LUNG'],
    ['    steps: ', '    steps:\n      - remove_air_at_border: { below: -300 }'],
  ]);
  replaceIn(join(folder, 'meta.json'), [
    ['FILL IN: the structures of the workflow', 'LUNG'],
    ['FILL IN: the licence of the weights', 'MIT'],
    [/FILL IN(: )?/g, 'said: '],
  ]);
  rmSync(join(folder, 'weights'), { recursive: true });
  expect(existsSync(weights)).toBe(true);
  replaceIn(join(folder, 'model.yaml'), [[/# weights: .*\n.*\n/, `weights:\n  weights/${MODEL}.onnx: ${weights}\n`]]);
}

function replaceIn(file: string, changes: readonly (readonly [string | RegExp, string])[]): void {
  writeFileSync(
    file,
    changes.reduce((text, [from, to]) => text.replace(from, to), readFileSync(file, 'utf8')),
  );
}
