/** What the DICOMweb face needs of an archive. It knows no database: whoever has one offers this. */
import type { Readable } from 'node:stream';
import type { Header } from '../../dicom/header.js';
import type { LevelIds } from '../ids.js';

/** A series as searches see it. */
export interface StoredSeries {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly instanceCount: number;
  /** The header of any one of its instances. */
  readonly header: Header;
}

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

export interface ArchivePort {
  /**
   * All series of these studies, or of all studies, in stable order, the series of one study in a row. The search matches everything
   * else itself and reads only as far as it needs to: this may be lazy.
   */
  series(studyInstanceUids?: readonly string[]): Iterable<StoredSeries>;
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
