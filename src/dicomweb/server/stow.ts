/** STOW-RS (PS3.18 10.5): one part after another goes to the archive as it arrives. */
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { parseInstance } from '../../dicom/element/parse.js';
import { tagKey, TAG } from '../../dicom/element/tags.js';
import type { Header, HeaderElement } from '../../dicom/header.js';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { levelPath } from '../ids.js';
import { parseMediaType } from '../media-type.js';
import { boundaryOf, readMultipart, type Part } from '../multipart.js';
import type { ArchivePort, StoreContext } from './port.js';
import { DICOM_JSON, idsOf, requireJsonAccepted } from './respond.js';

interface Names {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export type PartOutcome =
  | { readonly stored: Names & { readonly seriesInstanceUid?: string; readonly studyInstanceUid: string } }
  | { readonly failed: AnteroomError; readonly names?: Names };

/** So much of an object is kept beside the stream to name it where it is refused. */
const HEAD_BYTES = 16 * 1024;
const DICOM = 'application/dicom';
const OTHER_FAILURES_SEQUENCE = '0008119A';

/** `POST /studies` and `POST /studies/{study}`. */
export async function handleStow(request: Request, response: Response, port: ArchivePort, baseUrl: string, log: Logger): Promise<void> {
  const body = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let outcomes: PartOutcome[];
  try {
    const { studyInstanceUid } = idsOf(request);
    requireJsonAccepted(request);
    outcomes = await storeBody(body, request, port, { remoteAddress: request.socket.remoteAddress ?? '', studyInstanceUid });
  } finally {
    // Before any answer: a client that still sends would see a reset instead of it, and the next request on the connection would wait.
    await readToEnd(body);
  }
  for (const outcome of outcomes) logOutcome(outcome, log);
  response
    .status(stowStatus(outcomes))
    .type(DICOM_JSON)
    .send(JSON.stringify(stowAnswer(outcomes, baseUrl)));
}

/** Whole objects, in parts or a single one as the body (PS3.18 10.5.2). @throws AnteroomError MEDIA_TYPE_UNSUPPORTED, MULTIPART_MALFORMED */
async function storeBody(body: AsyncIterator<Buffer>, request: Request, port: ArchivePort, context: StoreContext): Promise<PartOutcome[]> {
  const contentType = request.get('content-type');
  const { type, parameters } = parseMediaType(contentType) ?? { type: 'no media type', parameters: {} };
  // The bare iterator, which nobody closes: closing the request's own would destroy it, with its answer still to come.
  const bytes = { [Symbol.asyncIterator]: () => ({ next: () => body.next() }) };
  if (type === DICOM) return [await storePart({ headers: {}, body: bytes }, port, context)];
  if (type === 'multipart/related' && (parameters.type ?? DICOM).toLowerCase() === DICOM)
    return storeParts(bytes, boundaryOf(contentType), port, context);
  const metadataApart = `${type} ${parameters.type ?? ''}`.includes('dicom+');
  throw new AnteroomError(
    'MEDIA_TYPE_UNSUPPORTED',
    `the body is ${[type, parameters.type].filter(Boolean).join(' of ')}, expected ${DICOM}${metadataApart ? '; metadata with bulk data apart is not taken, send whole Part 10 objects' : ''}`,
  );
}

async function storeParts(body: AsyncIterable<Buffer>, boundary: string, port: ArchivePort, context: StoreContext): Promise<PartOutcome[]> {
  const outcomes: PartOutcome[] = [];
  for await (const part of readMultipart(body, boundary)) outcomes.push(await storePart(part, port, context));
  if (outcomes.length === 0) throw new AnteroomError('MULTIPART_MALFORMED', 'the body has no part');
  return outcomes;
}

async function storePart(part: Part, port: ArchivePort, context: StoreContext): Promise<PartOutcome> {
  const type = parseMediaType(part.headers['content-type'] ?? DICOM)?.type;
  if (type !== DICOM)
    return { failed: new AnteroomError('MEDIA_TYPE_UNSUPPORTED', `a part is ${type ?? 'of no media type'}, expected ${DICOM}`) };
  const tapped = new TappedBody(part.body);
  const bytes = Readable.from(tapped.chunks(), { objectMode: false });
  // The archive's own reading tells it of a broken connection; without a listener one that it no longer reads would end the process.
  bytes.on('error', () => undefined);
  try {
    return { stored: await port.store(bytes, context) };
  } catch (error) {
    return { failed: toAnteroomError(error), names: tapped.names() };
  } finally {
    bytes.destroy();
    if (!bytes.closed) await new Promise((resolve) => bytes.once('close', resolve));
  }
}

/** A part's bytes on their way to the archive, with a copy of the first ones. */
class TappedBody {
  private head = Buffer.alloc(0);

