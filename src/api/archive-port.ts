/** The node's archive behind its DICOMweb face. */
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Header } from '../dicom/header.js';
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
    *series(studyInstanceUids, hints): Generator<StoredSeries> {
      for (const row of storedSeries(db, studyInstanceUids, undefined, hints)) {
        yield {
          studyInstanceUid: row.study_instance_uid,
          seriesInstanceUid: row.series_instance_uid,
          instanceCount: row.instance_count,
          header: headerOf(row),
        };
      }
    },
    instances: (ids) => currentInstances(db, ids).map((row) => new Row(row, archiveFolder)),
    store: (bytes, context) => store(bytes, context.remoteAddress, (facts) => demandStudy(facts, context)),
  };
}

/** A row as the face wants it. Its header is parsed when it is asked for: what only sends files does without. */
class Row implements StoredInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly path: string;
  readonly sizeBytes: number;
  private parsed: Header | undefined;

  constructor(
    private readonly row: ReturnType<typeof currentInstances>[number],
    archiveFolder: string,
  ) {
    this.studyInstanceUid = row.study_instance_uid;
    this.seriesInstanceUid = row.series_instance_uid;
    this.sopInstanceUid = row.sop_instance_uid;
    this.sopClassUid = row.sop_class_uid;
    this.transferSyntaxUid = row.transfer_syntax_uid;
    this.path = join(archiveFolder, row.path);
    this.sizeBytes = row.size_bytes;
  }

  get header(): Header {
    return (this.parsed ??= headerOf(this.row));
  }
}

function demandStudy(facts: InstanceFacts, { studyInstanceUid }: StoreContext): void {
  if (studyInstanceUid === undefined || facts.studyInstanceUid === studyInstanceUid) return;
  throw new AnteroomError('DICOM_UID_MISMATCH', `the instance is of study ${facts.studyInstanceUid}, the request of ${studyInstanceUid}`);
}
