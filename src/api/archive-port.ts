/** The node's archive behind its DICOMweb face. */
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ArchivePort, StoreContext, StoredInstance, StoredSeries } from '../dicomweb/server/port.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from '../ledger/database.js';
import { currentInstances, headerOf, storedSeries } from '../ledger/instances.js';
import type { InstanceFacts } from '../intake/inspect.js';

/** Takes an object through the node's door; see `intake/part10-door.ts`. `check` refuses it before it is kept. */
export type StoreThroughDoor = (bytes: Readable, remoteAddress: string, check: (facts: InstanceFacts) => void) => Promise<InstanceFacts>;

/** The archive as the DICOMweb face wants it: rows from the ledger, files from the archive, stores through the node's door. */
export function archivePort(db: Db, archiveFolder: string, store: StoreThroughDoor): ArchivePort {
  return {
    *series(studyInstanceUids): Generator<StoredSeries> {
      for (const row of storedSeries(db, studyInstanceUids)) {
        yield {
          studyInstanceUid: row.study_instance_uid,
          seriesInstanceUid: row.series_instance_uid,
          instanceCount: row.instance_count,
          header: headerOf(row),
        };
      }
    },
    instances: (ids) =>
      currentInstances(db, ids).map((row): StoredInstance => ({
        studyInstanceUid: row.study_instance_uid,
        seriesInstanceUid: row.series_instance_uid,
        sopInstanceUid: row.sop_instance_uid,
        sopClassUid: row.sop_class_uid,
        transferSyntaxUid: row.transfer_syntax_uid,
        path: join(archiveFolder, row.path),
        sizeBytes: row.size_bytes,
        header: headerOf(row),
      })),
    store: (bytes, context) => store(bytes, context.remoteAddress, (facts) => demandStudy(facts, context)),
  };
}

function demandStudy(facts: InstanceFacts, { studyInstanceUid }: StoreContext): void {
  if (studyInstanceUid === undefined || facts.studyInstanceUid === studyInstanceUid) return;
  throw new AnteroomError('DICOM_UID_MISMATCH', `the instance is of study ${facts.studyInstanceUid}, the request of ${studyInstanceUid}`);
}
