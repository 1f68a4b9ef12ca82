import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { parseArguments } from '../../../src/kit/arguments.js';
import { describeWorkflow } from '../../../src/kit/list.js';
import { modulesPage } from '../../../src/kit/modules-page.js';
import { Case, CaseModule, ImportModule } from '../../../src/kit/module.js';
import { encodeNrrd } from '../../../src/kit/nrrd.js';
import { Progress } from '../../../src/kit/progress.js';
import { MODULES } from '../../../src/kit/registry.js';
import { runWorkflow } from '../../../src/kit/run-workflow.js';
import { readWorkflow } from '../../../src/kit/workflow.js';
import type { Override, Workflow } from '../../../src/kit/workflow.js';
import { parseProgressLine } from '../../../src/runs/runtimes/progress.js';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const GOOD = readFileSync('deploy/models/lungs/config/default.yml', 'utf8');

function read(text: string, overrides: readonly Override[] = []): Workflow {
  return readWorkflow(text, 'default.yml', overrides, MODULES);
}

describe('a workflow file', () => {
  it('of the lungs is valid, and described with its settings', () => {
    const workflow = read(GOOD);
    expect(workflow.steps.map(({ label }) => label)).toEqual(['DicomImporter', 'LungSegmenter', 'DsegConverter', 'DataOrganizer']);
    const text = describeWorkflow('default', workflow, MODULES);
    expect(text).toContain('needs dicom, segmentation, makes dicomseg');
    expect(text).toContain('needs nothing, makes dicom:mod=CT');
    expect(text).toContain('makes segmentation:mod=seg:roi=RIGHT_LUNG,LEFT_LUNG, nrrd, json');
    expect(text).toContain('closing_mm = 6: Gaps');
  });

  it('takes settings from the command line over those of the file, and those of a step over both', () => {
    const changed = read(GOOD, [{ path: 'modules.LungSegmenter.closing_mm', value: 8 }]);
    expect(changed.steps[1]?.settings).toMatchObject({ closing_mm: 8, smallest_lung_ml: 100 });
    const inStep = read(GOOD.replace('- LungSegmenter', '- module: LungSegmenter\n    closing_mm: 3'));
    expect(inStep.steps[1]?.settings).toMatchObject({ closing_mm: 3 });
  });

  it.each([
    [
      'an unknown module',
      GOOD.replace('- LungSegmenter', '- LungSegmentor'),
      /default\.yml:8:5 execute\[1\]: unknown module "LungSegmentor" \(did you mean LungSegmenter\?\)/,
    ],
    [
      'an unknown setting',
      GOOD.replace('closing_mm:', 'closng_mm:'),
      /default\.yml:\d+:\d+ modules\.LungSegmenter\.closng_mm: LungSegmenter has no setting "closng_mm" \(did you mean closing_mm\?\)/,
    ],
    ['a setting of the wrong kind', GOOD.replace('closing_mm: 6', 'closing_mm: wide'), /closing_mm: LungSegmenter: .*number/],
    [
      'an input that nobody makes',
      GOOD.replace('  - LungSegmenter\n', ''),
      /execute\[1\]: DsegConverter needs segmentation, which no module before it makes/,
    ],
    ['a file that nobody makes', GOOD.replace('  - DsegConverter\n', ''), /DataOrganizer needs dicomseg/],
    ['no importer', GOOD.replace('  - DicomImporter\n', ''), /the first module must import/],
    ['a target outside of the output', GOOD.replace('[i:sid]/lungs.nrrd', '../../etc/x'), /must name a path inside the output folder/],
    ['an unknown placeholder', GOOD.replace('[i:sid]/lungs.nrrd', '[name]/x.nrrd'), /unknown placeholder \[name\]/],
    ['an unknown attribute', GOOD.replace('[i:sid]/lungs.nrrd', '[i:name]/x.nrrd'), /DataOrganizer names \[i:name\]; the cases have sid/],
    ['an unknown type', GOOD.replace('nrrd-->', 'nrd-->'), /"nrd" is no type of data \(did you mean nrrd\?\)/],
    [
      'a type that nobody makes',
      GOOD.replace('nrrd-->', 'nifti-->'),
      /DataOrganizer needs nifti, which no module before it makes; there is dicom:mod=CT/,
    ],
    [
      'metadata that nothing can have',
      GOOD.replace('dicomseg-->', 'dicom:mod=mr-->'),
      /execute\[3\]: DataOrganizer needs dicom:mod=mr, which no module before it makes/,
    ],
    ['no general part', GOOD.replace(/general:[^]*?execute/, 'execute'), /general.*is missing/],
  ])('with %s is refused before anything runs', (_, text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });

  it('is refused with all its faults at once', () => {
    const text = GOOD.replace('closing_mm:', 'closng_mm:').replace('model_name: lungs', 'model_name: 7').replace('nrrd-->', 'nrd-->');
    expect(() => read(text)).toThrow(/closng_mm[^]*model_name[^]*nrd/);
  });
});

