/** What networks for the brain give without our kit: maps of data/expected, and another implementation where there is none. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { testData } from './data.js';
import { PYTHON } from './seg.js';
import { tempFolder } from './temp.js';

/** Voxels along i, j and k of the grid of all of them. */
export const SIZE = [256, 256, 256] as const;

/** A map of data/expected: a gzipped raw uint8 array [i][j][k]. */
export function expectedMap(name: string): string {
  return join(testData('expected') ?? '', `${name}.u8.gz`);
}

/** The matrix from indices of that grid to RAS mm, as JSON. */
export function gridOfExpected(): string {
  const all = JSON.parse(readFileSync(join(testData('expected') ?? '', 'expected.json'), 'utf8')) as { affine_ras?: number[][] }[];
  return JSON.stringify(all.find(({ affine_ras }) => affine_ras !== undefined)?.affine_ras);
}

/** Runs networks on a series by another implementation: gdcmconv, pydicom and numpy make the input, and ONNX Runtime is called directly. */
export function mapsByOthers(networks: readonly string[], series: string): Map<string, string> {
  const folder = tempFolder('by-others');
  const input = join(folder, 'input.u8');
  execFileSync(PYTHON, ['test/support/conformed.py', series, gridOfExpected(), input]);
  return new Map(
    networks.map((name) => {
      const [weights, raw] = [join(testData('models') ?? '', `${name}.onnx`), join(folder, `${name}.u8`)];
      execFileSync(process.execPath, ['test/support/network-alone.mjs', weights, input, raw]);
      writeFileSync(`${raw}.gz`, gzipSync(readFileSync(raw), { level: 1 }));
      return [name, `${raw}.gz`];
    }),
  );
}

/** The labels of a map in the order of an NRRD, i fastest. */
export function labelsOfMap(path: string): Uint8Array {
  const labels = gunzipSync(readFileSync(path));
  const [columns, rows, slices] = SIZE;
  const out = new Uint8Array(labels.length);
  let from = 0;
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < rows; j++) for (let k = 0; k < slices; k++) out[(k * rows + j) * columns + i] = labels[from++];
  return out;
}
