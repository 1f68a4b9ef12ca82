/** DICOM files as series. Damaged DICOM is refused, never left out: a slice would be missing. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseInstance } from '../dicom/element/parse.js';
import type { ParsedInstance } from '../dicom/element/parse.js';
import { tagOf } from '../dicom/element/tags.js';
import type { Volume } from '../dicom/geometry/grid.js';
import { assembleVolume } from '../dicom/geometry/volume.js';
import { AnteroomError } from '../foundation/errors.js';
import type { DicomSeries, Meta } from './items.js';

export interface DicomFile {
  readonly path: string;
  readonly instance: ParsedInstance;
}

/** Files of one series as an item's value. */
export function seriesOf(seriesInstanceUid: string, files: readonly DicomFile[]): DicomSeries {
  const instances = files.map(({ instance }) => instance);
  let volume: Promise<Volume> | undefined;
  return {
    seriesInstanceUid,
    paths: files.map(({ path }) => path),
    instances,
    volume: () => (volume ??= assembleVolume(instances)),
  };
}

/** All files below a folder, sorted by path. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((thrown: unknown) => {
    throw new AnteroomError('FILE_UNREADABLE', `the folder ${folder}`, { cause: thrown });
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A parsed file; undefined where it is none of DICOM. */
export async function readInstance(path: string): Promise<ParsedInstance | undefined> {
  const bytes = await readFile(path);
  try {
    return parseInstance(bytes);
  } catch (thrown) {
    if (thrown instanceof AnteroomError && thrown.code === 'DICOM_NOT_P10') return undefined;
    throw thrown;
  }
}

/**
 * Metadata as MHub's importers take it: `%Modality` is that attribute of the first file, anything else is meant as it is written. An
 * attribute that the file lacks gives no metadata.
 */
export function metaOf(wanted: Readonly<Record<string, string>>, { dataset }: ParsedInstance): Meta {
  const entries = Object.entries(wanted).flatMap(([key, value]): [string, string][] => {
    const tag = attributeTag(value);
    const read = tag === undefined ? value : dataset.text(tag);
    return read === undefined ? [] : [[key, read]];
  });
  return Object.fromEntries(entries);
}

/** The tag that `%Keyword` names; undefined for other texts and unknown keywords. */
export function attributeTag(value: string): number | undefined {
  return value.startsWith('%') ? tagOf(value.slice(1)) : undefined;
}
