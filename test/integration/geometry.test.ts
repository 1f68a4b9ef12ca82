/**
 * A label at known patient positions comes back there, voxel by voxel: DICOM → network's grid → SEG, and DICOM → NIfTI (our writer,
 * dcm2niix) → a program → SEG. pydicom says where the voxels of the segmentations lie. What is no regular stack is refused by name.
 */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vec3 } from '../../src/dicom/geometry/grid.js';
import { describeWith } from '../support/data.js';
import { identityNetwork } from '../support/identity-onnx.js';
import { missingForKit, missingForOnnxRuntime, runKit, type KitRun } from '../support/kit.js';
import { makeSeries, type MadeSeries, type SeriesPlan } from '../support/made-series.js';
import { PYTHON } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const slices = (count: number) => Array.from({ length: count }, (_, k) => k);
const scaled = (a: Vec3, factor: number): Vec3 => [a[0] * factor, a[1] * factor, a[2] * factor];
const turned = (degrees: number): readonly [number, number] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

const axial: SeriesPlan = {
  iDirection: [1, 0, 0],
  jDirection: [0, 1, 0],
  step: [0, 0, 2],
  originMm: [-23.25, -41.5, 105],
  pixelMm: [1.5, 1.5],
  slices: slices(6),
};
const [c20, s20] = turned(20);
const [c30, s30] = turned(30);

const READABLE: Readonly<Record<string, SeriesPlan>> = {
  axial,
  // Rows turned by 30° about the axis of the body, then columns by 20° about the rows.
  oblique: {
    ...axial,
    iDirection: [c30, s30, 0],
    jDirection: [-s30 * c20, c30 * c20, s20],
    step: scaled([s30 * s20, -c30 * s20, c20], 2.5),
    pixelMm: [0.8, 0.8],
  },
  sagittal: { ...axial, iDirection: [0, 1, 0], jDirection: [0, 0, -1], step: [-3, 0, 0] },
  coronal: { ...axial, iDirection: [1, 0, 0], jDirection: [0, 0, -1], step: [0, 1.25, 0] },
  anisotropic: { ...axial, pixelMm: [0.4, 1.9], step: [0, 0, 7.5] },
  reversed: { ...axial, step: [0, 0, -2], originMm: [-23.25, -41.5, 205], slices: [5, 4, 3, 2, 1, 0] },
  'head first, rows to the right': { ...axial, iDirection: [-1, 0, 0], jDirection: [0, -1, 0], originMm: [23.25, 41.5, 105] },
  'files in any order': { ...axial, slices: [3, 0, 5, 1, 4, 2] },
};

const REFUSED: Readonly<Record<string, readonly [SeriesPlan, RegExp]>> = {
  'a missing slice': [
    { ...axial, slices: [0, 1, 2, 4, 5] },
    /GEOMETRY_REFUSED .*missing slices: between 109\.00 and 113\.00 mm .* the gap is 4\.00 mm/,
  ],
  'a gantry tilt': [{ ...axial, step: [0, -0.4, 2] }, /GEOMETRY_REFUSED .*sheared \(gantry tilt\): .* 11\.3 degrees/],
  'several volumes': [
    { ...axial, slices: [...slices(6), ...slices(6)] },
    /GEOMETRY_REFUSED .*12 slices at 6 positions: 2 volumes in one series/,
  ],
};

/** What a network's package could state; the axes are swapped and mirrored, and padded where the size asks for it. */
const GRIDS = {
  'as the images lie': { orientation: 'source' },
  'RAS, padded': { orientation: 'RAS', multiple_of: [8, 8, 8] },
  'LIA, cropped to nothing, from the start': { orientation: 'LIA', place: 'start', multiple_of: [5, 5, 5] },
};

const network = identityNetwork(5);
const NETWORK = `
general: { data_base_dir: /app/data }
execute: [DicomImporter, OnnxRunner, DsegConverter, DataOrganizer]
modules:
  OnnxRunner:
    file: weights/identity.onnx
    sha256: ${createHash('sha256').update(network).digest('hex')}
    input: { name: x, layout: [1, 1, k, j, i] }
    output: { name: y, layout: [1, 1, k, j, i], kind: probability, threshold: 500 }
    labels: { 1: LIVER }
  DataOrganizer: { targets: ['dicomseg-->[i:sid].seg.dcm'] }
`;

const PROGRAM = `
general: { data_base_dir: /app/data }
execute: [DicomImporter, NiftiConverter, CommandRunner, DsegConverter, DataOrganizer]
modules:
  CommandRunner:
    command: [${JSON.stringify(process.execPath)}, '[model]/threshold.mjs', '[image]', '[mask]']
    inputs: { image: 'nifti:mod=ct' }
    outputs: { mask: { file: mask.nii.gz, type: nifti, labels: { 1: LIVER } } }
  DsegConverter: { source_segs: 'nifti:mod=seg:roi=*' }
  DataOrganizer: { targets: ['dicomseg-->[i:sid].seg.dcm'] }
`;

