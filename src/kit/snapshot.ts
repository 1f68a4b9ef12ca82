/**
 * What the cases hold after a step, in a folder: to look at, and to go on from (`--debug-dir`, `--start-at`). Files lie there as they are,
 * label maps as NRRD; a DICOM series is named by its files, which must still be where they were.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readNrrd } from '../dicom/label-map/nrrd.js';
import type { Grid } from '../dicom/geometry/grid.js';
import { AnteroomError } from '../foundation/errors.js';
import { Case } from './case.js';
import { DATA_NAMES } from './items.js';
import type { DataName, Item, Segmentation } from './items.js';
import { encodeNrrd } from './nrrd.js';
import { readInstance, seriesOf } from './series.js';
import type { DicomFile } from './series.js';

const meta = z.record(z.string(), z.string());

const itemSchema = z.object({
  type: z.enum(DATA_NAMES as unknown as [DataName, ...DataName[]]),
  meta,
  name: z.string(),
  /** In the folder of the step. */
  file: z.string().optional(),
  paths: z.array(z.string()).optional(),
  seriesInstanceUid: z.string().optional(),
  /** Of a segmentation: everything but its labels. */
  grid: z.custom<Grid>().optional(),
  shows: z.custom<Omit<Segmentation, 'labelMap'>>().optional(),
});

const snapshotSchema = z.array(z.object({ sid: z.string(), attributes: meta, items: z.array(itemSchema) }));

type KeptItem = z.output<typeof itemSchema>;

const INDEX = 'cases.json';

/** Writes the cases into a folder that is made anew. */
export async function keepCases(cases: readonly Case[], folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kept: z.output<typeof snapshotSchema> = [];
  for (const [n, { sid, attributes, items }] of cases.entries()) {
    const own: KeptItem[] = [];
    for (const [m, item] of items.entries()) own.push(await keepItem(item, folder, `${n + 1}-${m + 1}`));
    kept.push({ sid, attributes, items: own });
  }
  await writeFile(join(folder, INDEX), `${JSON.stringify(kept, null, 1)}\n`);
}

async function keepItem(item: Item, folder: string, number: string): Promise<KeptItem> {
  const { type, meta: known, name } = item;
  const common = { type, meta: known, name };
  if (item.type === 'dicom') return { ...common, paths: [...item.value.paths], seriesInstanceUid: item.value.seriesInstanceUid };
  const [ending, bytes] = item.type === 'segmentation' ? ['.nrrd', encodeNrrd(item.value.labelMap)] : ['', item.value];
  const file = `${number}-${basename(name)}${ending}`;
  await writeFile(join(folder, file), bytes);
  if (item.type !== 'segmentation') return { ...common, file };
  const { labelMap, ...shows } = item.value;
  return { ...common, file, grid: labelMap.grid, shows };
}

/**
 * Reads the cases again.
 * @throws AnteroomError NOT_FOUND where the folder has none
 */
export async function keptCases(folder: string): Promise<Case[]> {
  const text = await readFile(join(folder, INDEX), 'utf8').catch((cause: unknown) => {
    throw new AnteroomError('NOT_FOUND', `${join(folder, INDEX)}; run once with --debug-dir to have it`, { cause });
  });
  const kept = snapshotSchema.parse(JSON.parse(text));
  return Promise.all(
    kept.map(async ({ sid, attributes, items }) => {
      const one = new Case(sid, attributes);
      for (const item of items) one.add(item.type, await valueOf(item, folder), { meta: item.meta, name: item.name });
      return one;
    }),
  );
}

async function valueOf({ type, file = '', paths = [], seriesInstanceUid = '', grid, shows }: KeptItem, folder: string) {
  if (type === 'dicom') {
    const files = await Promise.all(paths.map(async (path): Promise<DicomFile> => ({ path, instance: await instanceAt(path) })));
    return seriesOf(seriesInstanceUid, files);
  }
  const bytes = await readFile(join(folder, file));
  if (grid === undefined || shows === undefined) return bytes;
  const { labels } = await readNrrd(bytes);
  return { labelMap: { grid, labels }, ...shows } satisfies Segmentation;
}

async function instanceAt(path: string): Promise<DicomFile['instance']> {
  const instance = await readInstance(path);
  if (instance === undefined) throw new AnteroomError('DICOM_NOT_P10', path);
  return instance;
}
