/**
 * ONNX networks without a line of code: packages of test/models, the built kit as a process, real series; judged by label maps that the
 * same networks gave elsewhere (data/expected). More series, and the networks for the brain, are in onnx-to-pacs.test.ts and brain-to-pacs.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { structureById } from '../../src/dicom/structures/table.js';
import { parseProgressLine } from '../../src/runs/runtimes/progress.js';
import { describeWith, testData } from '../support/data.js';
import { diceOf, expectedLabels, missingForOnnx, nrrdIn, onnxPackage, runKit } from '../support/kit.js';
import type { KitRun } from '../support/kit.js';
import { PYTHON } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const TIMEOUT_MS = 240_000;
const NAME = 'unet_small_lung';
const SERIES = 'ct-chest-a0002/B40f';
const STRUCTURES = ['LUNG'];

const missing = [
  ...missingForOnnx(),
  ...missingTools('dciodvfy', 'python3-pydicom'),
  ...['ct-chest-a0002', 'expected'].filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith(`a network in an ONNX file: ${NAME} on ${SERIES}`, missing, () => {
  const out = tempFolder('kit-onnx');
  let run: KitRun;
  beforeAll(async () => {
    run = await runKit(onnxPackage(NAME), testData(SERIES) ?? '', out, '--stream-json-progress');
  }, TIMEOUT_MS);

  it('ends with 0, tells how far it is, and what it did', () => {
    expect({ status: run.status, errors: run.stderr.split('\n').filter((line) => line.includes(' ERROR ')) }).toEqual({
      status: 0,
      errors: [],
    });
    const fractions = run.stdout
      .trim()
      .split('\n')
      .map((line) => parseProgressLine(line)?.fraction ?? -1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(run.stderr).toMatch(new RegExp(`OnnxRunner: ${STRUCTURES[0]} [\\d.]+ ml.*; [\\d.]+ s, at most \\d+ MB`));
  });

  it('gives what the same network gave elsewhere, on the grid stated there: Dice of each structure at least 0.99', () => {
    const { labels, columns, rows, slices } = nrrdIn(out, '.nrrd');
    const wanted = expectedLabels('a0002b.unet_small_lung.post');
    expect(columns * rows * slices).toBe(wanted.length);
    const dice = STRUCTURES.map((id, n) => [id, diceOf(labels, wanted, n + 1)] as const);
    expect(dice.filter(([, value]) => !(value >= 0.99))).toEqual([]);
  });

  it('leaves a segmentation that dciodvfy accepts, with the names and codes of its structures', () => {
    const sid = readdirSync(out)[0];
    const path = join(out, sid, `${NAME}.seg.dcm`);
    expect(spawnSync('dciodvfy', [path], { encoding: 'utf8' }).stderr).not.toMatch(/^Error/m);
    const script =
      'import pydicom,sys,json; d=pydicom.dcmread(sys.argv[1]); print(json.dumps([[s.SegmentLabel, s.SegmentedPropertyTypeCodeSequence[0].CodeValue, s.SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator] for s in d.SegmentSequence]))';
    const seen = JSON.parse(spawnSync(PYTHON, ['-c', script, path], { encoding: 'utf8' }).stdout) as unknown;
    expect(seen).toEqual(
      STRUCTURES.map((id) => {
        const structure = structureById(id);
        return [structure?.name, structure?.type.value, structure?.type.scheme];
      }),
    );
  });
});

describeWith('an ONNX package that is wrong is refused before a series is read', missingForOnnx(), () => {
  const folder = onnxPackage(NAME);
  const good = readFileSync(join(folder, 'config/default.yml'), 'utf8');

  it.each([
    ['another file', good.replace('969b', '969c'), /WEIGHTS_REFUSED .*has SHA-256 969bfb26\w+, expected 969cfb26\w+/],
    ['no file', good.replace('weights/unet_small_lung', 'weights/unet'), /WEIGHTS_REFUSED .*weights\/unet\.onnx cannot be read \(ENOENT\)/],
    ['another input', good.replace('name: input', 'name: image'), /it has no input "image"; it has input float32 \[n, 1, h, w\]/],
    ['another output', good.replace('name: prob', 'name: mask'), /it has no output "mask"; it has prob float32 \[n, 1, h, w\]/],
    ['another type', good.replace('float32', 'uint8'), /input input is float32, the package says uint8/],
    [
      'another rank',
      good.replaceAll('[n, 1, j, i]', '[n, 1, 1, j, i]'),
      /input input is float32 \[n, 1, h, w\], its layout names 5 axes; output prob is float32 \[n, 1, h, w\], its layout names 5 axes/,
    ],
  ])('%s', async (_, text, reason) => {
    const file = join(folder, 'config/wrong.yml');
    writeFileSync(file, text);
    const { status, stderr } = await runKit(folder, join(folder, 'no-such-input'), join(folder, 'out'), '--config', file);
    expect(stderr).toMatch(reason);
    expect(status).toBe(2);
  });

  it('a file that is no network', async () => {
    const text = good.replace(/file: .*/, 'file: meta.json').replace(/sha256: .*/, `sha256: ${sha256Of(join(folder, 'meta.json'))}`);
    writeFileSync(join(folder, 'config/wrong.yml'), text);
    const { status, stderr } = await runKit(folder, folder, join(folder, 'out'), '--workflow', 'wrong');
    expect(stderr).toMatch(/MODEL_INVALID .*meta\.json cannot be opened as an ONNX network/);
    expect(status).toBe(2);
  });
});

function sha256Of(path: string): string {
  return spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout.slice(0, 64);
}
