/** Between DICOM, NIfTI and segmentations: what comes out, and what is refused. */
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import type { Grid } from '../../../src/dicom/geometry/grid.js';
import { isOnGrid } from '../../../src/dicom/label-map/on-grid.js';
import { openNifti } from '../../../src/dicom/label-map/nifti.js';
import { readNrrd } from '../../../src/dicom/label-map/nrrd.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { encodeNifti } from '../../../src/kit/nifti.js';
import { runSteps } from '../../support/kit-steps.js';
import type { Step } from '../../support/kit-steps.js';
import { mixedStudy } from '../../support/mhub/study.js';
import { ellipsoid, labelMapOf, segInput, segmentOf } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

const study = mixedStudy('converters', { ct: { modality: 'CT' }, pt: { modality: 'PT', spacingMm: 5 } });
const { source, seriesInstanceUid, files } = study.series.ct;
const { grid } = source;
const input = join(files[0], '..');
const copied = (...targets: string[]): Step => ({ module: 'DataOrganizer', targets });

describe('DsegExtractor', () => {
  const liver = ellipsoid(grid, [0.45, 0.55, 0.5], 0.3);
  const tumour = ellipsoid(grid, [0.4, 0.5, 0.5], 0.15);
  const steps = (settings: object): Step[] => [
    { module: 'DicomImporter', merge: true },
    { module: 'DsegExtractor', ...settings },
    { module: 'DsegConverter' },
    'NrrdExporter',
    copied('nrrd-->labels.nrrd', 'dicomseg-->[i:sid].seg.dcm'),
  ];

  /** The CT with a segmentation of these structures beside it. */
  function withSeg(...structures: readonly (readonly [string, typeof liver])[]): string {
    const folder = tempFolder('kit-input');
    cpSync(input, folder, { recursive: true });
    const segments = structures.map(([id, mask]) => ({ ...segmentOf(id, mask), label: id }));
    writeFileSync(join(folder, 'seg.dcm'), writeSeg(segInput(source, segments)).bytes);
    return folder;
  }

  it('gives back the voxels of each structure', async () => {
    const kidney = ellipsoid(grid, [0.8, 0.2, 0.5], 0.15);
    const run = await runSteps(withSeg(['LIVER', liver], ['LEFT_KIDNEY', kidney]), steps({}));
    expect(run.failed).toEqual([]);
    const { labels } = await readNrrd(readFileSync(join(run.outputDir, 'labels.nrrd')));
    expect(Array.from<number>(labels)).toEqual(Array.from<number>(labelMapOf(grid, [liver, kidney]).labels));
  });

  it('refuses segments that overlap in one label map, and gives them one by one', async () => {
    const folder = withSeg(['LIVER', liver], ['LIVER+NEOPLASM', tumour]);
    expect((await runSteps(folder, steps({}))).log).toMatch(/segments that overlap.*set `separate: true`/);
    const run = await runSteps(folder, steps({ separate: true }));
    const { segments, frames } = readSeg(parseInstance(readFileSync(join(run.outputDir, `${seriesInstanceUid}.seg.dcm`))));
    const voxels = segments.map(({ number }) =>
      frames.filter((frame) => frame.segmentNumber === number).reduce((sum, frame) => sum + frame.unpack().filter(Boolean).length, 0),
    );
    const expected = [liver, tumour].map((mask) => mask.slices.reduce((sum, k) => sum + mask.slice(k).filter(Boolean).length, 0));
    expect(voxels).toEqual(expected);
  });
});

describe('DataOrganizer', () => {
  it('writes no file over that of another series', async () => {
    const folder = tempFolder('kit-input');
    for (const part of ['ct', 'pt']) cpSync(join(study.series[part].files[0], '..'), join(folder, part, 'x'), { recursive: true });
    const importer: Step = { module: 'FileStructureImporter', structures: ['$id@instance/$part@dicom'], import_id: 'id' };
    const run = await runSteps(folder, [importer, 'NiftiConverter', copied('nifti-->image.nii.gz')]);
    expect([run.succeeded.length, run.failed.length, run.files]).toEqual([1, 1, ['image.nii.gz']]);
    expect(run.log).toMatch(/two files for image\.nii\.gz: nifti means several, or several series go there/);
    const own = await runSteps(folder, [importer, 'NiftiConverter', copied('nifti-->[i:id]/image.nii.gz')]);
    expect(own.failed).toEqual([]);
  });
});

