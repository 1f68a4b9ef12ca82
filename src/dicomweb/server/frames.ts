/** Frames of an instance (PS3.18 10.4.1.1.6 and 8.7.3.5): as they are stored, or decoded for a client that takes only that. */
import type { Request, Response } from 'express';
import { canDecode } from '../../dicom/codec/pixels.js';
import { TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { rangeTakes, type MediaType } from '../media-type.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import { decodedFrames, storedFrame, type FrameBytes } from './frame-bytes.js';
import { PixelFile } from './pixel-file.js';
import type { ArchivePort } from './port.js';
import { acceptOf, isUnchanged, levelOf, sendStream } from './respond.js';
import { existing } from './wado.js';

const OCTETS = 'application/octet-stream';
const NATIVE_SYNTAX = TRANSFER_SYNTAX.ExplicitVRLittleEndian;

/** PS3.18 table 8.7.3-5, the current name first, older ones that clients still ask for behind it. */
export const FRAME_MEDIA_TYPES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  [TRANSFER_SYNTAX.JPEGBaseline8Bit]: ['image/jpeg'],
  [TRANSFER_SYNTAX.JPEGExtended12Bit]: ['image/jpeg'],
  [TRANSFER_SYNTAX.JPEGLossless]: ['image/jpeg'],
  [TRANSFER_SYNTAX.JPEGLosslessSV1]: ['image/jpeg'],
  [TRANSFER_SYNTAX.RLELossless]: ['image/dicom-rle', 'image/x-dicom-rle'],
  [TRANSFER_SYNTAX.JPEGLSLossless]: ['image/jls', 'image/x-jls'],
  [TRANSFER_SYNTAX.JPEGLSNearLossless]: ['image/jls', 'image/x-jls'],
  [TRANSFER_SYNTAX.JPEG2000Lossless]: ['image/jp2'],
  [TRANSFER_SYNTAX.JPEG2000]: ['image/jp2'],
  [TRANSFER_SYNTAX.JPEG2000MCLossless]: ['image/jpx'],
  [TRANSFER_SYNTAX.JPEG2000MC]: ['image/jpx'],
  [TRANSFER_SYNTAX.JPEGXLLossless]: ['image/jxl'],
  [TRANSFER_SYNTAX.JPEGXLJPEGRecompression]: ['image/jxl'],
  [TRANSFER_SYNTAX.JPEGXL]: ['image/jxl'],
  [TRANSFER_SYNTAX.HTJ2KLossless]: ['image/jphc', 'image/jhc'],
  [TRANSFER_SYNTAX.HTJ2KLosslessRPCL]: ['image/jphc', 'image/jhc'],
  [TRANSFER_SYNTAX.HTJ2K]: ['image/jphc', 'image/jhc'],
};

export interface FrameForm {
  readonly mediaType: string;
  readonly transferSyntaxUid: string;
  readonly decoded: boolean;
  readonly multipart: boolean;
}

/** `GET …/instances/{instance}/frames/{list}`; without a list all frames. */
export async function handleFrames(request: Request, response: Response, port: ArchivePort, log: Logger): Promise<void> {
  const [instance] = existing(port, levelOf(request));
  if (instance === undefined) return;
  const form = acceptedFrameForm(acceptOf(request), instance.transferSyntaxUid, request.params.frames);
  if (isUnchanged(request, response, instance, form.mediaType + form.transferSyntaxUid)) return;
  const pixels = await PixelFile.open(instance.path);
  try {
    const frameOf = form.decoded ? await decodedFrames(pixels) : (frame: number) => storedFrame(pixels, frame);
    const frames = await Promise.all(frameNumbers(request.params.frames, pixels.frameCount).map(frameOf));
    await sendFrames(request, response, frames, form, log);
  } finally {
    await pixels.close();
  }
}

