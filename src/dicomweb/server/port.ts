/** What the DICOMweb face needs of an archive. It knows no database: whoever has one offers this. */
import type { Readable } from 'node:stream';
import type { Header } from '../../dicom/header.js';
import type { Holdings, SeriesEntry } from '../../dicom/query/levels.js';
import type { LevelIds } from '../ids.js';

export interface StoredInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  /** Its Part 10 file. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly header: Header;
}

export interface StoreContext {
  readonly remoteAddress: string;
  /** Where the request names a study: an instance of another one is to be refused (DICOM_UID_MISMATCH). */
  readonly studyInstanceUid?: string;
}

export type { SeriesEntry as StoredSeries };

export interface ArchivePort extends Holdings {
  /** All instances of a level in stable order; none where there is nothing. */
  instances(ids: LevelIds): readonly StoredInstance[];
  /**
   * Takes one Part 10 object. Resolves when it is durable; rejects with an AnteroomError, whose `dimseStatus` becomes the instance's
   * FailureReason. Bytes that it leaves unread are skipped.
   */
  store(
    bytes: Readable,
    context: StoreContext,
  ): Promise<{
    readonly sopClassUid: string;
    readonly sopInstanceUid: string;
    readonly seriesInstanceUid?: string;
    readonly studyInstanceUid: string;
  }>;
}
