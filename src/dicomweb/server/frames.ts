/** Frames of an instance (PS3.18 10.4.1.1.6 and 8.7.3.5): as they are stored, or decoded for a client that takes only that. */
import { readFile } from 'node:fs/promises';
import type { Request, Response } from 'express';
import { encodedFrames } from '../../dicom/codec/frames.js';
import { canDecode, decodePixels } from '../../dicom/codec/pixels.js';
import { parseInstance, type DataSet, type ParsedInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { rangeTakes, type MediaType } from '../media-type.js';
import { closingDelimiter, newBoundary, partHead } from '../multipart.js';
import type { ArchivePort } from './port.js';
import { acceptOf, levelOf, sendStream } from './respond.js';
import { existing } from './wado.js';

const OCTETS = 'application/octet-stream';
const NATIVE_SYNTAX = TRANSFER_SYNTAX.ExplicitVRLittleEndian;

/** PS3.18 table 8.7.3-5, the current name first, older ones that clients still ask for behind it. */
const FRAME_MEDIA_TYPES: Readonly<Record<string, readonly [string, ...string[]]>> = {
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

interface FrameForm {
  readonly mediaType: string;
  readonly transferSyntaxUid: string;
  readonly decoded: boolean;
  readonly multipart: boolean;
}

/** `GET …/instances/{instance}/frames/{list}`, and `…/bulkdata/7FE00010` for all frames. */
export async function handleFrames(request: Request, response: Response, port: ArchivePort, log: Logger): Promise<void> {
  const [instance] = existing(port, levelOf(request));
  if (instance === undefined) return;
  const form = acceptedFrameForm(acceptOf(request), instance.transferSyntaxUid, request.params.frames);
  // A frame is found by the offset table, which stands with the pixel data: the file is read as a whole.
  const parsed = parseInstance(await readFile(instance.path));
  const frames = await framesOf(parsed, frameNumbers(request.params.frames, parsed.dataset), form);
  const partType = `${form.mediaType}; transfer-syntax=${form.transferSyntaxUid}`;
  if (!form.multipart) {
    response.status(200).set({ 'Content-Type': partType, 'Content-Length': String(frames[0]?.byteLength ?? 0) });
    return sendStream(request, response, frames.slice(0, 1), log);
  }
  const boundary = newBoundary();
  const pieces = [...frames.flatMap((frame) => [partHead(boundary, { 'Content-Type': partType }), frame]), closingDelimiter(boundary)];
  const lengthBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  response
    .status(200)
    .set({ 'Content-Type': `multipart/related; type="${form.mediaType}"; boundary="${boundary}"`, 'Content-Length': String(lengthBytes) });
  return sendStream(request, response, pieces, log);
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

function isNative(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid === TRANSFER_SYNTAX.ImplicitVRLittleEndian ||
    transferSyntaxUid === NATIVE_SYNTAX ||
    transferSyntaxUid === TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian ||
    transferSyntaxUid === TRANSFER_SYNTAX.ExplicitVRBigEndian
  );
}

/** Frame numbers from 1; all of them where there is no list. */
function frameNumbers(list: unknown, dataset: DataSet): number[] {
  const count = dataset.number(TAG.NumberOfFrames) ?? 1;
  if (typeof list !== 'string') return Array.from({ length: count }, (_, n) => n + 1);
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw new AnteroomError('QUERY_INVALID', 'the path wants frame numbers with commas between them');
  const numbers = list.split(',').map(Number);
  const beyond = numbers.find((number) => number < 1 || number > count);
  if (beyond !== undefined) throw new AnteroomError('NOT_FOUND', `frame ${String(beyond)} of an instance with ${String(count)}`);
  return numbers;
}

async function framesOf(parsed: ParsedInstance, numbers: readonly number[], form: FrameForm): Promise<Uint8Array[]> {
  const { dataset } = parsed;
  const count = dataset.number(TAG.NumberOfFrames) ?? 1;
  const fragments = dataset.fragments(TAG.PixelData);
  if (form.decoded) {
    const { data } = await decodePixels(parsed);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const frameBytes = bytes.byteLength / count;
    return numbers.map((number) => bytes.subarray((number - 1) * frameBytes, number * frameBytes));
  }
  if (fragments !== undefined) {
    const frames = encodedFrames(dataset, fragments, count);
    return numbers.map((number) => frames[number - 1] ?? noPixels());
  }
  const pixelData = littleEndianPixels(dataset);
  const frameBits = nativeFrameBits(dataset);
  return numbers.map((number) => bitsOf(pixelData, (number - 1) * frameBits, frameBits));
}

function littleEndianPixels(dataset: DataSet): Uint8Array {
  const bytes = dataset.bytesOf(TAG.PixelData) ?? noPixels();
  if (dataset.littleEndian || dataset.vr(TAG.PixelData) !== 'OW') return bytes;
  // A copy: the words are turned in place (PS3.5 7.3).
  const copy = Buffer.from(bytes);
  return copy.subarray(0, copy.length & ~1).swap16();
}

function nativeFrameBits(dataset: DataSet): number {
  const [rows, columns, bitsAllocated] = [TAG.Rows, TAG.Columns, TAG.BitsAllocated].map((tag) => dataset.number(tag) ?? noPixels());
  return (rows ?? 0) * (columns ?? 0) * (bitsAllocated ?? 0) * (dataset.number(TAG.SamplesPerPixel) ?? 1);
}

/** Bits from a stream of bits, lowest bit first (PS3.5 8.1.1). Frames of one-bit pixels need not begin at a byte. */
export function bitsOf(bytes: Uint8Array, fromBit: number, lengthBits: number): Uint8Array {
  if (fromBit + lengthBits > bytes.byteLength * 8) return noPixels();
  const from = Math.floor(fromBit / 8);
  const shift = fromBit % 8;
  const lengthBytes = Math.ceil(lengthBits / 8);
  if (shift === 0 && lengthBits % 8 === 0) return bytes.subarray(from, from + lengthBytes);
  const frame = new Uint8Array(lengthBytes);
  for (let n = 0; n < lengthBytes; n++) frame[n] = ((bytes[from + n] ?? 0) >> shift) | ((bytes[from + n + 1] ?? 0) << (8 - shift));
  if (lengthBits % 8 !== 0) frame[lengthBytes - 1] = (frame[lengthBytes - 1] ?? 0) & ((1 << (lengthBits % 8)) - 1);
  return frame;
}

function noPixels(): never {
  throw new AnteroomError('NOT_FOUND', 'the instance has no such frame in its pixel data');
}
