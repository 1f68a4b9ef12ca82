/** What dcm2niix makes of a series, and how far it is from a volume of ours. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import type { Grid, Vec3, Volume } from '../../src/dicom/geometry/grid.js';
import { openNifti } from '../../src/dicom/label-map/nifti.js';
import type { StoredVolume } from '../../src/dicom/label-map/read.js';
import { voxelReader } from '../../src/dicom/label-map/voxels.js';
import { tempFolder } from './temp.js';

/** The NIfTI files that it makes, in the order of their names. JPEG-LS, which Debian's cannot read, is decoded by dcmtk before. */
export function byDcm2niix(files: readonly string[]): Uint8Array[] {
  const folder = tempFolder('dcm2niix');
  const [from, to] = [join(folder, 'in'), join(folder, 'out')];
  for (const made of [from, to]) mkdirSync(made);
  files.forEach((file, n) => {
    const { transferSyntaxUid } = parseInstance(readFileSync(file), { stopAtPixelData: true });
    const path = join(from, `${n}.dcm`);
    if (transferSyntaxUid === TRANSFER_SYNTAX.JPEGLSLossless) spawnSync('dcmdjpls', [file, path]);
    else copyFileSync(file, path);
  });
  // -p n: values by RescaleSlope, as DICOM has them, not by the private scaling of Philips.
  spawnSync('dcm2niix', ['-g', 'i', '-b', 'n', '-z', 'n', '-x', 'i', '-m', 'y', '-p', 'n', '-f', 'image', '-o', to, from]);
  const images = readdirSync(to).filter((name) => name.endsWith('.nii'));
  return images.sort().map((name) => readFileSync(join(to, name)));
}

export interface Deviation {
  /** The farthest corner, mm. */
  readonly placeMm: number;
  /** The largest difference of two voxels, as a part of the largest value: of 32-bit numbers, at most half of 2^-23 each. */
  readonly value: number;
}

/** How far a NIfTI image is from a volume: corners by the affine of each, voxels at the same place. */
export async function deviationOf(file: Uint8Array, { grid, voxels }: Volume): Promise<Deviation> {
  const image = await openNifti(file);
  const axes = image.stepsMm.map((step) => axisOf(step, grid));
  const extents = [grid.columns, grid.rows, grid.slices];
  if (axes.some(({ along }, n) => image.size[n] !== extents[along]))
    throw new Error(`${image.size.join(' × ')} is not ${extents.join(' × ')}`);
  const indexOf = (at: readonly number[]) => {
    const index = [0, 0, 0];
    axes.forEach(({ along, sign }, n) => (index[along] = sign > 0 ? at[n] : extents[along] - 1 - at[n]));
    return index;
  };
  const corners = Array.from({ length: 8 }, (_, corner) => image.size.map((size, n) => (((corner >> n) & 1) === 1 ? size - 1 : 0)));
  const offs = corners.map((at) => distance(placeIn(image, at), placeOn(grid, indexOf(at))));
  const read = voxelReader(image.voxels);
  const { slope = 1, intercept = 0 } = image.voxels;
  let [largest, farthest] = [0, 0];
  for (let k = 0, n = 0; k < image.size[2]; k++) {
    for (let j = 0; j < image.size[1]; j++) {
      const [row, next] = [indexOf([0, j, k]), indexOf([1, j, k])].map(([a, b, c]) => (c * grid.rows + b) * grid.columns + a);
      for (let i = 0; i < image.size[0]; i++, n++) {
        const own = voxels[row + i * (next - row)];
        largest = Math.max(largest, Math.abs(own));
        farthest = Math.max(farthest, Math.abs(read(n) * slope + intercept - own));
      }
    }
  }
  return { placeMm: Math.max(...offs), value: farthest / largest };
}

/** The axis of the grid that a step runs along, and whether with it or against it. */
function axisOf(step: Vec3, { iDirection, jDirection, kDirection }: Grid): { along: number; sign: number } {
  const parts = [iDirection, jDirection, kDirection].map((direction) => direction.reduce((sum, part, n) => sum + part * step[n], 0));
  const along = parts.reduce((best, part, n) => (Math.abs(part) > Math.abs(parts[best]) ? n : best), 0);
  return { along, sign: Math.sign(parts[along]) };
}

function placeIn({ originMm, stepsMm }: StoredVolume, at: readonly number[]): number[] {
  return originMm.map((mm, axis) => mm + at.reduce((sum, index, n) => sum + index * stepsMm[n][axis], 0));
}

function placeOn({ originMm, iDirection, jDirection, kDirection, spacingMm }: Grid, [i, j, k]: readonly number[]): number[] {
  return originMm.map(
    (mm, axis) => mm + i * spacingMm[0] * iDirection[axis] + j * spacingMm[1] * jDirection[axis] + k * spacingMm[2] * kDirection[axis],
  );
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((mm, axis) => mm - b[axis]));
}
