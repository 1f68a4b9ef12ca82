import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { MODULES } from '../../../src/kit/registry.js';
import { readWorkflow } from '../../../src/kit/workflow.js';
import { FILL_IN, makeImageContext } from '../../../src/models/image-context.js';
import { readModelPackage } from '../../../src/models/package.js';
import { scaffoldFiles, type TensorFacts } from '../../../src/models/scaffold.js';
import { fetchWeights, weightsOf } from '../../../src/models/weights.js';
import { tempFolder } from '../../support/temp.js';

const WEIGHTS = Buffer.from('these are no weights');
const SHA256 = createHash('sha256').update(WEIGHTS).digest('hex');

function files(input: TensorFacts, output: TensorFacts) {
  return scaffoldFiles({ name: 'net', weightsFile: 'weights/net.onnx', sha256: SHA256, input, output, modality: 'CT' });
}

function tensor(name: string, type: string, ...shape: (number | string)[]): TensorFacts {
  return { name, type, shape };
}

const SLICES = [tensor('x', 'float32', 'n', 1, 'h', 'w'), tensor('p', 'float32', 'n', 1, 'h', 'w')] as const;

/** A package on disk, as `models scaffold` leaves it; `filled`: with the places to fill in filled. */
function packageFolder(filled: boolean): string {
  const folder = tempFolder('scaffold');
  for (const [path, text] of Object.entries({ ...files(...SLICES), 'weights/net.onnx': WEIGHTS.toString() })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), filled ? text.replaceAll(FILL_IN, 'said').replace('1: "said"', '1: LUNG') : text);
  }
  return folder;
}

describe('a scaffold', () => {
  it.each<[string, readonly [TensorFacts, TensorFacts], RegExp[]]>([
    ['slices', SLICES, [/layout: \[n, 1, j, i\], type: float32/, /layout: \[n, 1, j, i\], kind: probability/, /size: source/]],
    [
      'slices of one size, one at a time, with classes',
      [tensor('x', 'float32', 1, 1, 512, 384), tensor('p', 'float32', 1, 4, 512, 384)],
      [/layout: \[n, c, j, i\], kind: logits/, /size: \[384, 512, source\]/, /batch_slices: 1/, /3: "FILL IN"\n\n/],
    ],
    [
      'a volume with whole numbers',
      [tensor('x', 'uint8', 1, 1, 'd', 'h', 'w'), tensor('l', 'uint8', 1, 'd', 'h', 'w')],
      [/layout: \[1, 1, k, j, i\], type: uint8/, /layout: \[1, k, j, i\], kind: labels/],
    ],
  ])('for %s states what the file tells, and is valid once its labels are filled in', (_, [input, output], wanted) => {
    const workflow = files(input, output)['config/default.yml'];
    for (const text of wanted) expect(workflow).toMatch(text);
    expect(() => readWorkflow(workflow, 'default.yml', [], MODULES)).toThrow(/"FILL IN" is no structure/);
    const filled = ['LUNG', 'LIVER', 'HEART'].reduce((text, id) => text.replace(/: "FILL IN"$/m, `: ${id}`), workflow);
    expect(readWorkflow(filled, 'default.yml', [], MODULES).steps).toHaveLength(6);
  });

  it('is not packed before it is filled in, and every place is named', async () => {
    const model = readModelPackage(packageFolder(false));
    await expect(makeImageContext(model, tempFolder('context'))).rejects.toThrow(
      /default\.yml:6:17: is not filled in[^]*meta\.json:\d+:\d+: is not filled in/,
    );
  });
});

describe('what an image is built from', () => {
  it('is the card, the workflows and the weights, these as a layer of their own', async () => {
    const context = tempFolder('context');
    await makeImageContext(readModelPackage(packageFolder(true)), context);
    expect(readFileSync(join(context, 'Dockerfile'), 'utf8').trim().split('\n')).toEqual([
      'ARG BASE_IMAGE=anteroom/base',
      'FROM ${BASE_IMAGE}',
      'COPY layers/weights /app/models/net/',
      'COPY layers/package /app/models/net/',
    ]);
    expect(readFileSync(join(context, 'layers/weights/weights/net.onnx'))).toEqual(WEIGHTS);
    expect(readFileSync(join(context, 'layers/package/config/default.yml'), 'utf8')).toContain('1: LUNG');
  });

  it('takes weights from elsewhere, and no others than those that the workflow names', async () => {
    const folder = packageFolder(true);
    const elsewhere = join(tempFolder('weights'), 'w.onnx');
    writeFileSync(elsewhere, 'others');
    writeFileSync(join(folder, 'model.yaml'), `image: x/net\nweights:\n  weights/net.onnx: ${elsewhere}\n`);
    const [weights] = weightsOf(readModelPackage(folder));
    expect(weights).toEqual({ file: 'weights/net.onnx', sha256: SHA256, from: elsewhere });
    await expect(fetchWeights(weights, tempFolder('context'))).rejects.toThrow(/has SHA-256 \w+, expected/);
    await expect(fetchWeights({ ...weights, from: '/no/such/file' }, tempFolder('context'))).rejects.toThrow(/is not there/);
  });
});