/** Bright voxels of a NIfTI image as a mask with the image's own header, as any program would write it. */
const THRESHOLD = `
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
const [, , from, to] = process.argv;
const image = gunzipSync(readFileSync(from));
const header = Buffer.from(image.subarray(0, 352));
const [type, start] = [header.readInt16LE(70), header.readFloatLE(108)];
const voxels = header.readInt16LE(42) * header.readInt16LE(44) * header.readInt16LE(46);
const read = { 4: (n) => image.readInt16LE(start + 2 * n), 512: (n) => image.readUInt16LE(start + 2 * n), 16: (n) => image.readFloatLE(start + 4 * n) }[type];
const mask = Buffer.alloc(voxels);
for (let n = 0; n < voxels; n++) mask[n] = read(n) > 500 ? 1 : 0;
header.writeInt16LE(2, 70);
header.writeInt16LE(8, 72);
header.writeFloatLE(352, 108);
header.writeFloatLE(1, 112);
header.writeFloatLE(0, 116);
writeFileSync(to, gzipSync(Buffer.concat([header, mask])));
`;

function packageOf(workflow: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = tempFolder('geometry-package');
  for (const sub of ['config', 'weights']) mkdirSync(join(folder, sub));
  const card = JSON.stringify({ name: 'identity', details: { version: '1.0.0' } });
  for (const [name, content] of Object.entries({ 'config/default.yml': workflow, 'meta.json': card, ...files }))
    writeFileSync(join(folder, name), content);
  return folder;
}

const missing = [...missingForKit(), ...missingForOnnxRuntime(), ...missingTools('dcm2niix', 'python3-pydicom')];

describeWith('the place of every voxel', missing, () => {
  const input = tempFolder('geometry-input');
  const made = new Map<string, MadeSeries>();
  const plans = [...Object.entries(READABLE), ...Object.entries(REFUSED).map(([name, [plan]]) => [name, plan] as const)];
  for (const [name, plan] of plans) made.set(name, makeSeries(join(input, name), name, plan));

  const byNetwork = packageOf(NETWORK, { 'weights/identity.onnx': network });
  const byProgram = packageOf(PROGRAM, { 'threshold.mjs': THRESHOLD });
  const ways: readonly (readonly [string, string, string])[] = [
    ...Object.entries(GRIDS).map(
      ([name, grid]) => [`a network's grid, ${name}`, byNetwork, `--config:modules.OnnxRunner.grid=${JSON.stringify(grid)}`] as const,
    ),
    ...['anteroom', 'dcm2niix'].map(
      (engine) => [`NIfTI by ${engine} and a program`, byProgram, `--config:modules.NiftiConverter.engine=${engine}`] as const,
    ),
  ];

  /** By the name of the way: how the kit ended, and where the voxels of each series' segmentation are. */
  const ends = new Map<string, { readonly run: KitRun; readonly places: ReadonlyMap<string, readonly Vec3[]> }>();

  beforeAll(async () => {
    await Promise.all(
      ways.map(async ([name, folder, setting]) => {
        const output = tempFolder('geometry-output');
        const run = await runKit(folder, input, output, setting);
        ends.set(name, { run, places: placesIn(output) });
      }),
    );
  }, 60_000);

  describe.each(ways.map(([name]) => [name]))('through %s', (way) => {
    it.each(Object.keys(READABLE))('%s: where it was', (name) => {
      const { seriesInstanceUid, bright } = made.get(name) as MadeSeries;
      expect(texts(ends.get(way)?.places.get(seriesInstanceUid) ?? [])).toEqual(texts(bright));
    });

    it.each(Object.entries(REFUSED).map(([name, [, reason]]) => [name, reason] as const))('%s: refused by name', (name, reason) => {
      const { seriesInstanceUid } = made.get(name) as MadeSeries;
      const { run, places } = ends.get(way)!;
      expect(places.has(seriesInstanceUid)).toBe(false);
      const said = run.stderr.split('\n').filter((line) => line.includes(`series ${seriesInstanceUid}: `));
      expect(said.join('\n')).toMatch(reason);
      expect(run.status).toBe(1);
    });
  });
});

/** The patient positions of the voxels of each segmentation in a folder, by the series that it is named after. */
function placesIn(folder: string): ReadonlyMap<string, readonly Vec3[]> {
  const files = readdirSync(folder).sort();
  const lines = execFileSync(PYTHON, ['test/support/seg-positions.py', ...files.map((file) => join(folder, file))], { encoding: 'utf8' });
  const positions = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vec3[]);
  return new Map(files.map((file, n) => [file.replace('.seg.dcm', ''), positions[n]]));
}

/** In hundredths of a millimetre: the numbers of DICOM are rounded. */
function texts(positions: readonly Vec3[]): string[] {
  return positions.map((position) => position.map((mm) => (Math.round(mm * 100) / 100 + 0).toFixed(2)).join(' ')).sort();
}