  constructor(private readonly body: AsyncIterable<Buffer>) {}

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of this.body) {
      if (this.head.length < HEAD_BYTES) this.head = Buffer.concat([this.head, chunk.subarray(0, HEAD_BYTES - this.head.length)]);
      yield chunk;
    }
  }

  /** Which instance it is, as far as its beginning can be read. */
  names(): Names | undefined {
    try {
      const parsed = parseInstance(this.head, { truncated: true, stopAtPixelData: true });
      const sopClassUid = parsed.dataset.uid(TAG.SOPClassUID) ?? parsed.mediaStorageSopClassUid;
      const sopInstanceUid = parsed.dataset.uid(TAG.SOPInstanceUID) ?? parsed.mediaStorageSopInstanceUid;
      return sopClassUid === undefined || sopInstanceUid === undefined ? undefined : { sopClassUid, sopInstanceUid };
    } catch {
      return undefined;
    }
  }
}

/**
 * The status of the whole answer (PS3.18 table 10.5.3-1): 200 all stored, 202 some, 409 none. Where none was stored for want of
 * resources on our side, that status (507), so that the sender tries again.
 */
export function stowStatus(outcomes: readonly PartOutcome[]): number {
  const failures = outcomes.flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
  if (failures.length === 0) return 200;
  if (failures.length < outcomes.length) return 202;
  return failures.every(({ httpStatus }) => httpStatus >= 500) ? Math.max(...failures.map(({ httpStatus }) => httpStatus)) : 409;
}

/** The Store Instances Response Module (PS3.18 table I.1-1). What cannot be named is told in OtherFailuresSequence. */
export function stowAnswer(outcomes: readonly PartOutcome[], baseUrl: string): Header {
  const stored = outcomes.flatMap((outcome) => ('stored' in outcome ? [outcome.stored] : []));
  const failed = outcomes.flatMap((outcome) => ('failed' in outcome ? [outcome] : []));
  const studies = new Set(stored.map(({ studyInstanceUid }) => studyInstanceUid));
  const [studyInstanceUid] = studies;
  return {
    ...(studies.size === 1 &&
      studyInstanceUid !== undefined && { [tagKey(TAG.RetrieveURL)]: url(baseUrl + levelPath({ studyInstanceUid })) }),
    ...sequence(
      tagKey(TAG.FailedSOPSequence),
      failed.flatMap(({ failed: error, names }) => (names === undefined ? [] : [{ ...reference(names), ...reason(error) }])),
    ),
    [tagKey(TAG.ReferencedSOPSequence)]: {
      vr: 'SQ',
      Value: stored.map((instance) => ({ ...reference(instance), ...retrieveUrl(instance, baseUrl) })),
    },
    ...sequence(
      OTHER_FAILURES_SEQUENCE,
      failed.flatMap(({ failed: error, names }) => (names === undefined ? [reason(error)] : [])),
    ),
  };
}

function sequence(key: string, items: readonly Header[]): Header {
  return items.length === 0 ? {} : { [key]: { vr: 'SQ', Value: items } };
}

function reference({ sopClassUid, sopInstanceUid }: Names): Header {
  return {
    [tagKey(TAG.ReferencedSOPClassUID)]: { vr: 'UI', Value: [sopClassUid] },
    [tagKey(TAG.ReferencedSOPInstanceUID)]: { vr: 'UI', Value: [sopInstanceUid] },
  };
}

function reason(error: AnteroomError): Header {
  return { [tagKey(TAG.FailureReason)]: { vr: 'US', Value: [error.dimseStatus] } };
}

/** The instance's own URL, where the archive has told its series. */
function retrieveUrl(
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: { studyInstanceUid: string; seriesInstanceUid?: string; sopInstanceUid: string },
  baseUrl: string,
): Header {
  return {
    [tagKey(TAG.RetrieveURL)]: url(
      baseUrl + levelPath(seriesInstanceUid === undefined ? { studyInstanceUid } : { studyInstanceUid, seriesInstanceUid, sopInstanceUid }),
    ),
  };
}

function url(value: string): HeaderElement {
  return { vr: 'UR', Value: [value] };
}

function logOutcome(outcome: PartOutcome, log: Logger): void {
  if ('stored' in outcome)
    log.debug('instance stored over STOW-RS', {
      sopInstanceUid: outcome.stored.sopInstanceUid,
      studyInstanceUid: outcome.stored.studyInstanceUid,
    });
  else
    log.warn('instance refused over STOW-RS', {
      sopInstanceUid: outcome.names?.sopInstanceUid,
      code: outcome.failed.code,
      seen: outcome.failed.seen,
    });
}

/** Skips the rest; a connection that is gone is nothing to tell anybody. */
async function readToEnd(body: AsyncIterator<Buffer>): Promise<void> {
  try {
    while ((await body.next()).done !== true);
  } catch {
    // The client went away.
  }
}
