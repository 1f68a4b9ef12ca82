/** Finds data in fixed sub-folders of the input, for models that take several series. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TAG } from '../../dicom/element/tags.js';
import { AnteroomError } from '../../foundation/errors.js';
import { parseStructure } from '../folder-structure.js';
import type { Structure } from '../folder-structure.js';
import type { DataName, Meta } from '../items.js';
import { Case, ImportModule } from '../module.js';
import type { ModuleContext } from '../module.js';
import type { Kind } from '../query.js';
import { filesUnder, readInstance, seriesOf } from '../series.js';
import type { DicomFile } from '../series.js';

const structure = z.string().transform((text, context): Structure => {
  const parsed = parseStructure(text);
  if (typeof parsed !== 'string') return parsed;
  context.issues.push({ code: 'custom', message: parsed, input: text });
  return z.NEVER;
});

const unused = z.unknown().optional().describe("Of MHub's workflow files; without a meaning here, as nothing is copied.");

const BY_FOLDER = '_instance';

const settings = z
  .object({
    structures: z.array(structure).min(1).describe('What lies where: `$patientID@instance/ct@dicom:mod=ct`, `$patientID/pt@dicom:mod=pt`.'),
    import_id: z
      .string()
      .regex(/^[\w-]+(\/[\w-]+)*$/)
      .default(BY_FOLDER)
      .describe('The keys that tell cases apart, `patientID` or `patientID/studyID`; by default each folder with @instance is one.'),
    excludes: z.array(z.string()).default([]).describe('Folders below the input that are not looked into.'),
    input_dir: unused,
    instance_dir: unused,
    outsource_instances: unused,
  })
  .superRefine(({ structures, import_id: id }, context) => {
    if (structures.every(({ caseAt }) => caseAt === undefined))
      context.addIssue({ code: 'custom', path: ['structures'], message: 'no structure has @instance: there would be no case' });
    for (const key of id === BY_FOLDER ? [] : id.split('/')) {
      const without = structures.find(({ parts, caseKeys }) => !caseKeys.includes(key) && !parts.some(({ keys }) => keys.includes(key)));
      if (without !== undefined)
        context.addIssue({ code: 'custom', path: ['import_id'], message: `names ${key}, which "${without.text}" does not give` });
    }
    if (id === BY_FOLDER && structures.some(({ caseAt }) => caseAt === undefined))
      context.addIssue({ code: 'custom', path: ['import_id'], message: 'must say which case the structures without @instance belong to' });
  });

/** What one structure found: the values along its path, the case that it belongs to, and its data. */
interface Find {
  readonly structure: Structure;
  readonly captured: Meta;
  readonly caseAttributes: Meta;
  /** The folder with `@instance`, where the structure has one. */
  readonly casePath?: string;
  readonly data: readonly { readonly path: string; readonly type: DataName; readonly meta: Meta }[];
}

/** A folder marked as `@dicom` holds one series. A case that lacks some of its data fails in the first module that asks for it. */
export class FileStructureImporter extends ImportModule {
  static readonly does = 'finds data in fixed sub-folders of the input';
  static readonly settings = settings;
  readonly outputs: readonly Kind[];
  override readonly attributes: readonly string[];
  readonly #structures: readonly Structure[];

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.#structures = options.structures;
    this.outputs = this.#structures.flatMap(({ parts }) => parts.flatMap((_, n) => kindAt(parts.slice(0, n + 1))));
    const keys = this.#structures.filter(({ caseAt }) => caseAt !== undefined).map(({ caseKeys }) => caseKeys);
    this.attributes = (keys[0] ?? []).filter((key) => keys.every((some) => some.includes(key)));
  }

  async findCases({ folders, log }: ModuleContext): Promise<Case[]> {
    const excluded = this.options.excludes.map((path) => join(folders.inputDir, path));
    const finds: Find[] = [];
    for (const one of this.#structures) finds.push(...(await follow(one, folders.inputDir, excluded)));
    const cases = new Map<string, Case>();
    for (const find of finds) {
      if (find.casePath === undefined) continue;
      const id = this.#idOf(find, find.casePath);
      if (!cases.has(id)) cases.set(id, new Case(id, find.caseAttributes));
    }
    for (const find of finds) {
      const one = cases.get(this.#idOf(find, find.casePath ?? ''));
      if (one === undefined) log('WARNING', `${find.structure.text} found data of no case`);
      else for (const data of find.data) await addTo(one, data, find);
    }
    if (cases.size === 0) {
      const expected = this.#structures.map(({ text }) => text).join(', ');
      throw new AnteroomError('MODEL_INPUT_MISSING', `the input has no folders such as ${expected}`);
    }
    log('NOTICE', [...cases.values()].map((one) => `${one.sid}: ${one.items.map(({ type }) => type).join(', ')}`).join('; '));
    return [...cases.values()];
  }

  /** What tells a case from others: the values of `import_id`, or its folder. */
  #idOf({ captured, caseAttributes }: Find, casePath: string): string {
    if (this.options.import_id === BY_FOLDER) return casePath;
    const values: Meta = { ...captured, ...caseAttributes };
    return this.options.import_id
      .split('/')
      .map((key) => values[key])
      .join('/');
  }
}

