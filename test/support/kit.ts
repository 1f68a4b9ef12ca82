/** The built kit as a process of its own, as in a model's container: ONNX Runtime does not work inside jest's realm. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { testData } from './data.js';
import { tempFolder } from './temp.js';

const KIT = resolve('dist/kit-bundle/kit.mjs');
const PACKAGES = resolve('test/models');

/** What the kit needs and is missing, for `describeWith`. */
export function missingForKit(): string[] {
  return existsSync(KIT) ? [] : ['dist/kit-bundle: npm run build'];
}

/** What networks in ONNX files need and is missing. */
export function missingForOnnxRuntime(): string[] {
  return existsSync('dist/node_modules/onnxruntime-node') ? [] : ['ONNX Runtime (npm test fetches it)'];
}

/** What the packages of test/models need and is missing. */
export function missingForOnnx(): string[] {
  return [...missingForKit(), ...missingForOnnxRuntime(), ...(testData('models') === undefined ? ['data models'] : [])];
}

/** The image that `onnxPackage` names: this process's own, so that suites beside each other can pack the same package. */
export function imageOf(name: string): string {
  return `anteroom-test/${name}:${process.pid}`;
}

/** A package of test/models in a folder of its own, with its weights, which stay with the data otherwise. */
export function onnxPackage(name: string): string {
  const folder = join(tempFolder('onnx-package'), name);
  cpSync(join(PACKAGES, name), folder, { recursive: true });
  const yaml = join(folder, 'model.yaml');
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/^image: .*$/m, `image: ${imageOf(name)}`));
  mkdirSync(join(folder, 'weights'));
  cpSync(join(testData('models') ?? '', `${name}.onnx`), join(folder, 'weights', `${name}.onnx`));
  return folder;
}

/** The structures of a package of test/models, in the order of its labels 1, 2, … */
export function structuresOf(name: string): string[] {
  const text = readFileSync(join(PACKAGES, name, 'config/default.yml'), 'utf8');
  return [...text.matchAll(/^ {6}\d+: (\w+)$/gm)].map(([, id]) => id);
}

export interface KitRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the kit on folders of this machine. */
export function runKit(modelDir: string, inputDir: string, outputDir: string, ...args: string[]): Promise<KitRun> {
  const env = { ...process.env, ANTEROOM_MODEL_DIR: modelDir, ANTEROOM_INPUT_DIR: inputDir, ANTEROOM_OUTPUT_DIR: outputDir };
  const child = spawn(process.execPath, [KIT, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((ended, failed) => {
    child.on('error', failed).on('close', (status) => ended({ status, stdout, stderr }));
  });
}

export interface Nrrd {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** C order [k][j][i]. */
  readonly labels: Uint8Array;
  readonly header: string;
}

/** The NRRD file of that ending in a folder of outputs. */
export function nrrdIn(folder: string, ending: string): Nrrd {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(ending));
  const file = readFileSync(join(folder, name ?? `no file *${ending}`));
  const end = file.indexOf('\n\n');
  const header = file.toString('ascii', 0, end);
  const [columns, rows, slices] = (/sizes: (.*)/.exec(header)?.[1] ?? '').split(' ').map(Number);
  return { columns, rows, slices, labels: gunzipSync(file.subarray(end + 2)), header };
}

/** A raw label map of the folder `expected` of the data, gunzipped. */
export function expectedLabels(name: string): Uint8Array {
  return gunzipSync(readFileSync(join(testData('expected') ?? '', `${name}.u8.gz`)));
}

/** Dice of one label in two maps. */
export function diceOf(a: Uint8Array, b: Uint8Array, label: number): number {
  let [both, all] = [0, 0];
  for (let p = 0; p < a.length; p++) {
    const [inA, inB] = [a[p] === label ? 1 : 0, b[p] === label ? 1 : 0];
    both += 2 * (inA & inB);
    all += inA + inB;
  }
  return both / all;
}
