/** How fast a CT series comes in, beside dcmtk's storescp. The node has each instance on the disk (fdatasync, fsync, commit) before it answers; storescp promises nothing. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import { dcmtk, startStorescp } from '../support/dcmtk.js';
import { missingForNode, startNode } from '../support/node.js';
import { part10 } from '../support/synthetic-image.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { median, print, rowsOf, type BenchOptions, type Line, type Row } from './report.js';

const SLICES = 300;
const ASSOCIATIONS = [1, 4] as const;
const TITLE = `C-STORE of ${SLICES} CT slices of 528 KB`;

/** Runs the case. */
export async function run({ repeats }: BenchOptions): Promise<Row[]> {
  const missing = [...missingForNode(), ...missingTools('storescu', 'storescp')];
  if (missing.length > 0) throw new Error(`receive-quick cannot run here, missing: ${missing.join(', ')}`);
  const received = tempFolder('bench-storescp');
  const node = await startNode({ settings: { settle: { quietS: 600 } } });
  const storescp = await startStorescp('--fork', '-od', received);
  try {
    const lines: Line[] = [];
    for (const associations of ASSOCIATIONS) {
      const own: number[] = [];
      const peer: number[] = [];
      for (let n = 0; n <= repeats; n++) {
        const folder = tempFolder('bench-series');
        const files = writeSeries(folder, `${associations}.${n + 1}`);
        own.push(await send(node.dicomPort, files, associations));
        peer.push(await send(storescp.port, files, associations));
        rmSync(folder, { recursive: true });
      }
      const rate = (seconds: readonly number[]) => SLICES / median(seconds.slice(1));
      lines.push({
        name: `${associations} association${associations > 1 ? 's' : ''}`,
        value: rate(own),
        peer: { name: 'storescp', value: rate(peer) },
      });
    }
    print(`${TITLE} by storescu, medians of ${repeats}`, 'instances/s', lines);
    return rowsOf(TITLE, 'instances/s', lines);
  } finally {
    await storescp.stop();
    await node.remove();
  }
}

/** Seconds until every association has ended, the files dealt out evenly. */
async function send(port: number, files: readonly string[], associations: number): Promise<number> {
  const shares = Array.from({ length: associations }, (_, index) => files.filter((_file, at) => at % associations === index));
  const startedAt = performance.now();
  const ended = await Promise.all(shares.map((share) => dcmtk('storescu', '-aec', 'ANTEROOM', '127.0.0.1', String(port), ...share)));
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = ended.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`storescu ended with ${String(failed.code)}: ${failed.output}`);
  return seconds;
}

function writeSeries(folder: string, root: string): string[] {
  mkdirSync(folder, { recursive: true });
  const pixels = Uint8Array.from({ length: 512 * 512 * 2 }, (_, index) => index * 7);
  return Array.from({ length: SLICES }, (_, k) => {
    const path = join(folder, `${k}.dcm`);
    writeFileSync(
      path,
      part10({
        SOPClassUID: [SOP_CLASS.CTImageStorage],
        SOPInstanceUID: [`1.2.3.${root}.${k + 1}`],
        StudyInstanceUID: [`1.2.3.${root}`],
        SeriesInstanceUID: [`1.2.3.${root}.0`],
        PatientID: ['BENCH'],
        Modality: ['CT'],
        InstanceNumber: [String(k + 1)],
        ImagePositionPatient: ['0', '0', String(k)],
        ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
        SamplesPerPixel: [1],
        PhotometricInterpretation: ['MONOCHROME2'],
        Rows: [512],
        Columns: [512],
        BitsAllocated: [16],
        BitsStored: [16],
        HighBit: [15],
        PixelRepresentation: [0],
        PixelData: pixels,
      }),
    );
    return path;
  });
}