/** The data that the last part of a path stands for. */
function kindAt(path: Structure['parts']): Kind[] {
  const data = path.at(-1)?.data;
  if (data === undefined) return [];
  const captured = Object.fromEntries(path.flatMap(({ keys }) => keys).map((key): [string, null] => [key, null]));
  return [{ type: data.type, meta: { ...captured, ...data.meta } }];
}

/** All places in the input that fit a structure, in the order of their names. */
async function follow(structure: Structure, inputDir: string, excluded: readonly string[]): Promise<Find[]> {
  let open: { readonly path: string; readonly find: Find }[] = [
    { path: inputDir, find: { structure, captured: {}, caseAttributes: {}, data: [] } },
  ];
  for (const [n, part] of structure.parts.entries()) {
    const next: typeof open = [];
    for (const { path, find } of open) {
      const wanted = part.data === undefined || part.data.type === 'dicom' ? 'folders' : 'files';
      for (const name of await namesIn(path, wanted)) {
        const [place, fitted] = [join(path, name), part.fits(name)];
        if (fitted === undefined || excluded.includes(place)) continue;
        const captured = { ...find.captured, ...fitted };
        const data = part.data === undefined ? [] : [{ path: place, type: part.data.type, meta: { ...captured, ...part.data.meta } }];
        next.push({
          path: place,
          find: {
            ...find,
            captured,
            caseAttributes: n === structure.caseAt ? { ...captured, ...part.caseAttributes } : find.caseAttributes,
            ...(n === structure.caseAt ? { casePath: place.slice(inputDir.length + 1) } : {}),
            data: [...find.data, ...data],
          },
        });
      }
    }
    open = next;
  }
  return open.map(({ find }) => find);
}

async function namesIn(folder: string, wanted: 'folders' | 'files'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    throw new AnteroomError('FILE_UNREADABLE', `the folder ${folder}`, { cause: thrown });
  });
  return entries
    .filter((entry) => (wanted === 'folders' ? entry.isDirectory() : entry.isFile()))
    .map(({ name }) => name)
    .sort();
}

async function addTo(one: Case, { path, type, meta }: Find['data'][number], { structure }: Find): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (type === 'segmentation')
    throw new AnteroomError('MODEL_INVALID', `"${structure.text}": a segmentation is no file, expected such as @nifti`);
  if (type !== 'dicom') {
    one.add(type, await readFile(path), { meta, name });
    return;
  }
  one.add(type, await oneSeries(path), { meta, name });
}

/** The one series in a folder. */
async function oneSeries(folder: string): Promise<ReturnType<typeof seriesOf>> {
  const series = new Map<string, DicomFile[]>();
  for (const path of await filesUnder(folder)) {
    const instance = await readInstance(path);
    const sid = instance?.dataset.uid(TAG.SeriesInstanceUID) ?? '';
    if (instance !== undefined) series.set(sid, [...(series.get(sid) ?? []), { path, instance }]);
  }
  const [first] = series;
  if (series.size !== 1)
    throw new AnteroomError('MODEL_INPUT_MISSING', `${series.size} DICOM series in the folder ${folder}, expected one`);
  return seriesOf(...first);
}
