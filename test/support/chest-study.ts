/** Small chest studies that no scanner made, on disk and on their way to a node. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { chestPhantom, type ChestPhantom, type ChestPhantomOptions } from '../../src/dicom/phantom/chest.js';
import { masksOfLabels } from '../../src/dicom/seg/mask.js';
import type { SegSource } from '../../src/dicom/seg/input.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { storeFiles } from '../../src/dimse/scu.js';
import type { TestNode } from './node.js';
import { segInput, segmentOf, sourceOfFolder } from './seg.js';
import { tempFolder } from './temp.js';

/** Coarse, so that it is made, sent and segmented quickly. */
const SPACING_MM = [4, 4, 8] as const;

export interface ChestStudy {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly phantom: ChestPhantom;
}

/** Writes a study of one CT series; the same name gives the same UIDs. */
export function makeChestStudy(name: string, options: ChestPhantomOptions = {}): ChestStudy {
  const folder = tempFolder('chest-study');
  const phantom = chestPhantom({ spacingMm: SPACING_MM, name, ...options });
  const files = phantom.files.map(({ name: file, bytes }) => {
    const path = join(folder, file);
    writeFileSync(path, bytes);
    return path;
  });
  const { dataset } = parseInstance(phantom.files[0].bytes);
  const uid = (tag: number) => dataset.uid(tag) as string;
  return { studyInstanceUid: uid(TAG.StudyInstanceUID), seriesInstanceUid: uid(TAG.SeriesInstanceUID), folder, files, phantom };
}

/** Sends files by C-STORE; fails unless each one is answered with success. */
export async function sendTo(node: Pick<TestNode, 'dicomPort'>, files: readonly string[]): Promise<void> {
  const peer = { host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'SCANNER' };
  const refused = (await storeFiles(peer, files)).filter(({ error }) => error !== undefined);
  if (refused.length > 0) throw new Error(`${refused.length} of ${files.length} instances were refused: ${String(refused[0].error)}`);
}

/** The truth about both lungs as a DICOM-SEG, such as a good model leaves; `change` makes it another one's or puts it elsewhere. */
export function lungsSeg(
  study: ChestStudy,
  change: (source: SegSource) => SegSource = (source) => source,
  [rightAs, leftAs] = ['RIGHT_LUNG', 'LEFT_LUNG'],
): Uint8Array {
  const [right, left] = masksOfLabels(study.phantom.truth, [1, 2]);
  return writeSeg(segInput(change(sourceOfFolder(study.folder)), [segmentOf(rightAs, right), segmentOf(leftAs, left)])).bytes;
}
