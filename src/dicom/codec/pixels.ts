/** Pixel data of an instance as numbers: native, RLE and the JPEG family, to stored values (PS3.3 C.7.6.3, PS3.5 section 8). */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet } from '../element/data-set.js';
import type { ParsedInstance } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { TRANSFER_SYNTAX } from '../element/uids.js';
import { encodedFrames } from './frames.js';
import { frameDecoder, interleaved, type DecoderName, type FrameShape } from './wasm-codecs.js';

export { initCodecs } from './wasm-codecs.js';

export type StoredValues = Uint8Array | Int8Array | Uint16Array | Int16Array;

export interface DecodedPixels {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samplesPerPixel: number;
  /** Stored values, C order [frame][row][column][sample]; signed as PixelRepresentation says, bits outside BitsStored removed. */
  readonly data: StoredValues;
  /** True where the pixels went through a lossy compression, as LossyImageCompression or else the transfer syntax says. */
  readonly lossy: boolean;
}

/** A frame larger than this is refused before memory is asked for it; a header of a few bytes can claim 17 GB. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
const MAX_TOTAL_BYTES = 4 * 1024 * 1024 * 1024;

const DECODERS: Readonly<Record<string, DecoderName>> = {
  [TRANSFER_SYNTAX.RLELossless]: 'decodeRle',
  [TRANSFER_SYNTAX.JPEGBaseline8Bit]: 'decodeJpeg',
  [TRANSFER_SYNTAX.JPEGExtended12Bit]: 'decodeJpeg',
  [TRANSFER_SYNTAX.JPEGLossless]: 'decodeJpeg',
  [TRANSFER_SYNTAX.JPEGLosslessSV1]: 'decodeJpeg',
  [TRANSFER_SYNTAX.JPEGLSLossless]: 'decodeJpegLs',
  [TRANSFER_SYNTAX.JPEGLSNearLossless]: 'decodeJpegLs',
  [TRANSFER_SYNTAX.JPEG2000Lossless]: 'decodeJpeg2000',
  [TRANSFER_SYNTAX.JPEG2000]: 'decodeJpeg2000',
};

/** These cannot be lossless; JPEG-LS near-lossless and JPEG 2000 can. */
const ALWAYS_LOSSY: ReadonlySet<string> = new Set([TRANSFER_SYNTAX.JPEGBaseline8Bit, TRANSFER_SYNTAX.JPEGExtended12Bit]);
const MAY_BE_LOSSY: ReadonlySet<string> = new Set([TRANSFER_SYNTAX.JPEGLSNearLossless, TRANSFER_SYNTAX.JPEG2000]);

/** True for transfer syntaxes whose pixel data `decodePixels` can read. */
export function canDecode(transferSyntaxUid: string): boolean {
  return transferSyntaxUid in DECODERS || NATIVE.has(transferSyntaxUid);
}

const NATIVE: ReadonlySet<string> = new Set([
  TRANSFER_SYNTAX.ImplicitVRLittleEndian,
  TRANSFER_SYNTAX.ExplicitVRLittleEndian,
  TRANSFER_SYNTAX.ExplicitVRBigEndian,
  TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
]);

/**
 * The stored values of all frames. Colour keeps its colour space. 8 or 16 bits allocated; bit-packed and 32-bit pixels are refused.
 * @throws {AnteroomError} PIXELS_UNSUPPORTED, with what was seen.
 */
export async function decodePixels(instance: ParsedInstance): Promise<DecodedPixels> {
  const { dataset, transferSyntaxUid } = instance;
  const shape = frameShape(dataset);
  const frames = dataset.number(TAG.NumberOfFrames) ?? 1;
  const frameBytes = (shape.rows * shape.columns * shape.samplesPerPixel * shape.bitsAllocated) / 8;
  if (!Number.isInteger(frames) || frames < 1 || frameBytes > MAX_FRAME_BYTES || frameBytes * frames > MAX_TOTAL_BYTES) {
    refuse(`${frames} frames of ${frameBytes} bytes`);
  }
  const bytes =
    transferSyntaxUid in DECODERS
      ? await decodeEncapsulated(instance, shape, frames, frameBytes)
      : nativeBytes(instance, shape, frames, frameBytes);
  const { rows, columns, samplesPerPixel } = shape;
  return { rows, columns, frames, samplesPerPixel, data: storedValues(bytes, shape, dataset), lossy: isLossy(instance) };
}

