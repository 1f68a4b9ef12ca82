/**
 * What the queue and the runtime cost a comparison: runs of an evaluation one after the other in a node, beside a plain loop of `docker run` with the same
 * image, input and limits. By turns, each of the two first in every other one, so that what else the machine does meets both.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { EvaluationRunView } from '../../src/api/evaluation-routes.js';
import type { ModelView, StudyView } from '../../src/api/views.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { readHead } from '../../src/archive/read-head.js';
import { Db } from '../../src/ledger/database.js';
import { sendTo } from '../support/chest-study.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { imageOf, missingForOnnx, onnxPackage } from '../support/kit.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';
import { median, print, rowsOf, type BenchOptions, type Line, type Row } from './report.js';
import { chestSamples, type Sample } from './samples.js';

interface Measured {
  readonly name: string;
  readonly image: string;
  readonly cpus: number;
  /** Runs in a loop: the node makes the results of one while the next is at work. */
  readonly runs: number;
  /** For each turn that was asked for. */
  readonly turns: number;
}

/** They run for seconds, and the same run takes a tenth more or less here: two turns for one. */
const MODELS: readonly Measured[] = ['lungs', 'lobes'].map((name) => ({ name, image: `anteroom/${name}`, cpus: 1, runs: 3, turns: 2 }));
/** One that runs a network, on a real CT only. */
const NETWORK: Measured = { name: 'unet_small_lung', image: imageOf('unet_small_lung'), cpus: 2, runs: 2, turns: 1 };
const DEADLINE_MS = 1_200_000;

/** Runs the case. */
export async function run({ repeats }: BenchOptions): Promise<Row[]> {
  const missing = [...missingForNode(), ...missingTools('docker'), ...MODELS.flatMap(({ image }) => missingForDocker(image))];
  if (missing.length > 0) throw new Error(`compare cannot run here, missing: ${missing.join(', ')}`);
  const node = await startNode({ settings: { docker: { socket: engineSocket() }, runs: { concurrency: 1 } } });
  try {
    for (const { name } of MODELS) await node.command('models', 'add', `deploy/models/${name}`);
    const rows: Row[] = [];
    const samples = chestSamples();
    for (const sample of samples) for (const model of MODELS) rows.push(...(await measure(node, sample, model, repeats)));
    const real = samples.find(({ isReal }) => isReal);
    if (real === undefined || missingForOnnx().length > 0)
      console.log(`${NETWORK.name} or a real CT is not on this machine: it is left out`);
    else rows.push(...(await measureNetwork(node, real, repeats)));
    return rows;
  } finally {
    await node.remove();
  }
}

async function measureNetwork(node: TestNode, real: Sample, repeats: number): Promise<Row[]> {
  try {
    const { exitCode, stderr } = await node.command('models', 'pack', onnxPackage(NETWORK.name));
    if (exitCode !== 0) throw new Error(stderr);
    return await measure(node, real, NETWORK, repeats);
  } finally {
    spawnSync('docker', ['-H', `unix://${engineSocket()}`, 'rmi', NETWORK.image]);
  }
}

async function measure(node: TestNode, sample: Sample, model: Measured, repeats: number): Promise<Row[]> {
  const turns = repeats * model.turns;
  const { studyInstanceUid, files } = sample.make(MODELS.indexOf(model));
  await sendTo(node, files);
  await until('the study to settle', async () =>
    (await node.admin.get<StudyView[]>('/studies')).some((one) => one.studyInstanceUid === studyInstanceUid && one.state === 'settled'),
  );
  const seriesInstanceUid = (await readHead(files[0])).uid(TAG.SeriesInstanceUID) ?? '';
  const input = inputFolder(files);
  const queue = (n: number) =>
    byTheQueue(node, { evaluation: `${sample.name} ${model.name} ${n}`, model, studyInstanceUid, seriesInstanceUid });
  const times: Turn[] = [];
  for (let n = 0; n <= turns; n++) {
    if (n % 2 === 0) times.push({ ...(await queue(n)), loop: byDockerRun(model, input) });
    else {
      const loop = byDockerRun(model, input);
      times.push({ ...(await queue(n)), loop });
    }
  }
  const counted = times.slice(1);
  const line = (name: string, of: 'outputs' | 'results'): Line => {
    const ratio = median(counted.map((turn) => turn[of] / turn.loop));
    const peer = { name: 'docker run, one after the other', value: median(counted.map(({ loop }) => loop)), ratio };
    return { name, value: median(counted.map((turn) => turn[of])), peer };
  };
  const lines = [
    line(`${model.runs} runs of ${model.name}, to the last outputs`, 'outputs'),
    line('to the last result, which no loop makes', 'results'),
  ];
  const title = `compare ${sample.name}`;
  print(`${title}, medians of ${turns} turns after one to warm up`, 'ms', lines);
  return rowsOf(title, 'ms', lines);
}

