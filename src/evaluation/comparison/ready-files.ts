/** Segmentations and structure sets in a folder, found by the case that they are of: expert truth, or results that are ready. */
import { existsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow } from '../../archive/walk.js';
import { parseInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { SOP_CLASS } from '../../dicom/element/uids.js';
import { SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import { AnteroomError } from '../../foundation/errors.js';

/** All that says what an object is about comes before its pixels; what does not fit is read no further. */
const HEAD_BYTES = 256 * 1024;

const READ: readonly string[] = [...SEGMENTATION_SOP_CLASSES, SOP_CLASS.RTStructureSetStorage];

interface ReadyFile {
  readonly path: string;
  readonly series: readonly string[];
}

/** The segmentations of a folder. */
export class ReadyFiles {
  private constructor(
    private readonly folder: string,
    private readonly byStudy: ReadonlyMap<string, readonly ReadyFile[]>,
  ) {}

  /** Looks through a folder and those in it; files of other kinds are passed over. @throws AnteroomError FILE_UNREADABLE */
  static async in(folder: string): Promise<ReadyFiles> {
    const byStudy = new Map<string, ReadyFile[]>();
    for (const path of await filesAt(folder)) {
      const found = await segmentationIn(path);
      if (found !== undefined) byStudy.set(found.study, [...(byStudy.get(found.study) ?? []), { path, series: found.series }]);
    }
    return new ReadyFiles(folder, byStudy);
  }

  /**
   * The files of a case: `CASE.dcm` or what lies in the folder `CASE`, else the segmentations of its study, and of those the ones of its series where
   * there are some.
   */
  async of(one: {
    readonly caseName: string;
    readonly studyInstanceUid: string;
    readonly seriesInstanceUid?: string | undefined;
  }): Promise<string[]> {
    const named = [join(this.folder, `${one.caseName}.dcm`), join(this.folder, one.caseName)].find((path) => existsSync(path));
    if (named !== undefined) return filesAt(named);
    const ofStudy = this.byStudy.get(one.studyInstanceUid) ?? [];
    const ofSeries = ofStudy.filter(({ series }) => one.seriesInstanceUid !== undefined && series.includes(one.seriesInstanceUid));
    return (ofSeries.length > 0 ? ofSeries : ofStudy).map(({ path }) => path);
  }
}

/** A file, or all files of a folder and those in it, in the order of their names. @throws AnteroomError FILE_UNREADABLE */
export async function filesAt(path: string): Promise<string[]> {
  if (!existsSync(path)) throw new AnteroomError('FILE_UNREADABLE', `${path} is not there`);
  if (!statSync(path).isDirectory()) return [path];
  const files: string[] = [];
  for await (const file of filesBelow(path)) files.push(file);
  return files.sort();
}

async function segmentationIn(path: string): Promise<{ study: string; series: string[] } | undefined> {
  const head = await headOf(path);
  if (head.toString('latin1', 128, 132) !== 'DICM') return undefined;
  const { dataset } = parseInstance(head, { truncated: true, stopAtPixelData: true });
  if (!READ.includes(dataset.uid(TAG.SOPClassUID) ?? '')) return undefined;
  const ofContours = dataset
    .items(TAG.ReferencedFrameOfReferenceSequence)
    .flatMap((frame) => frame.items(TAG.RTReferencedStudySequence))
    .flatMap((study) => study.items(TAG.RTReferencedSeriesSequence));
  const series = [...dataset.items(TAG.ReferencedSeriesSequence), ...ofContours].map((item) => item.uid(TAG.SeriesInstanceUID) ?? '');
  return { study: dataset.uid(TAG.StudyInstanceUID) ?? '', series };
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEAD_BYTES), position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