export interface FrameValues {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** Bytes of a decoded frame. */
  readonly frameBytes: number;
  /** The stored values of one frame, as in `DecodedPixels`, from its joined fragments or its native pixels in little endian. */
  decode(bytes: Uint8Array): StoredValues;
}

/**
 * Decodes an instance frame by frame, for objects that are larger than memory should be. The data set needs no pixel data.
 * @throws {AnteroomError} PIXELS_UNSUPPORTED, now or from `decode`, with what was seen.
 */
export async function frameValues({
  dataset,
  transferSyntaxUid,
}: Pick<ParsedInstance, 'dataset' | 'transferSyntaxUid'>): Promise<FrameValues> {
  const shape = frameShape(dataset);
  const { rows, columns, samplesPerPixel } = shape;
  const frameBytes = (rows * columns * samplesPerPixel * shape.bitsAllocated) / 8;
  if (frameBytes > MAX_FRAME_BYTES) refuse(`a frame of ${frameBytes} bytes`);
  if (!canDecode(transferSyntaxUid)) refuse(`transfer syntax ${transferSyntaxUid}`);
  const decoder = transferSyntaxUid in DECODERS ? await frameDecoder(DECODERS[transferSyntaxUid], shape) : undefined;
  const native = (bytes: Uint8Array) => {
    const frame = nativeFrames(bytes, 1, frameBytes);
    return dataset.number(TAG.PlanarConfiguration) === 1 ? pixelByPixel(frame, shape, frameBytes) : frame;
  };
  const decode = decoder ?? native;
  return { rows, columns, samplesPerPixel, frameBytes, decode: (bytes) => storedValues(decode(bytes), shape, dataset) };
}

/** True where LossyImageCompression or the transfer syntax says so; where it says nothing, a transfer syntax that may be lossy counts as lossy. */
export function isLossy({ dataset, transferSyntaxUid }: ParsedInstance): boolean {
  const said = dataset.text(TAG.LossyImageCompression);
  return said === '01' || ALWAYS_LOSSY.has(transferSyntaxUid) || (said === undefined && MAY_BE_LOSSY.has(transferSyntaxUid));
}

function frameShape(dataset: DataSet): FrameShape {
  const needed = (tag: number, name: string) => dataset.number(tag) ?? refuse(`${name} is missing`);
  const rows = needed(TAG.Rows, 'Rows');
  const columns = needed(TAG.Columns, 'Columns');
  const bitsAllocated = needed(TAG.BitsAllocated, 'BitsAllocated');
  const bitsStored = dataset.number(TAG.BitsStored) ?? bitsAllocated;
  const samplesPerPixel = dataset.number(TAG.SamplesPerPixel) ?? 1;
  if (bitsAllocated !== 8 && bitsAllocated !== 16) refuse(`${bitsAllocated} bits are allocated where 8 or 16 can be read`);
  if (bitsStored < 1 || bitsStored > bitsAllocated) refuse(`${bitsStored} of ${bitsAllocated} bits are stored`);
  if (rows === 0 || columns === 0 || ![1, 3, 4].includes(samplesPerPixel))
    refuse(`${columns} × ${rows} pixels of ${samplesPerPixel} samples`);
  return {
    rows,
    columns,
    bitsAllocated,
    bitsStored,
    samplesPerPixel,
    pixelRepresentation: dataset.pixelsAreSigned ? 1 : 0,
    photometricInterpretation: dataset.text(TAG.PhotometricInterpretation) ?? 'MONOCHROME2',
  };
}

