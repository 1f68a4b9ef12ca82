/** Writes what the workflow made into the output folder. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { FILE_NAMES, CaseModule } from '../module.js';
import type { Case, FileName, ModuleContext } from '../module.js';

interface Target {
  readonly file: FileName;
  readonly pattern: string;
}

/** Reads `FILE-->PATH`; a text where it is none. */
function parseTarget(text: string): Target | string {
  const [name, path = ''] = text.split('-->');
  const file = FILE_NAMES.find((known) => known === name);
  const pattern = normalize(path);
  if (file === undefined) return `"${text}" is not FILE-->PATH with FILE one of ${FILE_NAMES.join(', ')}`;
  if (path === '' || pattern.startsWith('..') || isAbsolute(pattern)) return `"${text}" must name a path inside the output folder`;
  if (pattern.replaceAll('[i:sid]', '').includes('[')) return `"${text}" has another placeholder than [i:sid]`;
  return { file, pattern };
}

const target = z.string().superRefine((text, context) => {
  const parsed = parseTarget(text);
  if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
});

const settings = z.object({
  targets: z.array(target).min(1).describe('What goes where: `dicomseg-->[i:sid]/lungs.seg.dcm`; [i:sid] is the SeriesInstanceUID.'),
});

/** As MHub does: whoever runs the container may read and delete what it left. */
const FILE_MODE = 0o666;
const FOLDER_MODE = 0o777;

/** Files to the output folder, as MHub's module of that name does: its `targets` say which and where. */
export class DataOrganizer extends CaseModule {
  static readonly does = 'writes files into the output folder';
  static readonly settings = settings;
  readonly inputs: readonly FileName[];
  readonly outputs = [];
  readonly #targets: readonly Target[];

  constructor(options: z.output<typeof settings>) {
    super();
    this.#targets = options.targets.map(parseTarget).filter((parsed) => typeof parsed !== 'string');
    this.inputs = [...new Set(this.#targets.map(({ file }) => file))];
  }

  async work(one: Case, { folders, log }: ModuleContext): Promise<void> {
    for (const { file, pattern } of this.#targets) {
      const path = pattern.replaceAll('[i:sid]', one.sid);
      const bytes = one.get(file);
      await writeOpenly(join(folders.outputDir, path), bytes);
      log('NOTICE', `${path}, ${bytes.length} bytes`);
    }
  }
}

async function writeOpenly(path: string, bytes: Uint8Array): Promise<void> {
  const made = await mkdir(dirname(path), { recursive: true });
  if (made !== undefined) await chmod(dirname(path), FOLDER_MODE);
  await writeFile(path, bytes);
  await chmod(path, FILE_MODE);
}
