/**
 * From an ONNX file to a segmentation in the PACS, as the author of a model goes: scaffold → fill in → pack → rule → C-STORE → container →
 * Orthanc. Judged by pydicom, dciodvfy and a mask that the same network gave elsewhere.
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
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { arrived, dicomFiles, endedRun, segsIn, storescu } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const MODEL = 'author_lungs';
const STUDY = '1.3.6.1.4.1.14519.5.2.1.6655.2359.104855313699639828167809534834';
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
  ...['ct-chest-a0002', 'expected'].filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
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

  it('runs on what C-STORE brings, and its segmentation is in the PACS', async () => {
    const packed = await node.command('models', 'pack', folder, '--activate', '--reason', 'test');
    expect(packed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(packed.stdout).toMatch(/built anteroom\/author_lungs[^]*checked its workflows[^]*author_lungs 1\.0\.0 is active/);

    await storescu(node, dicomFiles(join(testData('ct-chest-a0002') ?? '', 'B40f')));
    const ended = await endedRun(node, STUDY, MODEL, 300_000);
    expect(ended).toMatchObject({ state: 'done', reason: null });
    await arrived(node, STUDY, 1);

    const out = join(node.dataDir, 'runs', String(ended.run), '1', 'out');
    const { labels } = nrrdIn(out, '.nrrd');
    expect(diceOf(labels, expectedLabels('a0002b.unet_small_lung.post'), 1)).toBeGreaterThanOrEqual(0.99);
    const seg = join(work, 'seg.dcm');
    writeFileSync(seg, (await segsIn(pacs, STUDY))[0]);
    const nrrd = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.nrrd')) ?? '';
    const compared = execFileSync(PYTHON, ['test/support/compare-seg.py', seg, join(out, nrrd), testData('ct-chest-a0002') ?? ''], {
      encoding: 'utf8',
    });
    expect(JSON.parse(compared)).toMatchObject({ differentVoxels: 0, wrongPositions: 0, studyInstanceUid: STUDY, segments: ['Lung'] });
    expect(dciodvfyErrors(seg)).toEqual([]);
  }, 400_000);
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
