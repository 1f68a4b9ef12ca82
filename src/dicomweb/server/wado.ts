/** WADO-RS (PS3.18 10.4): objects as they are stored, and their metadata. */
import { createReadStream } from 'node:fs';
import type { Request, Response } from 'express';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { levelPath, type LevelIds } from '../ids.js';
import { rangeTakes, type MediaType } from '../media-type.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import { metadataOf } from './metadata.js';
import type { ArchivePort, StoredInstance } from './port.js';
import { acceptOf, DICOM_JSON, levelOf, requireJsonAccepted, sendStream } from './respond.js';

const DICOM = 'application/dicom';
const READ_BYTES = 256 * 1024;

/** `GET /studies/{study}[/series/{series}[/instances/{instance}]]` */
export async function handleRetrieve(request: Request, response: Response, port: ArchivePort, log: Logger): Promise<void> {
  const instances = existing(port, levelOf(request));
  const boundary = newBoundary();
  const [single] = instances;
  const form = acceptedForm(acceptOf(request), instances);
  if (form === 'single part' && single !== undefined) {
    response
      .status(200)
      .set({ 'Content-Type': `${DICOM}; transfer-syntax=${single.transferSyntaxUid}`, 'Content-Length': String(single.sizeBytes) });
    return sendStream(request, response, fileBytes(single), log);
  }
  response.status(200).set({
    'Content-Type': `multipart/related; type="${DICOM}"; boundary="${boundary}"`,
    'Content-Length': String(multipartLength(instances, boundary)),
  });
  return sendStream(request, response, multipartBody(instances, boundary), log);
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

/**
 * How the objects go out. They go as they are stored: a request that names no transfer syntax gets them so, too, since nothing here
 * transcodes; one that names others is refused (PS3.18 8.7.3.5.2).
 * @throws AnteroomError NOT_ACCEPTABLE
 */
function acceptedForm(ranges: readonly MediaType[], instances: readonly StoredInstance[]): 'multipart' | 'single part' {
  const syntaxes = new Set(instances.map(({ transferSyntaxUid }) => transferSyntaxUid));
  const wanted = new Set<string>();
  for (const { type, parameters } of ranges) {
    const multipart = type === 'multipart/related' || type === 'multipart/*' || type === '*/*';
    if (!(multipart && rangeTakes(parameters.type?.toLowerCase() ?? '*/*', DICOM)) && !(rangeTakes(type, DICOM) && instances.length === 1))
      continue;
    const syntax = parameters['transfer-syntax'] ?? '*';
    if (syntax === '*' || (syntaxes.size === 1 && syntaxes.has(syntax))) return multipart ? 'multipart' : 'single part';
    wanted.add(syntax);
  }
  // Several ranges may together name all the transfer syntaxes of a series.
  if ([...syntaxes].every((syntax) => wanted.has(syntax))) return 'multipart';
  const asked = wanted.size === 0 ? 'other media types' : `transfer syntax ${[...wanted].join(', ')}`;
  throw new AnteroomError('NOT_ACCEPTABLE', `asked for is ${asked}, stored is ${DICOM} in transfer syntax ${[...syntaxes].join(', ')}`);
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

async function* multipartBody(instances: readonly StoredInstance[], boundary: string): AsyncGenerator<Uint8Array, void, undefined> {
  for (const instance of instances) {
    yield headOf(instance, boundary);
    yield* fileBytes(instance);
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
