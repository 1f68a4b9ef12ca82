/** WADO-RS (PS3.18 10.4): objects as they are stored or in Explicit VR Little Endian, and their metadata. */
import { createReadStream } from 'node:fs';
import type { Request, Response } from 'express';
import { TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { levelPath, type LevelIds } from '../ids.js';
import { rangeTakes, type MediaType } from '../media-type.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import { metadataOf } from './metadata.js';
import type { ArchivePort, StoredInstance } from './port.js';
import { canRecode, recodedFile, type RecodedFile } from './recoded-file.js';
import { acceptOf, DICOM_JSON, isUnchanged, levelOf, requireJsonAccepted, sendStream } from './respond.js';

const DICOM = 'application/dicom';
const EXPLICIT = TRANSFER_SYNTAX.ExplicitVRLittleEndian;
const READ_BYTES = 256 * 1024;

/** `GET /studies/{study}[/series/{series}[/instances/{instance}]]` */
export async function handleRetrieve(request: Request, response: Response, port: ArchivePort, log: Logger): Promise<void> {
  const instances = existing(port, levelOf(request));
  const [single] = instances;
  const form = acceptedForm(acceptOf(request), instances);
  if (single !== undefined && instances.length === 1) {
    if (isUnchanged(request, response, single, JSON.stringify(form))) return;
    return sendOne(request, response, single, form, log);
  }
  const boundary = newBoundary();
  response.status(200).set('Content-Type', `multipart/related; type="${DICOM}"; boundary="${boundary}"`);
  // What is recoded has its length only when it is opened.
  if (!form.recoded) response.set('Content-Length', String(multipartLength(instances, boundary)));
  return sendStream(request, response, multipartBody(instances, boundary, form), log);
}

/** One instance, opened before anything is answered: what cannot be decoded is refused, not cut off. */
async function sendOne(request: Request, response: Response, instance: StoredInstance, form: InstanceForm, log: Logger): Promise<void> {
  const file = await openedIn(form, instance);
  try {
    const type = `${DICOM}; transfer-syntax=${syntaxIn(form, instance)}`;
    if (!form.multipart) {
      response.status(200).set({ 'Content-Type': type, 'Content-Length': String(file.lengthBytes) });
      await sendStream(request, response, file.read(), log);
      return;
    }
    const boundary = newBoundary();
    const [head, end] = [partHead(boundary, { 'Content-Type': type }), closingDelimiter(boundary)];
    response.status(200).set({
      'Content-Type': `multipart/related; type="${DICOM}"; boundary="${boundary}"`,
      'Content-Length': String(head.length + file.lengthBytes + end.length),
    });
    const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield head;
      yield* file.read();
      yield end;
    };
    await sendStream(request, response, body(), log);
    return;
  } finally {
    await file.close();
  }
}

/** `GET …/metadata`: from the files, so that it is whole whatever the archive keeps of a header. */
export async function handleMetadata(request: Request, response: Response, port: ArchivePort, baseUrl: string, log: Logger): Promise<void> {
  requireJsonAccepted(request);
  const instances = existing(port, levelOf(request));
  response.status(200).type(DICOM_JSON);
  return sendStream(request, response, jsonArray(instances, baseUrl), log);
}

async function* jsonArray(instances: readonly StoredInstance[], baseUrl: string): AsyncGenerator<string, void, undefined> {
  for (const [index, instance] of instances.entries()) {
    yield (index === 0 ? '[' : ',') + JSON.stringify(await metadataOf(instance, baseUrl + levelPath(instance)));
  }
  yield ']';
}

/** The instances of a level. @throws AnteroomError NOT_FOUND where there are none */
export function existing(port: ArchivePort, ids: LevelIds): readonly StoredInstance[] {
  const instances = port.instances(ids);
  if (instances.length === 0) throw new AnteroomError('NOT_FOUND', `no instance at ${levelPath(ids)}`);
  return instances;
}