it('the page of modules says what the code has (remake it: see its second line)', () => {
  expect(readFileSync('deploy/models/MODULES.md', 'utf8')).toBe(modulesPage(MODULES));
});

describe('the command line', () => {
  it('is the one of the contract', () => {
    const found = parseArguments([
      '--workflow',
      'fast',
      '--non-interactive',
      '--stream-json-progress',
      '--config:modules.X.a=[1,"b"]',
      '--config:modules.X.b=False',
      '--config:modules.X.c=a=b',
    ]);
    expect(found).toMatchObject({ workflow: 'fast', streamJsonProgress: true });
    expect(found.overrides.map(({ value }) => value)).toEqual([[1, 'b'], false, 'a=b']);
  });

  it.each([
    [['--workfow', 'x'], /"--workfow" is no flag/],
    [['--workflow'], /needs a value/],
    [['--config:x'], /PATH=VALUE/],
  ])('refuses %p', (args, reason) => {
    expect(() => parseArguments(args)).toThrow(reason);
  });
});

class TwoCases extends ImportModule {
  readonly outputs = ['json'] as const;
  findCases(): Promise<Case[]> {
    return Promise.resolve(['1.1', '1.2'].map((sid) => new Case(sid)));
  }
}

class FailsOnFirst extends CaseModule {
  readonly inputs = [];
  readonly outputs = [];
  readonly worked: string[] = [];
  work(one: Case): Promise<void> {
    this.worked.push(one.sid);
    return one.sid === '1.1' ? Promise.reject(new AnteroomError('GEOMETRY_REFUSED', 'the gap is 10 mm')) : Promise.resolve();
  }
}

describe('running', () => {
  it('goes on with other cases where one fails, names the failed one and says why', async () => {
    const [first, second] = [new FailsOnFirst(), new FailsOnFirst()];
    const step = (label: string, module: ImportModule | CaseModule) => ({ label, module, settings: {} });
    const workflow = {
      description: '',
      dataDir: '',
      steps: [step('TwoCases', new TwoCases()), step('First', first), step('Second', second)],
    };
    const lines: string[] = [];
    const progress: string[] = [];
    const outcome = await runWorkflow(workflow, {
      folders: { inputDir: '', outputDir: '', modelDir: '' },
      model: { name: 'x', title: 'X', version: '1' },
      printProgress: (line) => progress.push(line),
      logOf: (module) => (level, text) => lines.push(`${level} ${module} ${text}`),
    });
    expect(outcome).toEqual({ succeeded: ['1.2'], failed: ['1.1'] });
    expect(second.worked).toEqual(['1.2']);
    expect(lines.join('\n')).toMatch(/ERROR First series 1\.1: GEOMETRY_REFUSED .*the gap is 10 mm – Choose a series/);
    expect(parseProgressLine(progress.at(-1)!.trim())?.fraction).toBe(1);
  });
});

describe('progress', () => {
  it('moves inside a step, as the node reads it', () => {
    const fractions: (number | undefined)[] = [];
    let now = 0;
    const progress = new Progress(
      ['A', 'B'],
      (line) => fractions.push(parseProgressLine(line.trim())?.fraction),
      () => (now += 1000),
    );
    progress.moduleStarted(0, []);
    progress.moduleFinished(['1.2']);
    progress.moduleStarted(1, ['1.2']);
    progress.caseStarted('1.2');
    progress.within(0.5);
    progress.caseFinished();
    progress.moduleFinished(['1.2']);
    expect(fractions).toEqual([0, 0.5, 0.5, 0.5, 0.75, 1, 1]);
  });
});

describe('NRRD', () => {
  it('holds the grid exactly and the labels', () => {
    const { truth } = chestPhantom({ spacingMm: [6, 6, 10], orientation: 'sagittal' });
    const file = Buffer.from(encodeNrrd(truth, { 'label 1': 'RIGHT_LUNG' }));
    const end = file.indexOf('\n\n');
    const header = file.toString('ascii', 0, end);
    expect(header).toContain(`sizes: ${truth.grid.columns} ${truth.grid.rows} ${truth.grid.slices}`);
    expect(header).toContain('space: left-posterior-superior');
    expect(header).toContain('space directions: (0,6,0) (0,0,-6) (-10,0,0)');
    expect(header).toContain(`space origin: (${truth.grid.originMm.join(',')})`);
    expect(header).toContain('label 1:=RIGHT_LUNG');
    expect(gunzipSync(file.subarray(end + 2)).equals(Buffer.from(truth.labels.buffer))).toBe(true);
  });
});
