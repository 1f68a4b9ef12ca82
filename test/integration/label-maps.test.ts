/** Label maps as other tools write them: plastimatch converts ours, and every form must be read as the same voxels at the same place. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import { readLabelMap, type LabelVolume } from '../../src/dicom/label-map/read.js';
import { encodeNrrd } from '../../src/kit/nrrd.js';
import { segmentationOf } from '../../src/results/label-map-segmentation.js';
import { judgeSegmentation } from '../../src/results/gate.js';
import { describeWith } from '../support/data.js';
import { ellipsoid, labelMapOf, madeUpSource, type MadeUpOptions } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const OBLIQUE: MadeUpOptions = {
  iDirection: [Math.cos(0.4), Math.sin(0.4), 0],
  jDirection: [-Math.sin(0.4) * Math.cos(0.3), Math.cos(0.4) * Math.cos(0.3), Math.sin(0.3)],
};
const SAGITTAL: MadeUpOptions = { iDirection: [0, 1, 0], jDirection: [0, 0, -1] };
const STRUCTURES = new Map([
  [1, 'LIVER'],
  [2, 'SPLEEN'],
]);

describeWith('label maps of other tools', missingTools('plastimatch'), () => {
  const folder = tempFolder('label-maps');

  function made(name: string, options: MadeUpOptions) {
    const source = madeUpSource(options);
    const [liver, spleen] = [ellipsoid(source.grid, [0.35, 0.4, 0.45], 0.25), ellipsoid(source.grid, [0.75, 0.6, 0.6], 0.2)];
    const truth = labelMapOf(source.grid, [liver, spleen]);
    const path = join(folder, `${name}.nrrd`);
    writeFileSync(path, encodeNrrd(truth));
    return { source, truth, path };
  }

  /** As the tool writes it, in the type of voxels asked for. */
  function converted(path: string, ending: string, type: string): string {
    const to = `${path}-${type}${ending}`;
    execFileSync('plastimatch', ['convert', '--input', path, '--output-img', to, '--output-type', type], { stdio: 'ignore' });
    return to;
  }

  const forms = ['.nrrd', '.mha', '.nii', '.nii.gz'].flatMap((ending) =>
    ['uchar', 'short', 'float'].map((type) => [ending, type] as const),
  );
  const stacks: readonly (readonly [string, MadeUpOptions])[] = [
    ['axial', {}],
    ['oblique', OBLIQUE],
    ['sagittal', SAGITTAL],
  ];

  it.each(stacks.flatMap(([name, options]) => forms.map(([ending, type]) => ({ name, options, ending, type }))))(
    '$name as $ending of $type',
    async ({ name, options, ending, type }) => {
      const { source, truth, path } = made(name, options);
      const file = converted(path, ending, type);
      const volume = await readLabelMap(file, readFileSync(file));
      expect(Array.from(volume.labels)).toEqual(Array.from(truth.labels));
      // Judged by the gate against the source's own slices: every voxel where it was.
      const verdict = await judgeSegmentation(await segmentationOf({ volume, structures: STRUCTURES }, source), source, false);
      expect(verdict).toMatchObject({ passed: true });
      if (!verdict.passed) return;
      const perSlice = source.grid.rows * source.grid.columns;
      for (const { structure, mask } of verdict.segments) {
        const label = structure?.id === 'LIVER' ? 1 : 2;
        const back = new Uint8Array(truth.labels.length);
        for (const k of mask.slices) back.set(mask.slice(k), k * perSlice);
        expect(back).toEqual(Uint8Array.from(truth.labels, (value) => (value === label ? 1 : 0)));
      }
    },
  );

  it('whose axes a tool has exchanged and reversed come back to their places', async () => {
    const { source, truth, path } = made('exchanged', {});
    const volume = await readLabelMap(path, readFileSync(path));
    const turned = reversedAndExchanged(volume);
    const verdict = await judgeSegmentation(await segmentationOf({ volume: turned, structures: STRUCTURES }, source), source, false);
    expect(verdict).toMatchObject({
      passed: true,
      segments: [{ voxelCount: countOf(truth.labels, 1) }, { voxelCount: countOf(truth.labels, 2) }],
    });
  });

  it.each<[string, MadeUpOptions, RegExp]>([
    ['another spacing', { spacingMm: [1.5, 1.5, 2.5] }, /one voxel of the source a step/],
    ['another distance of slices', { spacingMm: [0.75, 1.5, 5] }, /off the nearest slice/],
    ['another direction', OBLIQUE, /off|run/],
  ])('on a grid of %s are refused, which says so', async (_name, options, reason) => {
    const { source } = made('own', {});
    const other = madeUpSource(options);
    const labels = labelMapOf(other.grid, [ellipsoid(other.grid, [0.5, 0.5, 0.5], 0.3), ellipsoid(other.grid, [0.7, 0.7, 0.7], 0.2)]);
    const volume = { size: [24, 16, 10] as const, originMm: other.grid.originMm, stepsMm: stepsOf(other.grid), labels: labels.labels };
    const verdict = await judgeSegmentation(await segmentationOf({ volume, structures: STRUCTURES }, source), source, false);
    expect(verdict.passed).toBe(false);
    if (!verdict.passed)
      expect(verdict.reasons.map(({ check, seen, expected }) => `${check}: ${seen}, ${expected}`).join('\n')).toMatch(reason);
  });
});

