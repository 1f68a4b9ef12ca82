/** DICOM series as NIfTI files, for networks and programs that read nothing else. */
import { readdir, readFile, mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Grid } from '../../dicom/geometry/grid.js';
import { planGrid, sliceFacts } from '../../dicom/geometry/volume.js';
import { openNifti } from '../../dicom/label-map/nifti.js';
import { isOnGrid } from '../../dicom/label-map/on-grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { DicomSeries } from '../items.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { encodeNifti } from '../nifti.js';
import { canStart, inTempFolder, runProgram } from '../program.js';
import { query } from '../query.js';
import type { Kind } from '../query.js';

const settings = z.object({
  in_datas: query.prefault('dicom').describe('Which series are converted.'),
  engine: z
    .enum(['anteroom', 'dcm2niix'])
    .default('anteroom')
    .describe(
      '`anteroom` writes the voxels that the kit reads, in their order; `dcm2niix` calls that program, for networks made on its files.',
    ),
  allow_multi_input: z.boolean().default(false).describe('True: several series are converted where the query finds several.'),
  converted_file_name: z
    .string()
    .regex(/^[^/]+$/)
    .default('[filename].nii.gz')
    .describe('[filename] is what the series is called.'),
  timeout_s: z.number().positive().default(600).describe('How long dcm2niix may take for one series.'),
});

/** The series that are no regular stack (several volumes, missing slices, gantry tilt) are refused by name, whatever the engine. */
export class NiftiConverter extends CaseModule {
  static readonly does = 'makes NIfTI files of DICOM series';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs: readonly Kind[] = [{ type: 'nifti', meta: {}, open: true }];

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = [options.in_datas];
  }

  override prepare(): Promise<void> {
    if (this.options.engine !== 'dcm2niix' || canStart('dcm2niix')) return Promise.resolve();
    return Promise.reject(
      new AnteroomError('NOT_FOUND', 'the program dcm2niix; use the base image as set-up builds it, install it, or set `engine: anteroom`'),
    );
  }

  async work(one: Case, context: ModuleContext): Promise<void> {
    const { in_datas: asked, allow_multi_input: several, converted_file_name: pattern } = this.options;
    const items = several ? one.matching(asked) : [one.only(asked)];
    for (const [n, item] of items.entries()) {
      if (item.type !== 'dicom') throw new AnteroomError('CASE_DATA_OTHER', `${item.type}, expected a DICOM series`);
      const filename = items.length > 1 ? `${item.name}-${n + 1}` : item.name;
      one.add('nifti', await this.#converted(item.value, context), { meta: item.meta, name: pattern.replaceAll('[filename]', filename) });
    }
  }

  async #converted(series: DicomSeries, { log }: ModuleContext): Promise<Uint8Array> {
    if (this.options.engine === 'dcm2niix') return byDcm2niix(series, this.options.timeout_s, log);
    const { grid, voxels } = await series.volume();
    return encodeNifti(grid, voxels);
  }
}

/**
 * What dcm2niix makes of a series. It gives exit code 0 for tilted and uneven stacks, too, and beside them a resampled copy: what is no
 * regular stack does not get that far. Its warnings go into the log.
 */
async function byDcm2niix({ instances, paths }: DicomSeries, timeoutS: number, log: ModuleContext['log']): Promise<Uint8Array> {
  const { grid } = planGrid(instances.flatMap(({ dataset }) => sliceFacts(dataset)));
  return inTempFolder(async (folder) => {
    const [from, to] = [join(folder, 'series'), join(folder, 'image')];
    await Promise.all([mkdir(from), mkdir(to)]);
    await Promise.all(paths.map((path, n) => symlink(resolve(path), join(from, `${n}.dcm`))));
    // -g i: no defaults of the machine; -z i: compresses by itself; -x i: neither crops nor rotates; -p n: values by RescaleSlope, as
    // DICOM says, also of Philips, whose own scaling it would take.
    await runProgram({
      command: ['dcm2niix', '-g', 'i', '-b', 'n', '-z', 'i', '-1', '-x', 'i', '-p', 'n', '-m', 'y', '-f', 'image', '-o', to, from],
      folder,
      timeoutS,
      line: (text) => {
        log(/^warning|^error/i.test(text) ? 'WARNING' : 'NOTICE', `dcm2niix: ${text}`);
      },
    });
    const made = (await readdir(to)).sort();
    if (made.length !== 1)
      throw new AnteroomError('GEOMETRY_REFUSED', `dcm2niix made ${made.length} images of the series (${made.join(', ')}), expected one`);
    const file = await readFile(join(to, made[0]));
    await refuseOtherPlace(file, grid);
    return file;
  });
}

async function refuseOtherPlace(file: Uint8Array, grid: Grid): Promise<void> {
  if (!isOnGrid(await openNifti(file), grid))
    throw new AnteroomError('GEOMETRY_REFUSED', 'dcm2niix has the voxels elsewhere than the headers of the series say');
}
