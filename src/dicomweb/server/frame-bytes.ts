/** The bytes of single frames on their way out: as they are stored, or decoded (PS3.5 section 8, annex A). */
import { frameValues } from '../../dicom/codec/pixels.js';
import { TAG } from '../../dicom/element/tags.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { PixelFile } from './pixel-file.js';

/** One frame: how long it is, known before it is read, and its bytes. */
export interface FrameBytes {
  readonly lengthBytes: number;
  read(): AsyncIterable<Uint8Array>;
}

/** A frame (from 1) as it is stored: the joined fragments, or native pixels in little endian, from a byte's start on. */
export async function storedFrame(pixels: PixelFile, frame: number): Promise<FrameBytes> {
  const { native } = pixels;
  if (native === undefined) {
    const spans = await pixels.fragmentsOf(frame);
    return { lengthBytes: spans.reduce((sum, span) => sum + span.lengthBytes, 0), read: () => pixels.stream(spans) };
  }
  const bits = nativeFrameBits(pixels);
  const fromBit = (frame - 1) * bits;
  if (fromBit + bits > native.lengthBytes * 8) throw new AnteroomError('NOT_FOUND', 'the instance has no such frame in its pixel data');
  const from = Math.floor(fromBit / 8);
  const span = { offset: native.offset + from, lengthBytes: Math.ceil((fromBit + bits) / 8) - from };
  const { wordsAreSwapped } = pixels;
  if (fromBit % 8 === 0 && bits % 8 === 0 && !wordsAreSwapped) return { lengthBytes: span.lengthBytes, read: () => pixels.stream([span]) };
  if (wordsAreSwapped && (bits % 16 !== 0 || fromBit % 16 !== 0))
    throw new AnteroomError('PIXELS_UNSUPPORTED', `a frame of ${bits} bits in big-endian words`);
  return {
    lengthBytes: Math.ceil(bits / 8),
    async *read() {
      const bytes = await pixels.read(span);
      // A copy: an inflated data set is read more than once.
      yield wordsAreSwapped ? Buffer.from(bytes).swap16() : bitsOf(bytes, fromBit % 8, bits);
    },
  };
}

/**
 * Frames decoded to native pixels in little endian, samples interleaved.
 * @throws AnteroomError PIXELS_UNSUPPORTED
 */
export async function decodedFrames(pixels: PixelFile): Promise<(frame: number) => Promise<FrameBytes>> {
  const values = await frameValues(pixels.head);
  return async (frame) => {
    const stored = await storedFrame(pixels, frame);
    return {
      lengthBytes: values.frameBytes,
      async *read() {
        const { buffer, byteOffset, byteLength } = values.decode(await collected(stored));
        yield new Uint8Array(buffer, byteOffset, byteLength);
      },
    };
  };
}

/** All bytes of one frame. */
export async function collected(frame: FrameBytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of frame.read()) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function nativeFrameBits({ dataset }: PixelFile): number {
  const value = (tag: number): number => dataset.number(tag) ?? 0;
  const bits = value(TAG.Rows) * value(TAG.Columns) * value(TAG.BitsAllocated) * (dataset.number(TAG.SamplesPerPixel) ?? 1);
  if (bits === 0) throw new AnteroomError('NOT_FOUND', 'the instance has no image: Rows, Columns or BitsAllocated is missing');
  // Two of three samples are shared by two pixels (PS3.3 C.7.6.3.1.2).
  return dataset.text(TAG.PhotometricInterpretation)?.endsWith('_422') ? (bits / 3) * 2 : bits;
}

/** Bits from a stream of bits, lowest bit first (PS3.5 8.1.1). Frames of one-bit pixels need not begin at a byte. */
export function bitsOf(bytes: Uint8Array, fromBit: number, lengthBits: number): Uint8Array {
  const lengthBytes = Math.ceil(lengthBits / 8);
  const frame = new Uint8Array(lengthBytes);
  for (let n = 0; n < lengthBytes; n++) frame[n] = ((bytes[n] ?? 0) >> fromBit) | ((bytes[n + 1] ?? 0) << (8 - fromBit));
  if (lengthBits % 8 !== 0) frame[lengthBytes - 1] = (frame[lengthBytes - 1] ?? 0) & ((1 << (lengthBits % 8)) - 1);
  return frame;
}