async function decodeEncapsulated(
  { dataset, transferSyntaxUid }: ParsedInstance,
  shape: FrameShape,
  frames: number,
  frameBytes: number,
): Promise<Uint8Array> {
  const pixelData = dataset.fragments(TAG.PixelData) ?? refuse('PixelData is not encapsulated as its transfer syntax says');
  if (pixelData.fragments.length < frames) refuse(`${pixelData.fragments.length} fragments for ${frames} frames`);
  const decode = await frameDecoder(DECODERS[transferSyntaxUid], shape);
  const encoded = encodedFrames(dataset, pixelData, frames);
  const [only] = encoded;
  if (frames === 1 && only) return decode(only);
  const all = new Uint8Array(frames * frameBytes);
  encoded.forEach((frame, n) => all.set(decode(frame), n * frameBytes));
  return all;
}

function nativeBytes({ dataset, transferSyntaxUid }: ParsedInstance, shape: FrameShape, frames: number, frameBytes: number): Uint8Array {
  if (!NATIVE.has(transferSyntaxUid)) refuse(`transfer syntax ${transferSyntaxUid}`);
  const pixelData = dataset.bytesOf(TAG.PixelData) ?? refuse('there is no native PixelData');
  const bytes = nativeFrames(pixelData, frames, frameBytes);
  // Big endian swaps the words of OW, also where they hold two 8-bit pixels (PS3.5 8.1.1, 7.3).
  if (!dataset.littleEndian && (shape.bitsAllocated === 16 || dataset.vr(TAG.PixelData) === 'OW'))
    Buffer.from(bytes.buffer, 0, bytes.byteLength & ~1).swap16();
  return dataset.number(TAG.PlanarConfiguration) === 1 ? pixelByPixel(bytes, shape, frameBytes) : bytes;
}

/** A copy of so many frames. */
function nativeFrames(pixelData: Uint8Array, frames: number, frameBytes: number): Uint8Array {
  if (pixelData.byteLength < frames * frameBytes)
    refuse(`PixelData has ${pixelData.byteLength} bytes where ${frames * frameBytes} are needed`);
  // Not a Buffer, whose slice would not copy.
  return Uint8Array.from(pixelData.subarray(0, frames * frameBytes));
}

/** Samples by plane become samples by pixel, frame by frame, in place. */
function pixelByPixel(bytes: Uint8Array, shape: FrameShape, frameBytes: number): Uint8Array {
  for (let at = 0; at < bytes.byteLength; at += frameBytes) bytes.set(interleaved(bytes.subarray(at, at + frameBytes), shape), at);
  return bytes;
}

/** Bytes as numbers. Bits above HighBit are no part of a value and the sign is the highest stored bit (PS3.5 8.1.1). */
function storedValues(bytes: Uint8Array, shape: FrameShape, dataset: DataSet): StoredValues {
  const { bitsAllocated, bitsStored, pixelRepresentation } = shape;
  const values = typedValues(aligned(bytes), bitsAllocated, pixelRepresentation === 1);
  const highBit = dataset.number(TAG.HighBit) ?? bitsStored - 1;
  if (highBit >= bitsAllocated || highBit < bitsStored - 1) refuse(`HighBit ${highBit} with ${bitsStored} of ${bitsAllocated} bits stored`);
  if (bitsStored === bitsAllocated) return values;
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  if (pixelRepresentation === 1) for (let n = 0; n < values.length; n++) values[n] = (values[n] << up) >> down;
  else for (let n = 0; n < values.length; n++) values[n] = (values[n] << up) >>> down;
  return values;
}

function typedValues({ buffer, byteOffset, byteLength }: Uint8Array, bitsAllocated: 8 | 16, signed: boolean): StoredValues {
  if (bitsAllocated === 8) return signed ? new Int8Array(buffer, byteOffset, byteLength) : new Uint8Array(buffer, byteOffset, byteLength);
  return signed ? new Int16Array(buffer, byteOffset, byteLength / 2) : new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
}

function refuse(seen: string): never {
  throw new AnteroomError('PIXELS_UNSUPPORTED', seen);
}
