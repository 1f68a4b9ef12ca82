/**
 * Where the time goes between the last instance of a study and its result in the PACS, from the node's own ledger; beside it what
 * cannot be faster: the same image with the same input and limits by dockerode alone, and a plain POST of the same bytes.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Db } from '../../src/ledger/database.js';
import { storeFiles } from '../../src/dimse/scu.js';
import { missingForDocker, dockerAt, engineSocket } from '../support/docker.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances } from '../support/orthanc-rest.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';
import { lungsRules } from '../support/lungs-rules.js';
import { containerAlone, type ContainerTimes } from './container.js';
import { chestSamples, type Sample } from './samples.js';
import { median, print, rowsOf, type BenchOptions, type Line, type Row } from './report.js';

const IMAGE = 'anteroom/lungs';
const QUIET_S = 1;
const RULES = lungsRules('pacs');
const DELIVERED_DEADLINE_MS = 300_000;

/** Each stage and its milliseconds, in the order of the way. */
const STAGES = ['settled', 'decided', 'container started', 'container ended', 'results made', 'delivered'] as const;
type Stage = (typeof STAGES)[number];

interface Passage {
  readonly stages: Readonly<Record<Stage, number>>;
  readonly container: ContainerTimes;
  readonly stowMs: number;
}

/** Runs the case. */
export async function run({ repeats }: BenchOptions): Promise<Row[]> {
  const missing = [...missingForNode(), ...missingForOrthanc(), ...missingForDocker(IMAGE)];
  if (missing.length > 0) throw new Error(`pipeline cannot run here, missing: ${missing.join(', ')}`);
  const pacs = await startOrthanc();
  const node = await startNode({
    rules: RULES,
    settings: {
      docker: { socket: engineSocket() },
      settle: { quietS: QUIET_S },
      destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
    },
  });
  try {
    await node.command('models', 'add', 'deploy/models/lungs', '--activate', '--reason', 'bench');
    const rows: Row[] = [];
    for (const sample of chestSamples()) rows.push(...(await measure(sample, { node, pacs }, repeats)));
    return rows;
  } finally {
    await node.remove();
    await pacs.remove();
  }
}

interface Parts {
  readonly node: TestNode;
  readonly pacs: Orthanc;
}

/** Node and peers by turns, so that what else the machine does meets them alike. The first passage warms up and does not count. */
async function measure(sample: Sample, parts: Parts, repeats: number): Promise<Row[]> {
  const passages: Passage[] = [];
  for (let n = 0; n <= repeats; n++) {
    const { studyInstanceUid, files } = sample.make(n);
    await send(parts.node, files);
    const { stages, resultPath } = await delivered(parts.node, studyInstanceUid);
    const container = await containerAlone(dockerAt(engineSocket()), inputFolder(files));
    passages.push({ stages, container, stowMs: await plainStow(parts.pacs, resultPath) });
  }
  const lines = linesOf(passages.slice(1));
  const title = `pipeline ${sample.name}`;
  print(`${title}, ${repeats} studies after one to warm up, medians; quiet time of ${QUIET_S} s subtracted`, 'ms', lines);
  return [...rowsOf(title, 'ms', lines), { case: `${title}: quiet time`, peer: 'anteroom', value: QUIET_S * 1000, unit: 'ms' }];
}

/** What a stage cannot be faster than. */
const FLOORS: { readonly [stage in Stage]?: { readonly name: string; readonly of: (passage: Passage) => number } } = {
  'container started': { name: 'dockerode create and start', of: ({ container }) => container.startedMs },
  'container ended': { name: 'dockerode wait', of: ({ container }) => container.endedMs },
  delivered: { name: 'plain STOW-RS, without proof of arrival', of: ({ stowMs }) => stowMs },
};
const WHOLE_FLOOR = {
  name: 'all three of these',
  of: (passage: Passage) => passage.container.startedMs + passage.container.endedMs + passage.stowMs,
};

function linesOf(passages: readonly Passage[]): Line[] {
  const middle = (of: (passage: Passage) => number) => median(passages.map(of));
  const line = (name: string, of: (passage: Passage) => number, floor: (typeof FLOORS)[Stage]): Line => ({
    name,
    value: middle(of),
    ...(floor && { peer: { name: floor.name, value: middle(floor.of) } }),
  });
  const whole = ({ stages }: Passage) => STAGES.reduce((sum, stage) => sum + stages[stage], 0);
  return [
    ...STAGES.map((stage) => line(stage, ({ stages }) => stages[stage], FLOORS[stage])),
    line('last instance to delivered', whole, WHOLE_FLOOR),
  ];
}

