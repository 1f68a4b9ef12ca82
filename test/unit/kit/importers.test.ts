/** What importers find in folders, and what a workflow makes of cases that lack something. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStructure } from '../../../src/kit/folder-structure.js';
import { runSteps, workflowOf } from '../../support/kit-steps.js';
import type { Step } from '../../support/kit-steps.js';
import { mixedStudy, segOn } from '../../support/mhub/study.js';
import { tempFolder } from '../../support/temp.js';

const study = mixedStudy('importers', { ct: { modality: 'CT' }, pt: { modality: 'PT', spacingMm: 5 }, other: { modality: 'CT' } });

/** A folder with series at those places. */
function laidOut(places: Readonly<Record<string, string>>): string {
  const folder = tempFolder('kit-input');
  for (const [place, series] of Object.entries(places)) {
    const to = join(folder, place);
    mkdirSync(to, { recursive: true });
    for (const [n, file] of study.series[series].files.entries()) cpSync(file, join(to, `${series}-${n}.dcm`));
  }
  return folder;
}

const copied = (...targets: string[]): Step => ({ module: 'DataOrganizer', targets });

describe('DicomImporter', () => {
  const flat = laidOut({ '': 'ct', deep: 'pt' });
  const { ct, pt } = study.series;

  it('gives each series as a case, with metadata of its headers', async () => {
    const meta = { mod: '%Modality', series: '%SeriesNumber', source: 'scanner' };
    const { files } = await runSteps(flat, [
      { module: 'DicomImporter', modality: ['CT', 'PT'], meta },
      copied('dicom:source=scanner-->[i:sid]/[d:mod]-[d:series]'),
    ]);
    expect(files).toHaveLength(8);
    expect(files.some((file) => file.startsWith(`${ct.seriesInstanceUid}/CT-1/`))).toBe(true);
    expect(files.some((file) => file.startsWith(`${pt.seriesInstanceUid}/PT-2/`))).toBe(true);
  });

  it('puts a segmentation beside the image that it was drawn on, and leaves out one of another', async () => {
    const folder = laidOut({ '': 'ct' });
    writeFileSync(join(folder, 'own.dcm'), segOn(ct.source, 'own'));
    writeFileSync(join(folder, 'another.dcm'), segOn(study.series.other.source, 'another'));
    const run = await runSteps(folder, [
      { module: 'DicomImporter', merge: true },
      copied('dicomseg:mod=seg-->[i:sid]/[filename].[filext]'),
    ]);
    expect(run.files).toEqual([`${ct.seriesInstanceUid}/dicomseg.seg.dcm`]);
    expect(run.log).toContain('left out 1 × of another series');
  });

  it('refuses an attribute that DICOM does not have', () => {
    expect(() => workflowOf([{ module: 'DicomImporter', meta: { mod: '%Modalty' } }])).toThrow(/%Modalty is no attribute of DICOM/);
  });
});

