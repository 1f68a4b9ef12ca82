/** All metrics of a pair of masks, beside `plastimatch dice --all` on the same files: from the files to the figures. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ball, draw, type Shape } from '../support/drawn-masks.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { median, print, rowsOf, type BenchOptions, type Line, type Row } from './report.js';

const EXTENT = { columns: 512, rows: 512, slices: 134 };
const SPACING_MM = [0.75, 0.75, 2.5] as const;
const WORKER = resolve('test/bench/metrics-worker.mjs');

interface Measured {
  /** Since the start of the process, and in a process that runs already, as the node's is. */
  readonly firstMs: number;
  readonly againMs: number;
  readonly peakMb: number;
  readonly idleMb: number;
}

/** Measures the case. */
export async function run({ repeats }: BenchOptions): Promise<Row[]> {
  if (missingTools('plastimatch').length > 0) throw new Error('the case metrics needs plastimatch (Debian package plastimatch)');
  const [reference, output] = [writeNrrd('reference', lungs(0)), writeNrrd('output', lungs(3))];
  const ours: Measured[] = [];
  const theirs: number[] = [];
  for (let n = 0; n <= repeats; n++) {
    const own = measureOurs(reference, output);
    const beside = timed(() => execFileSync('plastimatch', ['dice', '--all', reference, output], { stdio: 'ignore' }));
    if (n === 0) continue;
    ours.push(own);
    theirs.push(beside);
  }
  const title = `metrics of a pair of lungs, ${EXTENT.columns}x${EXTENT.rows}x${EXTENT.slices}`;
  const peer = { name: 'plastimatch dice --all', value: median(theirs) };
  const time: Line[] = [
    { name: 'from files to figures, in a process that runs', value: median(ours.map(({ againMs }) => againMs)), peer },
    { name: 'the start of a process included', value: median(ours.map(({ firstMs }) => firstMs)), peer },
  ];
  const memory: Line[] = [
    { name: 'peak memory above idle, masks included', value: median(ours.map(({ peakMb, idleMb }) => peakMb - idleMb)) },
  ];
  print(title, 'ms', time);
  print(title, 'MB', memory);
  return Promise.resolve([...rowsOf(title, 'ms', time), ...rowsOf(title, 'MB', memory)]);
}

/** Two lungs as large as a chest has room for; `shift` moves them by voxels and makes one smaller. */
function lungs(shift: number): Shape {
  const stretched = (ci: number, radiusMm: number): Shape => {
    // A ball of twice the slice distance is as high again as it is wide.
    const round = ball([ci, 256, 67], radiusMm, [SPACING_MM[0], SPACING_MM[1] * 0.8, SPACING_MM[2] * 0.45]);
    return (i, j, k) => round(i - shift, j, k);
  };
  const [right, left] = [stretched(150, 70), stretched(362, 70 - shift)];
  return (i, j, k) => right(i, j, k) || left(i, j, k);
}

/** Uncompressed, as that is what plastimatch reads fastest. */
function writeNrrd(name: string, shape: Shape): string {
  const path = join(tempFolder('bench-metrics'), `${name}.nrrd`);
  const { columns, rows, slices } = EXTENT;
  const header = [
    'NRRD0004',
    'type: uint8',
    'dimension: 3',
    `sizes: ${columns} ${rows} ${slices}`,
    `spacings: ${SPACING_MM.join(' ')}`,
    'encoding: raw',
  ];
  writeFileSync(path, Buffer.concat([Buffer.from(`${header.join('\n')}\n\n`), draw(shape, EXTENT)]));
  return path;
}

function measureOurs(reference: string, output: string): Measured {
  const grid = JSON.stringify({ extent: EXTENT, spacingMm: SPACING_MM });
  return JSON.parse(execFileSync(process.execPath, [WORKER, reference, output, grid], { encoding: 'utf8' })) as Measured;
}

function timed(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}