/** Milliseconds of the same number of runs. */
interface Turn {
  readonly outputs: number;
  readonly results: number;
  readonly loop: number;
}

interface Wanted {
  readonly evaluation: string;
  readonly model: Measured;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** Milliseconds from the start of the first run to the outputs of the last, which is what a loop of `docker run` ends with, and to its result; by the ledger. */
async function byTheQueue(node: TestNode, { evaluation, model, studyInstanceUid, seriesInstanceUid }: Wanted): Promise<Omit<Turn, 'loop'>> {
  const { name, runs } = model;
  const path = `/evaluations/${encodeURIComponent(evaluation)}/runs`;
  const { digest } = (await node.admin.get<ModelView[]>('/models')).find((one) => one.name === name) as ModelView;
  for (let n = 0; n < runs; n++)
    await node.admin.post(path, { caseName: `case ${n}`, model: { name, digest }, studyInstanceUid, seriesInstanceUid });
  const db = Db.open(join(node.dataDir, 'ledger.sqlite'), { migrate: false });
  try {
    const sql = `SELECT min(r.started_at) AS first, max(a.ended_at) AS lastOutputs, max(r.ended_at) AS last, sum(r.state = 'done') AS done, sum(r.state IN ('failed', 'rejected')) AS failed
      FROM evaluation_runs e JOIN runs r ON r.id = e.run_id LEFT JOIN attempts a ON a.run_id = r.id WHERE e.evaluation = ?`;
    const { first, lastOutputs, last, failed } = await until(
      'the runs to end',
      () => {
        const row = db.get<{ first: number; lastOutputs: number; last: number; done: number; failed: number }>(sql, evaluation);
        return row !== undefined && row.done + row.failed === runs && row;
      },
      DEADLINE_MS,
    );
    if (failed > 0) throw new Error(JSON.stringify(await node.admin.get<EvaluationRunView[]>(path)));
    return { outputs: lastOutputs - first, results: last - first };
  } finally {
    db.close();
  }
}

/** What a script does that knows of no queue: the same limits, rights and mounts. */
function byDockerRun({ image, cpus, runs }: Measured, input: string): number {
  const startedAt = performance.now();
  for (let n = 0; n < runs; n++) {
    const output = tempFolder('bench-output');
    chmodSync(output, 0o777);
    const limits = [
      '--network',
      'none',
      '--memory',
      '2048m',
      '--memory-swap',
      '2048m',
      '--cpus',
      String(cpus),
      '--cap-drop',
      'ALL',
      '--read-only',
    ];
    const mounts = ['--tmpfs', '/tmp', '-v', `${input}:/app/data/input_data:ro`, '-v', `${output}:/app/data/output_data`];
    const args = ['-H', `unix://${engineSocket()}`, 'run', '--rm', ...limits, ...mounts, image, '--workflow', 'default'];
    const { status, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`docker run ended with ${String(status)}: ${stderr.slice(-2000)}`);
  }
  return performance.now() - startedAt;
}

/** As the node mounts it: readable for a model's own user. */
function inputFolder(files: readonly string[]): string {
  const folder = join(tempFolder('bench-input'), 'in');
  mkdirSync(folder);
  chmodSync(join(folder, '..'), 0o755);
  for (const file of files) {
    copyFileSync(file, join(folder, basename(file)));
    chmodSync(join(folder, basename(file)), 0o644);
  }
  return folder;
}
