/** The cases of a comparison, made ready one by one: which images they are of, and where their truth is. */
import { readFileSync } from 'node:fs';
import type { FoundCase, FoundSeries, StudySearch } from '../api/evaluation-cases.js';
import { parseInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import type { Cohort, CohortEntry } from '../evaluation/cohort/load-cohort.js';
import { filesAt, type ReadyFiles } from '../evaluation/comparison/ready-files.js';
import { AnteroomError } from '../foundation/errors.js';
import { dicomFilesUnder } from './send.js';

type NamedEntry = Exclude<CohortEntry, { query: unknown }>;

/** A case of which nothing has been looked at yet. */
export interface PlannedCase {
  readonly name: string;
  /** What the cohort says of it. */
  readonly source: string;
  readonly entry: NamedEntry;
}

/** A case whose images are known. */
export interface ReadyCase {
  readonly name: string;
  readonly patientId: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid?: string;
  /** Paths of its images, where they are known. */
  readonly images: readonly string[];
  /** True where the node has not got them. */
  readonly toCopy: boolean;
}

/** Series of objects that are made of images are none to run a model on. */
const NO_IMAGES: readonly string[] = ['SEG', 'SR', 'RTSTRUCT', 'RTPLAN', 'RTDOSE', 'PR', 'KO', 'REG', 'DOC'];

/** Asks the node; see `api/evaluation-cases.ts`. */
export type Search = (query: StudySearch) => Promise<FoundCase[]>;

/** The cases of a cohort with those that its queries find, each once. */
export async function plannedCases({ cases }: Cohort, search: Search): Promise<PlannedCase[]> {
  const planned = new Map<string, PlannedCase>();
  for (const entry of cases) {
    const entries = 'query' in entry ? (await search(entry.query)).map((found) => entryOf(found, entry.query.modality)) : [entry];
    for (const one of entries) if (!planned.has(one.name)) planned.set(one.name, { name: one.name, source: sourceOf(one), entry: one });
  }
  return [...planned.values()];
}

function entryOf({ studyInstanceUid, series }: FoundCase, modality: string | undefined): NamedEntry {
  const only = modality !== undefined && series.length === 1 ? { seriesInstanceUid: series[0].seriesInstanceUid } : {};
  return { name: studyInstanceUid, source: { studyInstanceUid }, ...only };
}

function sourceOf({ source, seriesInstanceUid, truth }: NamedEntry): string {
  return JSON.stringify({ ...source, seriesInstanceUid, truth });
}

/**
 * The images of a case. With `search` undefined no model is going to run: then a study need not be known to anybody.
 * @throws AnteroomError NOT_FOUND, DICOM_NOT_P10, USAGE where it is not clear which series is meant
 */
export async function readyCase({ name, entry }: PlannedCase, search: Search | undefined): Promise<ReadyCase> {
  const { source, seriesInstanceUid } = entry;
  if ('folder' in source) return ofFolder(name, source.folder, seriesInstanceUid);
  const { studyInstanceUid } = source;
  if (search === undefined) return namedCase({ name, entry });
  const [found] = await search({ studyInstanceUid });
  if (found === undefined) throw new AnteroomError('NOT_FOUND', `a settled study ${studyInstanceUid} in the archive of the node`);
  const chosen = oneSeries(found.series, seriesInstanceUid);
  return {
    name,
    patientId: found.patientId,
    studyInstanceUid,
    seriesInstanceUid: chosen.seriesInstanceUid,
    images: chosen.files,
    toCopy: false,
  };
}

/** What the cohort alone says of a case: enough to find its truth and results that are ready. */
export function namedCase({ name, entry: { source, seriesInstanceUid } }: Pick<PlannedCase, 'name' | 'entry'>): ReadyCase {
  const studyInstanceUid = 'folder' in source ? '' : source.studyInstanceUid;
  return {
    name,
    patientId: '',
    studyInstanceUid,
    images: [],
    toCopy: false,
    ...(seriesInstanceUid === undefined ? {} : { seriesInstanceUid }),
  };
}

interface SeriesOnDisk extends Omit<FoundSeries, 'refusals'> {
  readonly studyInstanceUid: string;
  readonly patientId: string;
}

function ofFolder(name: string, folder: string, wanted: string | undefined): ReadyCase {
  const series = new Map<string, SeriesOnDisk & { files: string[] }>();
  for (const file of dicomFilesUnder(folder)) {
    const { dataset } = parseInstance(readFileSync(file), { stopAtPixelData: true });
    const uid = dataset.uid(TAG.SeriesInstanceUID) ?? '';
    const known = series.get(uid);
    if (known !== undefined) known.files.push(file);
    else
      series.set(uid, {
        seriesInstanceUid: uid,
        studyInstanceUid: dataset.uid(TAG.StudyInstanceUID) ?? '',
        patientId: dataset.text(TAG.PatientID) ?? '',
        modality: dataset.text(TAG.Modality) ?? '',
        description: dataset.text(TAG.SeriesDescription) ?? '',
        instances: 0,
        files: [file],
      });
  }
  const all = [...series.values()].map((one) => ({ ...one, instances: one.files.length }));
  if (all.length === 0) throw new AnteroomError('DICOM_NOT_P10', `there is no DICOM file in ${folder}`);
  const { patientId, studyInstanceUid, seriesInstanceUid, files } = oneSeries(all, wanted);
  return { name, patientId, studyInstanceUid, seriesInstanceUid, images: files, toCopy: true };
}

/** The series that is named; else the only one with images, of those that every model takes by its card where there are several. */
function oneSeries<T extends Omit<FoundSeries, 'refusals'> & { readonly refusals?: readonly string[] }>(
  all: readonly T[],
  wanted: string | undefined,
): T {
  const named = all.find(({ seriesInstanceUid }) => seriesInstanceUid === wanted);
  if (named !== undefined) return named;
  const images = all.filter(({ modality }) => !NO_IMAGES.includes(modality));
  const taken = images.filter(({ refusals = [] }) => refusals.length === 0);
  const [only, ...others] = images.length > 1 && taken.length > 0 ? taken : images;
  if (only !== undefined && others.length === 0 && wanted === undefined) return only;
  const seen = all.map(
    ({ seriesInstanceUid, modality, description, instances, refusals = [] }) =>
      `${seriesInstanceUid} (${[modality, description, `${instances} instances`, ...refusals].filter((part) => part !== '').join(', ')})`,
  );
  const expected = wanted === undefined ? 'one, or one to be named by `series`' : `series ${wanted}`;
  throw new AnteroomError('USAGE', `the case has ${all.length} series: ${seen.join('; ')}; expected ${expected}`);
}

/** The truth of a case: as the cohort names it, else what the folder of truths has of it. */
export async function truthOf({ entry }: PlannedCase, one: ReadyCase, truths: ReadyFiles | undefined): Promise<string[]> {
  if (entry.truth !== undefined) return filesAt(entry.truth);
  return (await truths?.of({ caseName: one.name, ...one })) ?? [];
}
