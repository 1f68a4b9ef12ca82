/** The studies of the test data as the node would hold them, and what a person who knows DICOM decided on each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import type { Header } from '../../src/dicom/header.js';
import type { FactsInput } from '../../src/routing/facts.js';
import { RULES, type Expectation, type RuleName } from './labelled-studies.js';

/** Every folder of the test data that holds DICOM. */
export const REAL_FOLDERS = [
  'charset',
  'ct-abdomen-totalseg',
  'ct-chest-a0001',
  'ct-chest-a0002',
  'ct-head-phantom-multiseries',
  'enhanced-multiframe',
  'mr-brain-t1-forrest',
  'pet-seg-qin0024',
  'planar-us-rt',
  'quirks-dicom2nifti',
  'seg-samples',
] as const;

interface Stored {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly header: Header;
}

/** The studies below some folders: all that parses and has its UIDs. An object that lies there twice is one instance. */
export function realStudies(...folders: readonly string[]): FactsInput[] {
  const instances = new Map(folders.flatMap(storedUnder).map((instance) => [instance.sopInstanceUid, instance]));
  return [...groupBy([...instances.values()], (instance) => instance.studyInstanceUid)].map(([studyInstanceUid, members]) => ({
    studyInstanceUid,
    series: [...groupBy(members, (instance) => instance.seriesInstanceUid)].map(([seriesInstanceUid, ofSeries]) => ({
      seriesInstanceUid,
      instances: ofSeries,
    })),
  }));
}

function storedUnder(folder: string): Stored[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => storedFrom(join(entry.parentPath, entry.name)));
}

/** Nothing where the node would refuse the file. */
function storedFrom(file: string): Stored[] {
  try {
    const { dataset } = parseInstance(readFileSync(file), { stopAtPixelData: true });
    const [studyInstanceUid, seriesInstanceUid, sopInstanceUid] = [TAG.StudyInstanceUID, TAG.SeriesInstanceUID, TAG.SOPInstanceUID].map(
      (tag) => dataset.uid(tag),
    );
    if (!studyInstanceUid || !seriesInstanceUid || !sopInstanceUid) return [];
    return [{ studyInstanceUid, seriesInstanceUid, sopInstanceUid, header: toHeader(dataset) }];
  } catch {
    return [];
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

export interface RealLabel {
  readonly studyInstanceUid: string;
  /** Where in the test data the study lies. */
  readonly folders: string;
  readonly expected: Readonly<Record<RuleName, Expectation>>;
  readonly why: string;
}

/** The labels in test/integration/routing-real-data.labels.txt, which were written before the rules. */
export function realLabels(): RealLabel[] {
  const lines = readFileSync('test/integration/routing-real-data.labels.txt', 'utf8').trimEnd().split('\n');
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [folders = '', studyInstanceUid = '', ...rest] = line.split(' | ');
      const expected = Object.fromEntries(RULES.map((rule, index) => [rule, rest[index]])) as Record<RuleName, Expectation>;
      return { folders, studyInstanceUid, expected, why: rest[RULES.length] ?? '' };
    });
}
