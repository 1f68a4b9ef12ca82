/** Writes what the workflow made into the output folder. */
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AnteroomError } from '../../foundation/errors.js';
import type { Item } from '../items.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { parseTarget } from '../target.js';
import type { Target } from '../target.js';

const target = z.string().transform((text, context): Target => {
  const parsed = parseTarget(text);
  if (typeof parsed !== 'string') return parsed;
  context.issues.push({ code: 'custom', message: parsed, input: text });
  return z.NEVER;
});

const settings = z.object({
  targets: z
    .array(target)
    .min(1)
    .describe(
      'What goes where, QUERY-->PATH: `dicomseg-->[i:sid]/lungs.seg.dcm`. In the path, [i:…] is an attribute of the case ([i:sid] the SeriesInstanceUID), [d:…] metadata of the item, [path], [basename], [filename] and [filext] the name of its file, its last part, that up to its first dot and from there on.',
    ),
});

/** As MHub does: whoever runs the container may read and delete what it left. */
const FILE_MODE = 0o666;
const FOLDER_MODE = 0o777;

/** Files to the output folder, as MHub's module of that name does: its `targets` say which and where. */
export class DataOrganizer extends CaseModule {
  static readonly does = 'writes files into the output folder';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs = [];
  override readonly attributes: readonly string[];
  /** Files of the output folder that were written, of all cases. */
  readonly #taken = new Set<string>();

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = options.targets.map(({ query }) => query);
    this.attributes = options.targets.flatMap(({ attributes }) => attributes);
  }

  async work(one: Case, context: ModuleContext): Promise<void> {
    for (const { query, pathOf } of this.options.targets) {
      for (const item of one.matching(query)) {
        const path = pathOf(item, one);
        for (const file of filesOf(item, path)) {
          if (this.#taken.has(file))
            throw new AnteroomError('CASE_DATA_OTHER', `two files for ${file}: ${query.text} means several, or several series go there`);
          this.#taken.add(file);
        }
        await leave(item, path, context);
      }
    }
  }
}

function filesOf(item: Item, path: string): string[] {
  return item.type === 'dicom' ? item.value.paths.map((from) => join(path, basename(from))) : [path];
}

async function leave(item: Item, path: string, { folders, log }: ModuleContext): Promise<void> {
  const to = join(folders.outputDir, path);
  if (item.type === 'segmentation') throw new AnteroomError('CASE_DATA_OTHER', `a segmentation is no file; NrrdExporter makes one`);
  if (item.type === 'dicom') {
    for (const from of item.value.paths) await openly(join(to, basename(from)), (file) => copyFile(from, file));
    log('NOTICE', `${path}, ${item.value.paths.length} files`);
    return;
  }
  await openly(to, (file) => writeFile(file, item.value));
  log('NOTICE', `${path}, ${item.value.length} bytes`);
}

async function openly(path: string, write: (path: string) => Promise<void>): Promise<void> {
  const made = await mkdir(dirname(path), { recursive: true });
  if (made !== undefined) await chmod(dirname(path), FOLDER_MODE);
  await write(path);
  await chmod(path, FILE_MODE);
}
