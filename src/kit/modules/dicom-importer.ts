/** Finds the DICOM series of the input folder. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseInstance } from '../../dicom/element/parse.js';
import type { ParsedInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { assembleVolume } from '../../dicom/geometry/volume.js';
import type { Volume } from '../../dicom/geometry/grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import { Case, ImportModule } from '../module.js';
import type { ModuleContext } from '../module.js';

const settings = z.object({
  modality: z.string().min(1).default('CT').describe('Only series of this Modality are taken.'),
  skip_derived: z.boolean().default(false).describe('True leaves out localizers and reformatted images (ImageType).'),
});

/** Series of one modality as cases. Files that are not DICOM are left out, damaged ones refused: a slice would be missing. */
export class DicomImporter extends ImportModule {
  static readonly does = 'finds the DICOM series of the input folder, one case for each';
  static readonly settings = settings;
  readonly outputs = ['dicom'] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
  }

  async findCases({ folders, log, progress }: ModuleContext): Promise<Case[]> {
    const paths = await filesUnder(folders.inputDir);
    const series = new Map<string, ParsedInstance[]>();
    const leftOut = new Map<string, number>();
    for (const [n, path] of paths.entries()) {
      progress(n / paths.length);
      const instance = await readInstance(path);
      const reason = instance === undefined ? 'not DICOM' : this.#reasonAgainst(instance);
      if (instance === undefined || reason !== undefined) leftOut.set(reason ?? '', (leftOut.get(reason ?? '') ?? 0) + 1);
      else {
        const sid = instance.dataset.uid(TAG.SeriesInstanceUID) ?? '';
        series.set(sid, [...(series.get(sid) ?? []), instance]);
      }
    }
    const others = [...leftOut].map(([reason, count]) => `; left out ${count} × ${reason}`).join('');
    if (series.size === 0)
      throw new AnteroomError('MODEL_INPUT_MISSING', `no ${this.options.modality} series in ${paths.length} files${others}`);
    log('NOTICE', `${series.size} series with ${[...series.values()].map(({ length }) => length).join(', ')} instances${others}`);
    return [...series].map(([sid, instances]) => caseOf(sid, instances));
  }

  /** Why an instance is not taken; undefined where it is. */
  #reasonAgainst({ dataset }: ParsedInstance): string | undefined {
    const modality = dataset.text(TAG.Modality) ?? 'missing';
    if (modality !== this.options.modality) return `Modality ${modality}`;
    if (dataset.uid(TAG.SeriesInstanceUID) === undefined) return 'without SeriesInstanceUID';
    const types = dataset.texts(TAG.ImageType);
    return this.options.skip_derived && (types[0] === 'DERIVED' || types[2] === 'LOCALIZER') ? 'derived or localizer' : undefined;
  }
}

function caseOf(sid: string, instances: ParsedInstance[]): Case {
  let volume: Promise<Volume> | undefined;
  const one = new Case(sid);
  one.set('dicom', { seriesInstanceUid: sid, instances, volume: () => (volume ??= assembleVolume(instances)) });
  return one;
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((thrown: unknown) => {
    throw new AnteroomError('FILE_UNREADABLE', `the input folder ${folder}`, { cause: thrown });
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A parsed file; undefined where it is none of DICOM. Damaged DICOM is an error: a slice would be missing. */
async function readInstance(path: string): Promise<ParsedInstance | undefined> {
  const bytes = await readFile(path);
  try {
    return parseInstance(bytes);
  } catch (thrown) {
    if (thrown instanceof AnteroomError && thrown.code === 'DICOM_NOT_P10') return undefined;
    throw thrown;
  }
}
