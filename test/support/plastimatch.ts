/** plastimatch, which measures masks by itself. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import type { Extent, Mask } from '../../src/dicom/voxels/extent.js';
import { encodeNrrd } from '../../src/kit/nrrd.js';

/** Writes a mask as NRRD. */
export function writeMask(path: string, mask: Mask, extent: Extent, spacingMm: Vec3): void {
  const axes = { iDirection: [1, 0, 0], jDirection: [0, 1, 0], kDirection: [0, 0, 1] } as const;
  writeFileSync(path, encodeNrrd({ grid: { ...extent, ...axes, originMm: [0, 0, 0], spacingMm, frameOfReferenceUid: '' }, labels: mask }));
}

/** What it calls Hausdorff distance, Avg average, Max average and Percent (0.95) Hausdorff distance. */
export interface PlastimatchDistances {
  readonly hausdorffMm: number;
  readonly meanMm: number;
  readonly largerMeanMm: number;
  readonly hausdorff95Mm: number;
}

/** The answer of `plastimatch dice --all` on two NRRD files; throws where it fails, as on two empty masks. */
export function diceAll(reference: string, test: string) {
  const answer = execFileSync('plastimatch', ['dice', '--all', reference, test], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const figure = (name: string) => Number(new RegExp(`^${name.replace(/[().]/g, '\\$&')}\\s*[:=]\\s*(\\S+)$`, 'm').exec(answer)?.[1]);
  const distances = (suffix: string): PlastimatchDistances => ({
    hausdorffMm: figure(`Hausdorff distance${suffix}`),
    meanMm: figure(`Avg average Hausdorff distance${suffix}`),
    largerMeanMm: figure(`Max average Hausdorff distance${suffix}`),
    hausdorff95Mm: figure(`Percent (0.95) Hausdorff distance${suffix}`),
  });
  return { dice: figure('DICE'), both: figure('TP'), surface: distances(' (boundary)'), voxels: distances('') };
}

/** The boundary voxels of a mask (`plastimatch boundary`), written to `output` too. */
export function boundaryBy(path: string, output: string): Uint8Array {
  execFileSync('plastimatch', ['boundary', '--output', output, path], { stdio: 'pipe' });
  return voxelsOf(output);
}

/** Distances in mm to the voxels of a mask, from those that are not of it: by Maurer's algorithm, exact other than the one that `dice` uses. */
export function distanceMapBy(path: string, output: string): Float32Array {
  execFileSync('plastimatch', ['dmap', '--algorithm', 'maurer', '--input', path, '--output', output], { stdio: 'pipe' });
  const bytes = voxelsOf(output);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The voxels of an NRRD file, in memory of their own. */
function voxelsOf(path: string): Uint8Array {
  const bytes = readFileSync(path);
  const end = bytes.indexOf('\n\n');
  const voxels = bytes.subarray(end + 2);
  return Uint8Array.from(bytes.subarray(0, end).includes('encoding: gzip') ? gunzipSync(voxels) : voxels);
}

/**
 * The regions of a structure set on the grid of an NRRD file, by the names that plastimatch gives their files. It unites the contours of a region on a
 * slice; `xor` has it count inner ones as holes.
 */
export function regionsBy(structureSet: string, grid: string, folder: string, xor = false): Map<string, Uint8Array> {
  const options = ['--input', structureSet, '--fixed', grid, '--output-prefix', folder, '--prefix-format', 'nrrd'];
  execFileSync('plastimatch', ['convert', ...options, ...(xor ? ['--xor-contours'] : [])], { stdio: 'pipe' });
  return new Map(readdirSync(folder).map((file) => [file.replace(/\.nrrd$/, ''), voxelsOf(join(folder, file))]));
}
