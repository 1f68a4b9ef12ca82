/** What the routes share: the ids of a path, the base of URLs, and how bodies go out. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { AnteroomError } from '../../foundation/errors.js';
import { isUid } from '../../foundation/ids.js';
import type { Logger } from '../../foundation/log.js';
import type { LevelIds } from '../ids.js';
import { parseAccept, rangeTakes, type MediaType } from '../media-type.js';
import type { StoredInstance } from './port.js';

export const DICOM_JSON = 'application/dicom+json';

/**
 * The UIDs of a path, as far as it has them.
 * @throws AnteroomError QUERY_INVALID where one of them is no UID.
 */
export function idsOf(request: Request): Partial<LevelIds> {
  const ids: Partial<Record<keyof Required<LevelIds>, string>> = {};
  for (const [parameter, name] of [
    ['study', 'studyInstanceUid'],
    ['series', 'seriesInstanceUid'],
    ['instance', 'sopInstanceUid'],
  ] as const) {
    const uid = request.params[parameter];
    if (uid === undefined) continue;
    if (typeof uid !== 'string' || !isUid(uid)) throw new AnteroomError('QUERY_INVALID', `the ${parameter} in the path is no UID`);
    ids[name] = uid;
  }
  return ids;
}

/** `idsOf` for paths that name at least a study. */
export function levelOf(request: Request): LevelIds {
  const { studyInstanceUid, ...below } = idsOf(request);
  if (studyInstanceUid === undefined) throw new AnteroomError('QUERY_INVALID', 'the path names no study');
  return { studyInstanceUid, ...below };
}

/** The parameters of the request's query, as they are written. */
export function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, 'http://localhost').searchParams;
}

/** PS3.18 8.3.4.2 and 8.3.4.4: what was not done is said in a Warning header. */
export function warn(response: Response, text: string): void {
  response.append('Warning', `299 anteroom "${text}"`);
}

/** The media types that the request takes, the most wanted first: those of its query, which a link can name (PS3.18 8.3.3.1), else of its header. */
export function acceptOf(request: Request): MediaType[] {
  return parseAccept(queryOf(request).get('accept') ?? request.get('accept'));
}

/**
 * Refuses a request that does not take DICOM JSON. Plain `application/json` counts as it (PS3.18 8.7.3.2 lets it pass).
 * @throws AnteroomError NOT_ACCEPTABLE
 */
export function requireJsonAccepted(request: Request): void {
  const taken = acceptOf(request).some(
    ({ type, parameters }) => rangeTakes(type, DICOM_JSON) || rangeTakes(type, 'application/json') || parameters.type === DICOM_JSON,
  );
  if (!taken) throw new AnteroomError('NOT_ACCEPTABLE', `the request takes ${request.get('accept') ?? ''}, offered is ${DICOM_JSON}`);
}

/**
 * Gives the answer an ETag, which an instance in one form keeps as long as its file does; true where the client has that already and
 * 304 was answered (RFC 9110 13.1.2). Shared caches must not keep patients' data, and others ask again.
 */
export function isUnchanged(request: Request, response: Response, instance: StoredInstance, form: string): boolean {
  const tag = createHash('sha256').update(`${instance.path} ${instance.sizeBytes} ${form}`).digest('base64url').slice(0, 27);
  response.set({ ETag: `"${tag}"`, 'Cache-Control': 'private, no-cache', Vary: 'Accept' });
  if (!request.fresh) return false;
  response.status(304).end();
  return true;
}

/** Sends a body that is not held in memory; a client that goes away ends it quietly, a source that fails cuts the connection. */
export async function sendStream(
  request: Request,
  response: Response,
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
  log: Logger,
): Promise<void> {
  if (request.method === 'HEAD' || response.destroyed) {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(source, { objectMode: false }), response);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    log.warn('sending was cut off', { path: request.path, seen: (cause as Error).message });
    response.destroy();
  }
}
