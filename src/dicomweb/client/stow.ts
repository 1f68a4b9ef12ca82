/** STOW-RS as a client (PS3.18 10.5): the files go out as one multipart body, straight from disk. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AnteroomError } from '../../foundation/errors.js';
import { levelPath } from '../ids.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import { statusFailure } from './failures.js';
import { exchange, hostOf, readText, type HttpAnswer } from './http.js';
import { readStowAnswer, type StowAnswer } from './stow-answer.js';
import type { DicomWebEndpoint } from './types.js';

/** One Part 10 file to be stored. */
export interface StowItem {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

export interface StowInstanceOutcome {
  readonly sopInstanceUid: string;
  /** The destination says that it holds the instance now. */
  readonly stored: boolean;
  /** It held one of this UID before and says so; whether the bytes are the same it does not say. `stored` is true, too. */
  readonly alreadyThere?: boolean;
  /** FailureReason (0008,1197) where it was not stored, WarningReason (0008,1196) where it was stored with changes. */
  readonly failureReason?: number;
  /** The reason in words; no values of the data set. */
  readonly text?: string;
}

export interface StowOptions {
  readonly signal?: AbortSignal;
}

const READ_BYTES = 256 * 1024;
const PART_HEADERS = { 'Content-Type': 'application/dicom' };
/** PS3.18 table 10.5.3-1, and 400, with which Orthanc answers where one part of several is no DICOM file. */
const STATUSES_WITH_LIST: ReadonlySet<number> = new Set([200, 202, 400, 409]);

/**
 * Stores files at a destination and tells for each what the destination says of it. Memory does not grow with their size.
 *
 * The answer's status says too little, so its ReferencedSOPSequence and FailedSOPSequence decide; an instance that neither names does
 * not count as stored. Where there is no such list, 200 without a body means that all were stored (that is the status' definition),
 * 400 and 409 refuse all, and anything else leaves it open (DESTINATION_UNSURE).
 *
 * @param studyInstanceUid stores to `/studies/{study}`, which refuses instances of another study
 * @throws AnteroomError as `exchange` and `exchangeExpecting`; DESTINATION_UNSURE also where the answer to stored bytes is XML or
 *   unreadable; FILE_UNREADABLE where a file is not there or not as long as `sizeBytes` says (nothing is stored then).
 */
export async function stow(
  endpoint: DicomWebEndpoint,
  items: readonly StowItem[],
  studyInstanceUid?: string,
  options: StowOptions = {},
): Promise<StowInstanceOutcome[]> {
  if (items.length === 0) return [];
  for (const item of items) await checkSize(item);
  const boundary = newBoundary();
  const answer = await exchange(endpoint, {
    method: 'POST',
    path: studyInstanceUid === undefined ? '/studies' : levelPath({ studyInstanceUid }),
    headers: {
      'Content-Type': `multipart/related; type="application/dicom"; boundary="${boundary}"`,
      'Content-Length': multipartLength(items, boundary),
      Accept: 'application/dicom+json',
    },
    body: multipartBody(items, boundary),
    signal: options.signal,
  });
  const text = await textOf(answer);
  answer.discard();
  return outcomesOf(answer, text, items, hostOf(endpoint));
}

function multipartLength(items: readonly StowItem[], boundary: string): number {
  const headBytes = partHead(boundary, PART_HEADERS).length;
  return items.reduce((sum, item) => sum + headBytes + item.sizeBytes, closingDelimiter(boundary).length);
}

async function* multipartBody(items: readonly StowItem[], boundary: string): AsyncGenerator<Uint8Array, void, undefined> {
  for (const item of items) {
    yield partHead(boundary, PART_HEADERS);
    yield* fileBytes(item);
  }
  yield closingDelimiter(boundary);
}

/** Exactly `sizeBytes` bytes, or an error: the length has been announced. */
async function* fileBytes(item: StowItem): AsyncGenerator<Buffer, void, undefined> {
  let leftBytes = item.sizeBytes;
  try {
    for await (const chunk of createReadStream(item.path, {
      end: item.sizeBytes - 1,
      highWaterMark: READ_BYTES,
    }) as AsyncIterable<Buffer>) {
      leftBytes -= chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw unreadable(item, (cause as NodeJS.ErrnoException).code ?? 'read error', cause);
  }
  if (leftBytes !== 0) throw unreadable(item, `it ended ${String(leftBytes)} bytes early`);
}

async function checkSize(item: StowItem): Promise<void> {
  const { size } = await stat(item.path).catch((cause: unknown) => {
    throw unreadable(item, (cause as NodeJS.ErrnoException).code ?? 'stat failed', cause);
  });
  if (size !== item.sizeBytes) throw unreadable(item, `it has ${String(size)} bytes, expected ${String(item.sizeBytes)}`);
  if (size === 0) throw unreadable(item, 'it is empty');
}

function unreadable(item: StowItem, seen: string, cause?: unknown): AnteroomError {
  return new AnteroomError('FILE_UNREADABLE', `the file of instance ${item.sopInstanceUid}: ${seen}`, { cause });
}

/** The body; where it breaks off after a status that refuses, the status still counts. */
async function textOf(answer: HttpAnswer): Promise<string> {
  try {
    return await readText(answer);
  } catch (error) {
    if (answer.status >= 300) return '';
    throw error;
  }
}

function outcomesOf(answer: HttpAnswer, text: string, items: readonly StowItem[], host: string): StowInstanceOutcome[] {
  const { status, headers } = answer;
  const list = STATUSES_WITH_LIST.has(status) ? readStowAnswer(text) : undefined;
  const names = list !== undefined && items.some((item) => list.has(item.sopInstanceUid));
  if (status === 400 || status === 409 ? names : list !== undefined) return items.map((item) => outcomeOf(item, list));
  if (status !== 200 && status !== 202) throw statusFailure(status, headers, text, host, { storing: true });
  if (status === 200 && text.trim() === '')
    return items.map(({ sopInstanceUid }) => ({ sopInstanceUid, stored: true, text: 'the answer is 200 without a list of instances' }));
  const type = headers['content-type'] ?? 'no content type';
  throw new AnteroomError(
    'DESTINATION_UNSURE',
    `${host} answered ${String(status)} with ${type} that holds no list of instances, expected application/dicom+json`,
  );
}

function outcomeOf({ sopInstanceUid }: StowItem, list: StowAnswer | undefined): StowInstanceOutcome {
  return {
    sopInstanceUid,
    ...(list?.get(sopInstanceUid) ?? { stored: false, text: 'the answer names it neither as stored nor as failed' }),
  };
}
