/** Rendered resources and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.4): instances and frames as pictures that every browser shows. */
import type { Request, Response } from 'express';
import { tagKey, TAG } from '../../dicom/element/tags.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { levelPath } from '../ids.js';
import { rangeTakes, type MediaType } from '../media-type.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import { frameNumbers } from './frames.js';
import { PixelFile } from './pixel-file.js';
import type { ArchivePort, StoredInstance } from './port.js';
import { renderFrame, type PictureType } from './render.js';
import { parseRenderedQuery, type RenderedQuery } from './rendered-query.js';
import { acceptOf, isUnchanged, levelOf, queryOf, sendStream, warn } from './respond.js';
import { existing } from './wado.js';

const TYPES: readonly PictureType[] = ['image/jpeg', 'image/png'];
const THUMBNAIL_PIXELS = 128;

/** `GET …/rendered` of a study, a series, an instance or some of its frames. */
export async function handleRendered(request: Request, response: Response, port: ArchivePort, baseUrl: string, log: Logger): Promise<void> {
  const level = levelOf(request);
  const query = queryFor(request, response);
  const images = existing(port, level).filter(isImage);
  const [instance] = images;
  if (instance === undefined) throw noImage();
  const { frames } = request.params;
  const list = typeof frames === 'string' ? frames : undefined;
  const several = images.length > 1 || (list?.includes(',') ?? false);
  const { type, multipart } = acceptedPicture(acceptOf(request), several);
  if (!multipart) {
    if (!isUnchanged(request, response, instance, `${request.path} ${type} ${JSON.stringify(query)}`))
      sendPicture(response, await drawn(instance, list ?? '1', query, type), type);
    return;
  }
  const boundary = newBoundary();
  response.status(200).set('Content-Type', `multipart/related; type="${type}"; boundary="${boundary}"`);
  return sendStream(request, response, parts(), log);
  async function* parts(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const image of images) {
      for (const frame of list?.split(',') ?? ['1']) {
        yield partHead(boundary, { 'Content-Type': type, 'Content-Location': `${baseUrl}${levelPath(image)}/frames/${frame}/rendered` });
        yield await drawn(image, frame, query, type);
      }
    }
    yield closingDelimiter(boundary);
  }
}

/** `GET …/thumbnail` of a study, a series, an instance or a frame: the middle of what it stands for, no larger than its viewport. */
export async function handleThumbnail(request: Request, response: Response, port: ArchivePort): Promise<void> {
  const instance = representative(existing(port, levelOf(request)));
  const query = queryFor(request, response);
  const { type } = acceptedPicture(acceptOf(request), false);
  if (isUnchanged(request, response, instance, `${request.path} ${type} ${JSON.stringify(query)}`)) return;
  const frame = typeof request.params.frames === 'string' ? request.params.frames : 'middle';
  const viewport = query.viewport ?? { width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS };
  sendPicture(response, await drawn(instance, frame, { ...query, viewport }, type), type);
}

function queryFor(request: Request, response: Response): RenderedQuery {
  const query = parseRenderedQuery(queryOf(request));
  for (const name of query.notDone) warn(response, `${name} is not supported and was not done`);
  return query;
}

async function drawn(instance: StoredInstance, frame: string, query: RenderedQuery, type: PictureType): Promise<Uint8Array> {
  const file = await PixelFile.open(instance.path);
  try {
    const [number = 1] = frame === 'middle' ? [(file.frameCount + 1) >> 1] : frameNumbers(frame, file.frameCount);
    return await renderFrame(file, number, query, type);
  } finally {
    await file.close();
  }
}

function sendPicture(response: Response, picture: Uint8Array, type: PictureType): void {
  response
    .status(200)
    .set({ 'Content-Type': type, 'Content-Length': String(picture.byteLength) })
    .end(picture);
}

/**
 * JPEG unless the client prefers PNG; several pictures only in parts.
 * @throws AnteroomError NOT_ACCEPTABLE
 */
export function acceptedPicture(ranges: readonly MediaType[], several: boolean): { type: PictureType; multipart: boolean } {
  for (const { type, parameters } of ranges) {
    const inParts = type === 'multipart/related' || type === 'multipart/*';
    if (several && !inParts && type !== '*/*') continue;
    const wanted = inParts ? (parameters.type?.toLowerCase() ?? '*/*') : type;
    const offered = TYPES.find((one) => rangeTakes(wanted, one));
    if (offered !== undefined) return { type: offered, multipart: inParts || several };
  }
  throw new AnteroomError(
    'NOT_ACCEPTABLE',
    `pictures are offered as ${TYPES.join(' and ')}${several ? ', several of them as multipart/related' : ''}`,
  );
}

function isImage({ header }: StoredInstance): boolean {
  return header[tagKey(TAG.Rows)]?.Value !== undefined;
}

/** The image in the middle of the longest series. */
function representative(instances: readonly StoredInstance[]): StoredInstance {
  const series = new Map<string, StoredInstance[]>();
  for (const instance of instances) {
    const members = series.get(instance.seriesInstanceUid) ?? [];
    series.set(instance.seriesInstanceUid, members);
    members.push(instance);
  }
  for (const members of [...series.values()].sort((a, b) => b.length - a.length)) {
    const middle = members[members.length >> 1];
    const image = middle !== undefined && isImage(middle) ? middle : members.find(isImage);
    if (image !== undefined) return image;
  }
  throw noImage();
}

function noImage(): AnteroomError {
  return new AnteroomError('NOT_ACCEPTABLE', 'what is stored here is no image and has no picture');
}