describe('FileStructureImporter', () => {
  const petCt: Step = {
    module: 'FileStructureImporter',
    structures: ['$patientID@instance/ct@dicom:mod=ct', '$patientID/pt@dicom:mod=pt'],
    import_id: 'patientID',
  };

  it('gives a case for each folder, with what lies in its sub-folders', async () => {
    const folder = laidOut({ 'a/ct': 'ct', 'a/pt': 'pt', 'b/ct': 'other', 'b/pt': 'pt' });
    const run = await runSteps(folder, [petCt, copied('dicom:mod=pt-->[i:patientID]/images', 'dicom:mod=ct-->[d:patientID]/[path]')]);
    expect(run.failed).toEqual([]);
    expect(run.files.filter((file) => file.startsWith('a/images/'))).toHaveLength(4);
    expect(run.files.filter((file) => file.startsWith('b/ct/other-'))).toHaveLength(4);
  });

  it('fails the case that lacks a series, by what is missing, and not the other', async () => {
    const run = await runSteps(laidOut({ 'a/ct': 'ct', 'b/ct': 'ct', 'b/pt': 'pt' }), [petCt, copied('dicom:mod=pt-->[i:patientID]/pt')]);
    expect(run).toMatchObject({ succeeded: ['b'], failed: ['a'] });
    expect(run.log).toContain('nothing is dicom:mod=pt; there is dicom:patientID=a:mod=ct');
  });

  it('takes names that are filtered and kept, constants, groups and excluded folders', async () => {
    const folder = laidOut({
      'a/T2/dicom': 'ct',
      'a/ADC/dicom': 'pt',
      'b/s1/T2/dicom': 'ct',
      'b/s1/ADC/dicom': 'pt',
      'old/T2/dicom': 'ct',
    });
    const run = await runSteps(folder, [
      {
        module: 'FileStructureImporter',
        structures: [
          '$patientID/$studyID@instance/$part@/dicom@dicom',
          '$patientID@instance:studyID=none/ADC$part@/dicom@dicom',
          '$patientID@instance:studyID=none/T2$part@bundle/dicom@dicom',
        ],
        import_id: 'patientID/studyID',
        excludes: ['old'],
      },
      copied('dicom:part=T2-->[i:patientID]/[i:studyID]/[d:part]'),
    ]);
    expect(run.succeeded).toEqual(['b/s1', 'a/none']);
    expect(run.files.map((file) => file.slice(0, file.lastIndexOf('/')))).toEqual([
      ...Array<string>(4).fill('a/none/T2'),
      ...Array<string>(4).fill('b/s1/T2'),
    ]);
  });

  it('takes files, by expressions with named groups', async () => {
    const folder = tempFolder('kit-input');
    mkdirSync(join(folder, 'p1'));
    for (const name of ['scan.nrrd', 'seed-7.json']) writeFileSync(join(folder, 'p1', name), name);
    const run = await runSteps(folder, [
      {
        module: 'FileStructureImporter',
        structures: ['$sid@instance/re:^.*\\.nrrd$::@nrrd:mod=ct', '$sid/re:^seed-(?P<seed>\\d+)\\.json$::@json:type=seed'],
        import_id: 'sid',
      },
      copied('nrrd:mod=ct-->[i:sid]/[basename]', 'json:seed=7-->[i:sid]/[filename]-[d:seed].[filext]'),
    ]);
    expect(run.files).toEqual(['p1/scan.nrrd', 'p1/seed-7-7.json']);
  });

  it('refuses a folder of two series', async () => {
    const folder = laidOut({ 'a/ct': 'ct' });
    cpSync(study.series.pt.files[0], join(folder, 'a/ct/stray.dcm'));
    await expect(runSteps(folder, [{ module: 'FileStructureImporter', structures: ['$id@instance/ct@dicom'] }])).rejects.toThrow(
      /2 DICOM series in the folder .*a\/ct, expected one/,
    );
  });

  it.each([
    ['$a@instance/ct', /names no data/],
    ['$a@instance/ct@dicm', /@dicm, which is no type of data \(did you mean dicom\?\)/],
    ['$a@instance/$b@instance/ct@dicom', /@instance twice/],
    ['$a@instance:x/ct@dicom', /has "x", expected key=value/],
    ['$a@instance//ct@dicom', /the part ""/],
    ['$a@instance/re:([::@dicom', /is no regular expression/],
    ['$a@instance/re:.*@dicom', /an expression without its end/],
    ['$a@instance/re:(.*)::$b@dicom', /name groups in it/],
  ])('refuses the structure %s', (text, reason) => {
    expect(parseStructure(text)).toMatch(reason);
  });

  it.each([
    [{ structures: ['$a/ct@dicom'] }, /no structure has @instance/],
    [{ structures: ['$a@instance/ct@dicom', '$a/pt@dicom'] }, /must say which case/],
    [{ structures: ['$a@instance/ct@dicom'], import_id: 'b' }, /names b, which "\$a@instance\/ct@dicom" does not give/],
  ])('refuses %j before anything runs', (settings, reason) => {
    expect(() => workflowOf([{ module: 'FileStructureImporter', ...settings }])).toThrow(reason);
  });

  it('is checked against what later modules ask for', () => {
    expect(() => workflowOf([petCt, copied('dicom:mod=mr-->x')])).toThrow(
      /DataOrganizer needs dicom:mod=mr, which no module before it makes/,
    );
    expect(() => workflowOf([petCt, copied('dicom:mod=ct-->[i:sid]')])).toThrow(/names \[i:sid\]; the cases have patientID/);
  });
});

describe('FileFilter', () => {
  const folder = laidOut({ 'a/ct': 'ct', 'b/ct': 'ct', 'b/pt': 'pt' });
  const either: Step = {
    module: 'FileStructureImporter',
    structures: ['$id@instance/$part@dicom'],
    import_id: 'id',
  };

  it('lets go on only cases that have what is required, without a fault', async () => {
    const run = await runSteps(folder, [either, { module: 'FileFilter', requires: ['dicom:part=pt'] }, copied('dicom-->[i:id]/[d:part]')]);
    expect(run).toMatchObject({ succeeded: ['b'], failed: [] });
    expect(run.log).toContain('a is left out: nothing is dicom:part=pt');
  });

  it('keeps and drops items', async () => {
    const kept = await runSteps(folder, [either, { module: 'FileFilter', keep: ['any:part=ct'] }, copied('any-->[i:id]/[d:part]')]);
    expect(new Set(kept.files.map((file) => file.slice(0, 4)))).toEqual(new Set(['a/ct', 'b/ct']));
    const dropped = await runSteps(folder, [either, { module: 'FileFilter', drop: ['any:part=ct'] }, copied('any-->[i:id]/[d:part]')]);
    expect(dropped).toMatchObject({ succeeded: ['b'], failed: ['a'] });
    expect(dropped.log).toContain('the filter leaves none of 1 items');
  });
});
