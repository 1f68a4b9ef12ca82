/** Any program or script as a step of a workflow: its files are named by placeholders, its exit code counts. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { AnteroomError } from '../../foundation/errors.js';
import { encodeNifti } from '../nifti.js';
import { FILE_NAMES, segmentationMeta } from '../items.js';
import type { Item, Meta } from '../items.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { canStart, inTempFolder, runProgram } from '../program.js';
import { query } from '../query.js';
import type { Kind } from '../query.js';
import { structureId } from '../structure-id.js';

const name = z.string().regex(/^[a-z][\w-]*$/i, 'is no name, expected letters, digits, _ and -');

const output = z.object({
  file: z
    .string()
    .regex(/^[^/]+$/)
    .describe('What the program calls its file.'),
  type: z.enum(FILE_NAMES).describe('The type of the item that is made of it.'),
  meta: z.record(z.string(), z.string()).default({}).describe('Its metadata; that of a segmentation is made of `labels`.'),
  labels: z
    .record(z.string().regex(/^[1-9]\d*$/), structureId)
    .refine((labels) => Object.keys(labels).every((value, n) => Number(value) === n + 1), {
      error: 'must be for labels 1, 2, 3 … without a gap',
    })
    .optional()
    .describe('Of a label map: which structure each label is, `1: LIVER`. Sets `mod` and `roi`.'),
  optional: z.boolean().default(false).describe('True: the program need not leave it.'),
});

const settings = z.object({
  command: z
    .array(z.string())
    .min(1)
    .describe(
      'The program and its arguments, without a shell: `[python3, "[model]/segment.py", "[image]", "[mask]"]`. [model] is the folder of the model, [i:sid] an attribute of the case, [NAME] the file of an input or output.',
    ),
  inputs: z
    .record(name, query)
    .default({})
    .describe('Which item each input is: a file, or for `dicom` a folder with the files of the series.'),
  outputs: z.record(name, output).default({}).describe('What the program leaves.'),
  environment: z.record(z.string(), z.string()).default({}).describe('Environment variables beside those of the container.'),
  timeout_s: z.number().positive().default(3600).describe('How long it may take for one case.'),
});

const PLACEHOLDER = /\[([^\][]+)\]/g;

/** Works in a folder of its own that is gone afterwards. What it writes to stdout and stderr goes into the log, line by line. */
export class CommandRunner extends CaseModule {
  static readonly does = 'runs a program or script';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs: readonly Kind[];
  override readonly attributes: readonly string[];
  override readonly structures: readonly string[] | undefined;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    const { command, inputs, outputs } = options;
    this.inputs = Object.values(inputs);
    this.outputs = Object.values(outputs).map((one) => ({ type: one.type, meta: metaOf(one) }));
    this.attributes = placeholdersOf(command).flatMap((found) => (found.startsWith('i:') ? [found.slice(2)] : []));
    const labels = Object.values(outputs).flatMap((one) => Object.values(one.labels ?? {}));
    this.structures = labels.length > 0 ? labels : undefined;
  }

  /** Names that nothing stands for, and programs and scripts that are not there, are found before a series is read. */
  override prepare({ folders }: ModuleContext): Promise<void> {
    const { command, inputs, outputs } = this.options;
    const known = ['model', ...Object.keys(inputs), ...Object.keys(outputs)];
    const unknown = placeholdersOf(command).find((found) => !found.startsWith('i:') && !known.includes(found));
    const twice = Object.keys(outputs).find((key) => Object.hasOwn(inputs, key) || key === 'model');
    const [program, ...files] = command.map((word) => word.replaceAll('[model]', folders.modelDir));
    const missing = files.find(
      (file, n) => command[n + 1].startsWith('[model]/') && placeholdersOf([file]).length === 0 && !existsSync(file),
    );
    const fault =
      (unknown !== undefined && `command names [${unknown}], expected ${known.map((one) => `[${one}]`).join(', ')} or [i:…]`) ||
      (twice !== undefined && `"${twice}" is the name of two things`) ||
      (placeholdersOf([program]).length === 0 && !canStart(program) && `the program ${program} is not there or cannot be started`) ||
      (missing !== undefined && `the file ${missing} is not there`);
    return fault === false ? Promise.resolve() : Promise.reject(new AnteroomError('MODEL_INVALID', `CommandRunner: ${fault}`));
  }

  async work(one: Case, { folders, log }: ModuleContext): Promise<void> {
    const { command, inputs, outputs, environment, timeout_s: timeoutS } = this.options;
    await inTempFolder(async (folder) => {
      const places = new Map([['model', resolve(folders.modelDir)]]);
      for (const [key, asked] of Object.entries(inputs)) places.set(key, await laidOut(one.only(asked), join(folder, 'in', key)));
      await mkdir(join(folder, 'out'));
      for (const [key, { file }] of Object.entries(outputs)) places.set(key, join(folder, 'out', file));
      const filled = command.map((word) => word.replaceAll(PLACEHOLDER, (whole, found: string) => filledIn(found, places, one) ?? whole));
      await runProgram({
        command: filled as [string, ...string[]],
        folder: join(folder, 'out'),
        environment,
        timeoutS,
        line: (text, from) => {
          log('NOTICE', `${from}: ${text}`);
        },
      });
      for (const [key, made] of Object.entries(outputs)) await take(one, made, places.get(key) ?? '');
    });
  }
}

function placeholdersOf(words: readonly string[]): string[] {
  return words.flatMap((word) => [...word.matchAll(PLACEHOLDER)].map(([, found]) => found));
}

function filledIn(found: string, places: ReadonlyMap<string, string>, one: Case): string | undefined {
  return found.startsWith('i:') ? one.attributes[found.slice(2)] : places.get(found);
}

/** An item as a file, or a folder of files, in a folder of its own. */
async function laidOut(item: Item, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  if (item.type === 'dicom') {
    await Promise.all(item.value.paths.map((path, n) => symlink(resolve(path), join(folder, `${String(n + 1).padStart(5, '0')}.dcm`))));
    return folder;
  }
  const [file, bytes] =
    item.type === 'segmentation'
      ? [`${item.name}.nii.gz`, await encodeNifti(item.value.labelMap.grid, item.value.labelMap.labels)]
      : [basename(item.name), item.value];
  await writeFile(join(folder, file), bytes);
  return join(folder, file);
}

async function take(one: Case, made: z.output<typeof output>, path: string): Promise<void> {
  if (!existsSync(path)) {
    if (made.optional) return;
    throw new AnteroomError('PROGRAM_FAILED', `the program ended with exit code 0 without its file ${made.file}`);
  }
  one.add(made.type, await readFile(path), { meta: metaOf(made), name: made.file });
}

/** `roi` lists the structures of label values 1 to n, as MHub has it. */
function metaOf({ meta, labels }: z.output<typeof output>): Meta {
  if (labels === undefined) return meta;
  return { ...segmentationMeta(Object.entries(labels).map(([value, id]) => ({ value: Number(value), id }))), ...meta };
}