describe('label maps that are none', () => {
  const source = madeUpSource();
  const good = encodeNrrd(labelMapOf(source.grid, [ellipsoid(source.grid, [0.5, 0.5, 0.5], 0.3)]));
  const mha = (lines: string, voxels = Buffer.alloc(8)) => Buffer.concat([Buffer.from(`${lines}\nElementDataFile = LOCAL\n`), voxels]);

  it.each<[string, string, Uint8Array, RegExp]>([
    ['cut off in the middle', 'a.nrrd', good.subarray(0, good.length - 20), /compressed bytes that cannot be read/],
    ['with too few voxels', 'a.mha', mha('DimSize = 2 2 4\nElementType = MET_UCHAR'), /8 bytes of voxels, expected 16/],
    [
      'of fractions',
      'a.mha',
      mha('DimSize = 1 1 2\nElementType = MET_FLOAT', Buffer.from(Float32Array.of(1, 0.25).buffer)),
      /a voxel of value 0.25/,
    ],
    ['of negative numbers', 'a.mha', mha('DimSize = 2 2 2\nElementType = MET_CHAR', Buffer.alloc(8, 255)), /a voxel of value -1/],
    ['with channels', 'a.mha', mha('DimSize = 2 2 2\nElementType = MET_UCHAR\nElementNumberOfChannels = 2'), /several channels/],
    ['with voxels elsewhere', 'a.mha', Buffer.from('DimSize = 2 2 2\nElementDataFile = b.raw\n'), /voxels in another file/],
    [
      'of no known space',
      'a.nrrd',
      Buffer.from('NRRD0004\ntype: uchar\nsizes: 1 1 1\nencoding: raw\nspace: scanner-xyz\n\n0'),
      /space "scanner-xyz"/,
    ],
    ['without a header', 'a.nii.gz', gzipSync(Buffer.alloc(400)), /no header of NIfTI-1/],
    ['of four dimensions', 'a.nii', nifti((view) => view.setInt16(48, 3, true)), /4 dimensions, expected three/],
    ['without a place', 'a.nii', nifti((view) => view.setInt16(254, 0, true)), /neither sform nor qform/],
    ['of another kind', 'a.png', Buffer.alloc(10), /a file of another kind/],
  ])('%s: refused by name', async (_what, name, bytes, reason) => {
    await expect(readLabelMap(name, bytes)).rejects.toMatchObject({
      code: 'LABEL_MAP_REFUSED',
      seen: expect.stringMatching(reason) as string,
    });
  });
});

/** A NIfTI-1 file of 2 × 2 × 2 bytes with an sform, and something changed. */
function nifti(change: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(352 + 8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  [4, 2, 2, 2, 1].forEach((value, n) => {
    view.setInt16(40 + 2 * n, value, true);
  });
  view.setInt16(70, 2, true);
  view.setFloat32(108, 352, true);
  view.setUint8(123, 2);
  view.setInt16(254, 1, true);
  [280, 300, 320].forEach((at) => {
    view.setFloat32(at, 1, true);
  });
  bytes.set([0x6e, 0x2b, 0x31], 344);
  change(view);
  return bytes;
}

function stepsOf({ iDirection, jDirection, kDirection, spacingMm }: ReturnType<typeof madeUpSource>['grid']): [Vec3, Vec3, Vec3] {
  const step = (direction: Vec3, mm: number) => direction.map((part) => part * mm) as unknown as Vec3;
  return [step(iDirection, spacingMm[0]), step(jDirection, spacingMm[1]), step(kDirection, spacingMm[2])];
}

/** The same voxels in the order k (downwards), i, j of the file that is given. */
function reversedAndExchanged({ size: [ni, nj, nk], originMm, stepsMm: [si, sj, sk], labels }: LabelVolume): LabelVolume {
  const turned = new Uint8Array(labels.length);
  for (let j = 0, n = 0; j < nj; j++)
    for (let i = 0; i < ni; i++) for (let k = nk - 1; k >= 0; k--, n++) turned[n] = labels[(k * nj + j) * ni + i];
  const last = originMm.map((mm, axis) => mm + (nk - 1) * sk[axis]) as unknown as Vec3;
  return { size: [nk, ni, nj], originMm: last, stepsMm: [sk.map((mm) => -mm) as unknown as Vec3, si, sj], labels: turned };
}

function countOf(labels: ArrayLike<number>, label: number): number {
  return Array.from(labels).filter((value) => value === label).length;
}
