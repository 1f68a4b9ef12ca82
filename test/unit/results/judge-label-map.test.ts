/** On which of several images a label map lies, where some of them are no regular stack. */
import { rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { encodeNrrd } from '../../../src/kit/nrrd.js';
import type { InstanceRow } from '../../../src/ledger/instances.js';
import type { OutputRow } from '../../../src/ledger/results.js';
import { judgeOutput } from '../../../src/results/judge-output.js';
import type { Judgement } from '../../../src/results/judgement.js';
import { RunSources, type SourceInput } from '../../../src/results/run-sources.js';
import { rejectionText } from '../../../src/results/verdict.js';
import { makeSeries } from '../../support/made-series.js';
import { ellipsoid, labelMapOf } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

const TILTED: Vec3 = [0, 0.8, 2];
const STRAIGHT: Vec3 = [0, 0, 2];

/** A series of eight slices among the inputs of a run. */
function inputIn(archive: string, name: string, step: Vec3, originMm: Vec3): SourceInput {
  const axes = { iDirection: [1, 0, 0], jDirection: [0, 1, 0], pixelMm: [1, 1] } as const;
  const { seriesInstanceUid, files } = makeSeries(join(archive, name), name, { ...axes, step, originMm, slices: [0, 1, 2, 3, 4, 5, 6, 7] });
  const instances = files.map(
    (file) =>
      ({ path: relative(archive, file), series_instance_uid: seriesInstanceUid, sop_class_uid: SOP_CLASS.CTImageStorage }) as InstanceRow,
  );
  return { name, seriesInstanceUid, instances };
}

/** Inputs by name, each with its step from slice to slice; they lie apart from each other. */
class Run {
  readonly folder = tempFolder('judge-label-map');
  private readonly inputs: readonly SourceInput[];

  constructor(steps: Readonly<Record<string, Vec3>>) {
    this.inputs = Object.entries(steps).map(([name, step], n) => inputIn(this.folder, name, step, [100 * n, 0, 0]));
  }

  /** Judges a map that lies on the grid of an input. */
  async judge(on: string, named?: string): Promise<Judgement> {
    const path = join(this.folder, 'a.nrrd');
    const { grid } = await new RunSources(this.folder, this.inputs).sourceOf(this.input(on));
    writeFileSync(path, encodeNrrd(labelMapOf(grid, [ellipsoid(grid, [0.5, 0.5, 0.5], 0.3)])));
    const labelMap = { file: 'a.nrrd', labels: { 1: 'LIVER' }, ...(named === undefined ? {} : { on: named }) };
    const context = { sources: new RunSources(this.folder, this.given), allowEmpty: false, siblings: new Map() };
    return judgeOutput(path, { output: { path: 'a.nrrd' } as OutputRow, kind: 'other', labelMap }, context);
  }

  /** What the run is given: an input called `elsewhere` is not. */
  private get given(): readonly SourceInput[] {
    return this.inputs.filter(({ name }) => name !== 'elsewhere');
  }

  input(name: string): SourceInput {
    return this.inputs.find((one) => one.name === name) as SourceInput;
  }
}

function reasonOf({ verdict }: Judgement): string {
  return verdict.passed ? 'passed' : rejectionText(verdict);
}

describe('a label map of a run whose first image is no regular stack', () => {
  it('is of the second, on whose grid it lies', async () => {
    expect(await new Run({ ct: TILTED, pet: STRAIGHT }).judge('pet')).toMatchObject({
      verdict: { passed: true },
      regions: [{ structure: { id: 'LIVER' } }],
    });
  });

  it('is refused where it lies on no other: the reasons name what is wrong with each', async () => {
    const reason = reasonOf(await new Run({ ct: TILTED, pet: STRAIGHT, elsewhere: STRAIGHT }).judge('elsewhere'));
    expect(reason).toMatch(/^geometry: .*; geometry: ct: .*, expected one regular stack of slices$/);
  });

  it.each<[string, Readonly<Record<string, Vec3>>, string | undefined, RegExp]>([
    ['no image is one', { ct: TILTED, mr: TILTED, elsewhere: STRAIGHT }, undefined, /^ct: .*; mr: .*/],
    ['model.yaml names that image', { ct: TILTED, pet: STRAIGHT, elsewhere: STRAIGHT }, 'ct', /^ct: [^;]*$/],
  ])('cannot be judged where %s', async (_name, steps, named, seen) => {
    await expect(new Run(steps).judge('elsewhere', named)).rejects.toMatchObject({
      code: 'GEOMETRY_REFUSED',
      seen: expect.stringMatching(seen) as string,
    });
  });

  it('is not given to the second where the first cannot be read: that is no fault of the image', async () => {
    const run = new Run({ ct: STRAIGHT, pet: STRAIGHT });
    rmSync(join(run.folder, run.input('ct').instances[0].path));
    await expect(run.judge('pet')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
