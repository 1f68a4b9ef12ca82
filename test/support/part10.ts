/** Part 10 files of a folder, with the UIDs that tests name them by. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';

export interface Part10File {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Every file below the folder that parses as Part 10, by path. */
export function part10Files(folder: string): Part10File[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const paths = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return paths.map(part10File).filter((file) => file !== undefined);
}

function part10File(path: string): Part10File | undefined {
  try {
    const bytes = readFileSync(path);
    const { dataset, transferSyntaxUid } = parseInstance(bytes, { stopAtPixelData: true });
    const uid = (tag: number): string => dataset.uid(tag) ?? '';
    return {
      path,
      sizeBytes: bytes.length,
      sopClassUid: uid(TAG.SOPClassUID),
      sopInstanceUid: uid(TAG.SOPInstanceUID),
      seriesInstanceUid: uid(TAG.SeriesInstanceUID),
      studyInstanceUid: uid(TAG.StudyInstanceUID),
      transferSyntaxUid,
    };
  } catch {
    return undefined;
  }
}