describe('NiftiConverter', () => {
  it('writes the voxels of the series at their places', async () => {
    const run = await runSteps(input, ['DicomImporter', 'NiftiConverter', copied('nifti:mod=ct-->[basename]')]);
    expect(run.files).toEqual(['dicom.nii.gz']);
    const image = await openNifti(readFileSync(join(run.outputDir, 'dicom.nii.gz')));
    expect(isOnGrid(image, grid)).toBe(true);
    expect(image.voxels.type).toBe('int16');
  });

  it('takes several series only where it is told to', async () => {
    const folder = tempFolder('kit-input');
    for (const part of ['ct', 'pt']) cpSync(join(study.series[part].files[0], '..'), join(folder, 'a', part), { recursive: true });
    const importer: Step = { module: 'FileStructureImporter', structures: ['$id@instance/$part@dicom'], import_id: 'id' };
    const one = await runSteps(folder, [importer, 'NiftiConverter', copied('nifti-->[basename]')]);
    expect(one.log).toMatch(/2 items are dicom, expected one/);
    const both = await runSteps(folder, [
      importer,
      { module: 'NiftiConverter', allow_multi_input: true },
      copied('nifti-->[d:part].[filext]'),
    ]);
    expect(both.files).toEqual(['ct.nii.gz', 'pt.nii.gz']);
  });

  describe('by a dcm2niix that', () => {
    const path = process.env.PATH;
    afterEach(() => {
      process.env.PATH = path;
    });

    /** Runs with a program of that name in place of the real one; `$out` is the folder for its images. */
    const runWith = async (script: string) => {
      const bin = tempFolder('bin');
      const out = 'while [ "$1" != -o ]; do shift; done; out=$2';
      writeFileSync(join(bin, 'dcm2niix'), `#!/bin/sh\n${out}\n${script}\n`);
      chmodSync(join(bin, 'dcm2niix'), 0o755);
      process.env.PATH = `${bin}:${path}`;
      return runSteps(input, ['DicomImporter', { module: 'NiftiConverter', engine: 'dcm2niix' }, copied('nifti-->[basename]')]);
    };
    const image = async (on: Grid) => {
      const file = join(tempFolder('image'), 'image.nii.gz');
      writeFileSync(file, await encodeNifti(on, new Int16Array(on.columns * on.rows * on.slices)));
      return file;
    };

    it('is not there is refused before a series is read', async () => {
      process.env.PATH = '';
      await expect(runSteps('/nowhere', ['DicomImporter', { module: 'NiftiConverter', engine: 'dcm2niix' }])).rejects.toThrow(
        /the program dcm2niix; .* set `engine: anteroom`/,
      );
    });

    it('fails is told by its exit code and last line', async () => {
      const run = await runWith('echo "No valid DICOM images were found"; exit 2');
      expect(run.log).toMatch(/PROGRAM_FAILED .*exit code 2, expected 0; its last line: No valid DICOM/);
    });

    it('warns is heard, and its image taken', async () => {
      const run = await runWith(`echo "Warning: check this"; cp ${await image(grid)} "$out/"`);
      expect(run.log).toContain('WARNING NiftiConverter: dcm2niix: Warning: check this');
      expect(run.files).toEqual(['dicom.nii.gz']);
    });

    it('makes two images of the series is refused', async () => {
      const file = await image(grid);
      const run = await runWith(`cp ${file} "$out/image.nii.gz"; cp ${file} "$out/image_Eq_1.nii.gz"`);
      expect(run.log).toMatch(/GEOMETRY_REFUSED .*made 2 images of the series \(image\.nii\.gz, image_Eq_1\.nii\.gz\), expected one/);
    });

    it('puts the voxels elsewhere is refused', async () => {
      const run = await runWith(`cp ${await image({ ...grid, spacingMm: [4, 4, 5.5] })} "$out/"`);
      expect(run.log).toMatch(/GEOMETRY_REFUSED .*elsewhere than the headers of the series say/);
    });
  });
});

describe('DsegConverter', () => {
  const labels = Uint8Array.from(labelMapOf(grid, [ellipsoid(grid, [0.45, 0.55, 0.5], 0.3)]).labels);

  /** Runs over the CT with that label map beside it, as a NIfTI file. */
  async function withLabels(on: Grid, values: Uint8Array, meta: string) {
    const folder = tempFolder('kit-input');
    cpSync(input, join(folder, 'a/ct'), { recursive: true });
    writeFileSync(join(folder, 'a/mask.nii.gz'), await encodeNifti(on, values));
    return runSteps(folder, [
      { module: 'FileStructureImporter', structures: ['$id@instance/ct@dicom:mod=ct', `$id/mask.nii.gz@nifti:${meta}`], import_id: 'id' },
      { module: 'DsegConverter', source_segs: 'nifti:mod=seg', target_dicom: 'dicom:mod=ct', skip_empty_slices: true },
      copied('dicomseg-->[i:id].seg.dcm'),
    ]);
  }

  it('writes label maps in files, whose metadata names the structures', async () => {
    const run = await withLabels(grid, labels, 'mod=seg:roi=LIVER');
    const { segments } = readSeg(parseInstance(readFileSync(join(run.outputDir, 'a.seg.dcm'))));
    expect(segments.map(({ label }) => label)).toEqual(['Liver']);
  });

  it.each([
    [
      'a label without a name',
      grid,
      labels.map((label) => 2 * label),
      'mod=seg:roi=LIVER',
      /LABEL_MAP_REFUSED .*label 2, expected at most 1/,
    ],
    ['no names', grid, labels, 'mod=seg', /nifti:id=a:mod=seg has no roi that names its structures/],
    ['a name that is none', grid, labels, 'mod=seg:roi=LIVR', /LIVR is no structure/],
    [
      'another place',
      { ...grid, originMm: [-28, -40, 0] as const },
      labels,
      'mod=seg:roi=LIVER',
      /LABEL_MAP_REFUSED .*from \(0\.5, 0, 0\)/,
    ],
  ])('refuses one with %s', async (_, on, values, meta, reason) => {
    const run = await withLabels(on, values, meta);
    expect(run.log).toMatch(reason);
    expect(run.files).toEqual([]);
  });
});