interface InstanceForm {
  readonly multipart: boolean;
  /** In Explicit VR Little Endian, whatever is stored. */
  readonly recoded: boolean;
}

/**
 * How the objects go out: as they are stored where that is taken, also by a request that names no transfer syntax (what is stored is
 * what the archive vouches for), else in Explicit VR Little Endian where that is named and can be made (PS3.18 8.7.3.5.2).
 * @throws AnteroomError NOT_ACCEPTABLE
 */
function acceptedForm(ranges: readonly MediaType[], instances: readonly StoredInstance[]): InstanceForm {
  const syntaxes = new Set(instances.map(({ transferSyntaxUid }) => transferSyntaxUid));
  const wanted = new Set<string>();
  for (const { type, parameters } of ranges) {
    const multipart = type === 'multipart/related' || type === 'multipart/*' || type === '*/*';
    if (!(multipart && rangeTakes(parameters.type?.toLowerCase() ?? '*/*', DICOM)) && !(rangeTakes(type, DICOM) && instances.length === 1))
      continue;
    const syntax = parameters['transfer-syntax'] ?? '*';
    if (syntax === '*' || (syntaxes.size === 1 && syntaxes.has(syntax))) return { multipart, recoded: false };
    if (syntax === EXPLICIT && [...syntaxes].every(canRecode)) return { multipart, recoded: true };
    wanted.add(syntax);
  }
  // Several ranges may together name all the transfer syntaxes of a series.
  if ([...syntaxes].every((syntax) => wanted.has(syntax))) return { multipart: true, recoded: false };
  const asked = wanted.size === 0 ? 'other media types' : `transfer syntax ${[...wanted].join(', ')}`;
  const offered = `${[...syntaxes].join(', ')}${[...syntaxes].every(canRecode) ? ` and ${EXPLICIT}` : ''}`;
  throw new AnteroomError('NOT_ACCEPTABLE', `asked for is ${asked}, offered is ${DICOM} in transfer syntax ${offered}`);
}

function syntaxIn({ recoded }: InstanceForm, { transferSyntaxUid }: StoredInstance): string {
  return recoded ? EXPLICIT : transferSyntaxUid;
}

async function openedIn({ recoded }: InstanceForm, instance: StoredInstance): Promise<RecodedFile> {
  if (recoded && instance.transferSyntaxUid !== EXPLICIT) return recodedFile(instance);
  return { lengthBytes: instance.sizeBytes, read: () => fileBytes(instance), close: () => Promise.resolve() };
}

function headOf({ transferSyntaxUid }: StoredInstance, boundary: string): Buffer {
  return partHead(boundary, { 'Content-Type': `${DICOM}; transfer-syntax=${transferSyntaxUid}` });
}

function multipartLength(instances: readonly StoredInstance[], boundary: string): number {
  return instances.reduce(
    (sum, instance) => sum + headOf(instance, boundary).length + instance.sizeBytes,
    closingDelimiter(boundary).length,
  );
}

async function* multipartBody(
  instances: readonly StoredInstance[],
  boundary: string,
  form: InstanceForm,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const instance of instances) {
    const file = await openedIn(form, instance);
    try {
      yield partHead(boundary, { 'Content-Type': `${DICOM}; transfer-syntax=${syntaxIn(form, instance)}` });
      yield* file.read();
    } finally {
      await file.close();
    }
  }
  yield closingDelimiter(boundary);
}

/** A file that is not as long as announced breaks the answer off, which its Content-Length makes visible. */
async function* fileBytes({ path, sizeBytes, sopInstanceUid }: StoredInstance): AsyncGenerator<Buffer, void, undefined> {
  let sentBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    sentBytes += chunk.length;
    if (sentBytes > sizeBytes) break;
    yield chunk;
  }
  if (sentBytes !== sizeBytes)
    throw new AnteroomError('FILE_UNREADABLE', `the file of instance ${sopInstanceUid} is not ${String(sizeBytes)} bytes long`);
}
