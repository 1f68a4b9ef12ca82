/**
 * What the kit costs apart from the network itself: a 512×512×300 series from its files to the segmentation, beside dcm2niix alone on the same
 * files; writing segmentations of 5 and of 100 segments; sizes of the base image and of what a model adds to it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { makeChestStudy } from '../support/chest-study.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { missingForKit, runKit } from '../support/kit.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { median, print, rowsOf, type BenchOptions, type Line, type Row } from './report.js';

const EXTENT = { columns: 512, rows: 512, slices: 300 };
/** Per so many voxels of the source grid are the goals. */
const VOXELS = 100_000_000;
const SEG_WORKER = resolve('test/bench/seg-worker.mjs');
const NETWORK = 'LungSegmenter';
const BASE = 'anteroom/base';
const MODEL = 'anteroom/lungs';

/** Measures the case. */
export async function run({ repeats }: BenchOptions): Promise<Row[]> {
  const missing = [...missingForKit(), ...missingTools('dcm2niix')];
  if (missing.length > 0) throw new Error(`kit cannot run here, missing: ${missing.join(', ')}`);
  return [...(await kitOverhead(repeats)), ...segWriting(repeats), ...imageSizes()];
}

/** Milliseconds of each module, by the kit's own progress, and of the whole process. */
interface KitPassage {
  readonly modules: ReadonlyMap<string, number>;
  readonly wholeMs: number;
}

async function kitOverhead(repeats: number): Promise<Row[]> {
  const { columns, rows, slices } = EXTENT;
  const { folder } = makeChestStudy('bench kit', { columns, rows, slices, spacingMm: [0.75, 0.62, 1] });
  const model = packageWithPostprocessing();
  const ours: KitPassage[] = [];
  const theirs: number[] = [];
  for (let n = 0; n <= repeats; n++) {
    const passage = await kitPassage(model, folder);
    const beside = timed(() => execFileSync('dcm2niix', ['-z', 'n', '-o', tempFolder('bench-nifti'), folder], { stdio: 'ignore' }));
    if (n === 0) continue;
    ours.push(passage);
    theirs.push(beside);
  }
  const title = `kit, ${columns}x${rows}x${slices} from files to segmentation`;
  const medianOf = (figure: (passage: KitPassage) => number) => median(ours.map(figure));
  const inNetwork = ({ modules }: KitPassage) => modules.get(NETWORK) ?? 0;
  const lines: Line[] = [
    {
      name: `all but ${NETWORK}`,
      value: medianOf((passage) => passage.wholeMs - inNetwork(passage)),
      peer: { name: 'dcm2niix alone', value: median(theirs) },
    },
    ...[...ours[0].modules.keys()].map((label) => ({ name: `of it ${label}`, value: medianOf(({ modules }) => modules.get(label) ?? 0) })),
  ].filter(({ name }) => !name.endsWith(`of it ${NETWORK}`));
  print(title, 'ms', lines);
  return rowsOf(title, 'ms', lines);
}

/** The example model with a step of post-processing, as networks have it. */
function packageWithPostprocessing(): string {
  const folder = tempFolder('bench-model');
  cpSync('deploy/models/lungs', folder, { recursive: true });
  const path = join(folder, 'config/default.yml');
  const workflow = parse(readFileSync(path, 'utf8')) as { execute: string[]; modules: Record<string, unknown> };
  workflow.execute.splice(workflow.execute.indexOf(NETWORK) + 1, 0, 'LabelMapPostprocessor');
  workflow.modules.LabelMapPostprocessor = {
    steps: [{ keep_components: { above_percent_of_largest: 5 } }, { fill_holes: { in: 'slices' } }],
  };
  writeFileSync(path, stringify(workflow));
  return folder;
}

async function kitPassage(model: string, input: string): Promise<KitPassage> {
  const begin = performance.now();
  const { status, stdout, stderr } = await runKit(model, input, tempFolder('bench-out'), '--stream-json-progress');
  const wholeMs = performance.now() - begin;
  if (status !== 0) throw new Error(stderr);
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    total: { modules: { label: string; start: number; stop: number }[] };
  };
  return { wholeMs, modules: new Map(last.total.modules.map(({ label, start, stop }) => [label, (stop - start) * 1000])) };
}

interface SegFigures {
  readonly first: { readonly ms: number; readonly cpuMs: number };
  readonly again: { readonly ms: number; readonly cpuMs: number };
  readonly idleMb: number;
  readonly peakMb: number;
  readonly sizeBytes: number;
}

function segWriting(repeats: number): Row[] {
  const per = VOXELS / (EXTENT.columns * EXTENT.rows * EXTENT.slices);
  return [5, 100].flatMap((segments) => {
    const figures: SegFigures[] = [];
    for (let n = 0; n < repeats; n++) figures.push(segFigures(segments));
    const of = (figure: (one: SegFigures) => number) => median(figures.map(figure));
    const title = `SEG of ${segments} segments, per 100 million voxels of source grid`;
    const time: Line[] = [
      { name: 'from label map to file, in a process that runs', value: of(({ again }) => again.ms * per) },
      { name: 'the first one of a process', value: of(({ first }) => first.ms * per) },
      { name: 'CPU time, in a process that runs', value: of(({ again }) => again.cpuMs * per) },
    ];
    const sizes: Line[] = [
      { name: 'peak memory above idle', value: of(({ peakMb, idleMb }) => peakMb - idleMb) },
      { name: 'the file', value: figures[0].sizeBytes / 1e6 },
    ];
    print(title, 'ms', time);
    print(title.split(',')[0], 'MB', sizes);
    return [...rowsOf(title, 'ms', time), ...rowsOf(title.split(',')[0], 'MB', sizes)];
  });
}

function segFigures(segments: number): SegFigures {
  const asked = JSON.stringify({ ...EXTENT, segments });
  const args = ['--expose-gc', SEG_WORKER, asked, join(tempFolder('bench-seg'), 'seg.dcm')];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as SegFigures;
}

/** What the images take on the engine's disk; a model's own is what it adds to the base. */
function imageSizes(): Row[] {
  const missing = missingForDocker(BASE, MODEL);
  if (missing.length > 0) {
    console.log(`\nsizes of images are left out, missing: ${missing.join(', ')}`);
    return [];
  }
  const [base, model] = [megabytesOf(BASE), megabytesOf(MODEL)];
  const lines: Line[] = [
    { name: `${BASE}, once for all models`, value: base },
    ...layersOf(BASE).map(({ name, mb }) => ({ name: `  ${name}`, value: mb })),
    { name: `${MODEL}, its own layers`, value: model - base },
  ];
  print('images', 'MB', lines);
  return rowsOf('images', 'MB', lines);
}

function docker(...args: string[]): string {
  const env = { ...process.env, DOCKER_HOST: `unix://${engineSocket()}` };
  return spawnSync('docker', args, { env, encoding: 'utf8' }).stdout.trim();
}

function megabytesOf(image: string): number {
  return Number(docker('image', 'inspect', '--format', '{{.Size}}', image)) / 1e6;
}

/** Layers of a megabyte or more, by what made them; the first is the system with Node. */
function layersOf(image: string): { name: string; mb: number }[] {
  const lines = docker('history', '--no-trunc', '--human=false', '--format', '{{.Size}}\t{{.CreatedBy}}', image).split('\n').reverse();
  return lines.flatMap((text) => {
    const [bytes, madeBy] = text.split('\t');
    const name = / in (\/\S+)/.exec(madeBy)?.[1] ?? 'system and Node';
    return Number(bytes) < 1e6 ? [] : [{ name, mb: Number(bytes) / 1e6 }];
  });
}

function timed(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}
