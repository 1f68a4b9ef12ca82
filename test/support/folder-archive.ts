/** An ArchivePort over files in a folder, indexed in memory: the smallest archive that the DICOMweb face can stand before. */
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import type { ArchivePort, StoreContext, StoredInstance, StoredSeries } from '../../src/dicomweb/server/port.js';
import type { LevelIds } from '../../src/dicomweb/ids.js';
import { AnteroomError } from '../../src/foundation/errors.js';
import { isUid } from '../../src/foundation/ids.js';

export class FolderArchive implements ArchivePort {
  readonly instancesByUid = new Map<string, StoredInstance>();
  /** Set to refuse everything for want of space. */
  full = false;
  private received = 0;

  constructor(private readonly folder: string) {}

  add(path: string): StoredInstance {
    const bytes = readFileSync(path);
    const { dataset, transferSyntaxUid } = parseInstance(bytes, { stopAtPixelData: true });
    const uid = (tag: number): string => dataset.uid(tag) ?? '';
    const instance: StoredInstance = {
      studyInstanceUid: uid(TAG.StudyInstanceUID),
      seriesInstanceUid: uid(TAG.SeriesInstanceUID),
      sopInstanceUid: uid(TAG.SOPInstanceUID),
      sopClassUid: uid(TAG.SOPClassUID),
      transferSyntaxUid,
      path,
      sizeBytes: bytes.length,
      header: toHeader(dataset),
    };
    if (![instance.studyInstanceUid, instance.seriesInstanceUid, instance.sopInstanceUid].every(isUid))
      throw new AnteroomError('DICOM_UID_MISSING', 'a UID is empty');
    this.instancesByUid.set(instance.sopInstanceUid, instance);
    return instance;
  }

  *series(studyInstanceUids?: readonly string[]): Generator<StoredSeries> {
    const groups = new Map<string, StoredInstance[]>();
    for (const instance of this.instances({ studyInstanceUid: '' }, true)) {
      if (studyInstanceUids !== undefined && !studyInstanceUids.includes(instance.studyInstanceUid)) continue;
      const key = `${instance.studyInstanceUid}/${instance.seriesInstanceUid}`;
      groups.set(key, [...(groups.get(key) ?? []), instance]);
    }
    for (const key of [...groups.keys()].sort()) {
      const instances = groups.get(key) ?? [];
      const [first] = instances;
      if (first !== undefined)
        yield {
          studyInstanceUid: first.studyInstanceUid,
          seriesInstanceUid: first.seriesInstanceUid,
          instanceCount: instances.length,
          header: first.header,
        };
    }
  }

  instances(ids: LevelIds, all = false): readonly StoredInstance[] {
    return [...this.instancesByUid.values()].filter(
      (instance) =>
        all ||
        (instance.studyInstanceUid === ids.studyInstanceUid &&
          (ids.seriesInstanceUid ?? instance.seriesInstanceUid) === instance.seriesInstanceUid &&
          (ids.sopInstanceUid ?? instance.sopInstanceUid) === instance.sopInstanceUid),
    );
  }

  async store(bytes: Readable, context: StoreContext): Promise<StoredInstance> {
    // Refused before a byte is read, as a full disk is.
    if (this.full) throw new AnteroomError('DISK_LOW', 'no room');
    const path = join(this.folder, `received-${String(++this.received)}.dcm`);
    try {
      await pipeline(bytes, createWriteStream(path));
      const instance = this.add(path);
      if (context.studyInstanceUid !== undefined && instance.studyInstanceUid !== context.studyInstanceUid) {
        this.instancesByUid.delete(instance.sopInstanceUid);
        throw new AnteroomError('DICOM_UID_MISMATCH', 'another study');
      }
      return instance;
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }
}