/** The frames with the length of the whole answer, which is known before any is read. */
export async function sendFrames(
  request: Request,
  response: Response,
  frames: readonly FrameBytes[],
  { mediaType, transferSyntaxUid, multipart }: FrameForm,
  log: Logger,
): Promise<void> {
  const partType = `${mediaType}; transfer-syntax=${transferSyntaxUid}`;
  const [first] = frames;
  if (!multipart && first !== undefined) {
    response.status(200).set({ 'Content-Type': partType, 'Content-Length': String(first.lengthBytes) });
    return sendStream(request, response, first.read(), log);
  }
  const boundary = newBoundary();
  const head = partHead(boundary, { 'Content-Type': partType });
  const lengthBytes = frames.reduce((sum, frame) => sum + head.byteLength + frame.lengthBytes, closingDelimiter(boundary).byteLength);
  response
    .status(200)
    .set({ 'Content-Type': `multipart/related; type="${mediaType}"; boundary="${boundary}"`, 'Content-Length': String(lengthBytes) });
  return sendStream(request, response, body(), log);
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const frame of frames) {
      yield head;
      yield* frame.read();
    }
    yield closingDelimiter(boundary);
  }
}

/**
 * The first form that the client takes: the stored bits under their own media type, or as octets where it takes any transfer syntax;
 * else decoded octets (PS3.18 8.7.3.5.2: without a transfer syntax octets are Explicit VR Little Endian).
 * @throws AnteroomError NOT_ACCEPTABLE
 */
export function acceptedFrameForm(ranges: readonly MediaType[], stored: string, list: unknown): FrameForm {
  const storedTypes = FRAME_MEDIA_TYPES[stored];
  const native = isNative(stored);
  for (const { type, parameters } of ranges) {
    const multipart = type === 'multipart/related' || type === 'multipart/*' || type === '*/*';
    if (!multipart && (typeof list !== 'string' || list.includes(','))) continue;
    const wanted = multipart ? (parameters.type?.toLowerCase() ?? (type === '*/*' ? '*/*' : OCTETS)) : type;
    const syntax = parameters['transfer-syntax'];
    const named = storedTypes?.find((name) => rangeTakes(wanted, name));
    if (named !== undefined && (syntax === undefined || syntax === '*' || syntax === stored))
      return { mediaType: named, transferSyntaxUid: stored, decoded: false, multipart };
    if (!rangeTakes(wanted, OCTETS)) continue;
    if (!native && (syntax === '*' || syntax === stored))
      return { mediaType: OCTETS, transferSyntaxUid: stored, decoded: false, multipart };
    const takesNative = syntax === undefined || syntax === NATIVE_SYNTAX || (native && (syntax === '*' || syntax === stored));
    if (takesNative && (native || canDecode(stored)))
      return { mediaType: OCTETS, transferSyntaxUid: NATIVE_SYNTAX, decoded: !native, multipart };
  }
  const offered = native ? OCTETS : `${[...(storedTypes ?? []), OCTETS].join(', ')} in transfer syntax ${stored}`;
  throw new AnteroomError('NOT_ACCEPTABLE', `frames are offered as multipart/related of ${offered}`);
}

/** True for transfer syntaxes without encapsulation. */
export function isNative(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid === TRANSFER_SYNTAX.ImplicitVRLittleEndian ||
    transferSyntaxUid === NATIVE_SYNTAX ||
    transferSyntaxUid === TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian ||
    transferSyntaxUid === TRANSFER_SYNTAX.ExplicitVRBigEndian
  );
}

/**
 * Frame numbers from 1; all of them where there is no list.
 * @throws AnteroomError QUERY_INVALID, NOT_FOUND
 */
export function frameNumbers(list: unknown, count: number): number[] {
  if (typeof list !== 'string') return Array.from({ length: count }, (_, n) => n + 1);
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw new AnteroomError('QUERY_INVALID', 'the path wants frame numbers with commas between them');
  const numbers = list.split(',').map(Number);
  const beyond = numbers.find((number) => number < 1 || number > count);
  if (beyond !== undefined) throw new AnteroomError('NOT_FOUND', `frame ${String(beyond)} of an instance with ${String(count)}`);
  return numbers;
}