async function send(node: TestNode, files: readonly string[]): Promise<void> {
  const peer = { host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'BENCH' };
  const refused = (await storeFiles(peer, files)).find(({ error }) => error !== undefined);
  if (refused !== undefined) throw refused.error as Error;
}

interface Times {
  readonly state: string;
  readonly reason: string | null;
  readonly path: string | null;
  readonly last: number;
  readonly settled: number;
  readonly decided: number;
  readonly running: number;
  readonly produced: number;
  readonly done: number;
  readonly delivered: number | null;
}

const at = (table: string, row: string, state: string) =>
  `(SELECT max(at) FROM events WHERE table_name = '${table}' AND row_id = ${row}.id AND to_state = '${state}') AS ${state}`;

const TIMES_SQL = `
  SELECT run.state, run.reason, result.path, study.last_received_at AS last,
    ${at('versions', 'version', 'settled')}, ${at('versions', 'version', 'decided')},
    ${at('runs', 'run', 'running')}, ${at('runs', 'run', 'produced')}, ${at('runs', 'run', 'done')},
    ${at('deliveries', 'delivery', 'delivered')}
  FROM studies study
  JOIN versions version ON version.study_id = study.id
  JOIN runs run ON run.version_id = version.id
  LEFT JOIN results result ON result.run_id = run.id
  LEFT JOIN deliveries delivery ON delivery.result_id = result.id
  WHERE study.study_instance_uid = ?`;

/** Reads the ledger beside the node, which is not asked anything while it works. */
async function delivered(node: TestNode, studyInstanceUid: string): Promise<{ stages: Passage['stages']; resultPath: string }> {
  const db = Db.open(join(node.dataDir, 'ledger.sqlite'), { migrate: false });
  try {
    const times = await until(
      `study ${studyInstanceUid} to be delivered`,
      () => {
        const row = db.get<Times>(TIMES_SQL, studyInstanceUid);
        if (row !== undefined && ['failed', 'rejected'].includes(row.state)) return row;
        return typeof row?.delivered === 'number' && row;
      },
      DELIVERED_DEADLINE_MS,
    );
    if (times.delivered === null || times.path === null) throw new Error(`the run is ${times.state}: ${times.reason ?? ''}`);
    return { stages: stagesOf(times, times.delivered), resultPath: join(node.dataDir, 'results', times.path) };
  } finally {
    db.close();
  }
}

function stagesOf({ last, settled, decided, running, produced, done }: Times, deliveredAt: number): Passage['stages'] {
  return {
    settled: settled - last - QUIET_S * 1000,
    decided: decided - settled,
    'container started': running - decided,
    'container ended': produced - running,
    'results made': done - produced,
    delivered: deliveredAt - done,
  };
}

/** The same input as the node mounts: readable for a model's own user. */
function inputFolder(files: readonly string[]): string {
  const folder = join(tempFolder('bench-input'), 'in');
  mkdirSync(folder);
  for (const file of files) {
    writeFileSync(join(folder, basename(file)), readFileSync(file));
    chmodSync(join(folder, basename(file)), 0o644);
  }
  return folder;
}

/** The result once more, after it was deleted there, by the HTTP client of Node itself; without asking whether it arrived. */
async function plainStow(pacs: Orthanc, path: string): Promise<number> {
  for (const { orthancId } of await storedInstances(pacs)) await fetch(`${pacs.url}/instances/${orthancId}`, { method: 'DELETE' });
  const boundary = 'plain-stow-of-the-bench';
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), readFileSync(path), Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const headers = { 'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`, Accept: 'application/dicom+json' };
  const startedAt = performance.now();
  const answer = await fetch(`${pacs.dicomWebUrl}/studies`, { method: 'POST', headers, body });
  await answer.text();
  const elapsedMs = performance.now() - startedAt;
  if (answer.status !== 200) throw new Error(`the plain STOW-RS was answered with ${answer.status}`);
  return elapsedMs;
}
