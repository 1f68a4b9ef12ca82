/** WADO-RS as a client (PS3.18 10.4): objects as they are stored, streamed, never whole in memory. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AnteroomError } from '../../foundation/errors.js';
import { levelPath, type InstanceIds, type SeriesIds, type StudyIds } from '../ids.js';
import { parseMediaType } from '../media-type.js';
import { boundaryOf, readMultipart, type Part } from '../multipart.js';
import { exchangeExpecting, hostOf, type HttpAnswer } from './http.js';
import type { DicomWebEndpoint } from './types.js';

/** Takes one Part 10 object; the next one is read when it resolves, and what it leaves unread is skipped. */
export type OnInstance = (bytes: Readable) => Promise<void> | void;

/**
 * Retrieves one instance into a file, byte for byte as it is stored there. The file appears under its name when it is whole.
 * @throws AnteroomError as `exchangeExpecting` (404 is DESTINATION_NO_SERVICE); NOT_FOUND where the answer holds no object;
 *   STORE_FAILED where the file cannot be written.
 */
export async function retrieveInstance(endpoint: DicomWebEndpoint, ids: InstanceIds, toPath: string): Promise<{ sizeBytes: number }> {
  const partPath = `${toPath}.part`;
  let sizeBytes = 0;
  try {
    await streamInstance(endpoint, ids, async (bytes) => {
      sizeBytes = await writeFileFrom(bytes, partPath);
    });
    await rename(partPath, toPath);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
  return { sizeBytes };
}

/**
 * Retrieves one instance and hands its bytes on as they are stored there.
 * @throws AnteroomError as `retrieveInstance`
 */
export async function streamInstance(endpoint: DicomWebEndpoint, ids: InstanceIds, onInstance: OnInstance): Promise<void> {
  let objects = 0;
  await retrieve(endpoint, levelPath(ids), async (bytes) => {
    objects += 1;
    if (objects === 1) await onInstance(bytes);
  });
  if (objects === 0)
    throw new AnteroomError('NOT_FOUND', `${hostOf(endpoint)} answered without an object for instance ${ids.sopInstanceUid}`);
}

/** Retrieves every instance of a series, in the order in which the server sends them. @throws AnteroomError as `retrieveInstance` */
export function retrieveSeries(endpoint: DicomWebEndpoint, ids: SeriesIds, onInstance: OnInstance): Promise<void> {
  return retrieve(endpoint, levelPath({ studyInstanceUid: ids.studyInstanceUid, seriesInstanceUid: ids.seriesInstanceUid }), onInstance);
}

/** Retrieves every instance of a study. @throws AnteroomError as `retrieveInstance` */
export function retrieveStudy(endpoint: DicomWebEndpoint, ids: StudyIds, onInstance: OnInstance): Promise<void> {
  return retrieve(endpoint, levelPath({ studyInstanceUid: ids.studyInstanceUid }), onInstance);
}

async function retrieve(endpoint: DicomWebEndpoint, path: string, onInstance: OnInstance): Promise<void> {
  const headers = { Accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' };
  const answer = await exchangeExpecting(endpoint, { method: 'GET', path, headers }, [200]);
  try {
    for await (const part of partsOf(answer, endpoint)) {
      const bytes = Readable.from(part.body, { objectMode: false });
      // A broken connection is thrown by the reading of the next part, too; a consumer that listens to 'data' only must not end the process.
      bytes.on('error', () => undefined);
      await onInstance(bytes);
      bytes.destroy();
    }
  } catch (error) {
    throw cutShort(error, endpoint);
  } finally {
    answer.discard();
  }
}

/** The parts of a multipart answer; a server may also send a single object bare. */
function partsOf(answer: HttpAnswer, endpoint: DicomWebEndpoint): AsyncIterable<Part> | Iterable<Part> {
  const contentType = answer.headers['content-type'];
  const type = parseMediaType(contentType)?.type;
  if (type === 'multipart/related') return readMultipart(answer.body, boundaryOf(contentType));
  if (type === 'application/dicom') return [{ headers: {}, body: answer.body }];
  throw new AnteroomError(
    'DESTINATION_REFUSED',
    `${hostOf(endpoint)} answered 200 with ${contentType ?? 'no content type'}, expected multipart/related or application/dicom`,
  );
}

/** A body that ends early is a broken connection, whatever the multipart reader thinks of it. */
function cutShort(error: unknown, endpoint: DicomWebEndpoint): unknown {
  if (!(error instanceof AnteroomError) || error.code !== 'MULTIPART_MALFORMED') return error;
  return new AnteroomError(
    'DESTINATION_UNREACHABLE',
    `${hostOf(endpoint)}: the answer's multipart body cannot be read to its end: ${error.seen}`,
    { cause: error },
  );
}

async function writeFileFrom(bytes: Readable, path: string): Promise<number> {
  const file = createWriteStream(path);
  try {
    await pipeline(bytes, file);
  } catch (cause) {
    if (cause instanceof AnteroomError) throw cause;
    throw new AnteroomError(
      'STORE_FAILED',
      `writing a retrieved instance: ${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message}`,
      { cause },
    );
  }
  return file.bytesWritten;
}
