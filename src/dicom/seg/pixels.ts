/** The pixels of a segmentation, frame by frame, of its three kinds (PS3.3 C.8.20.2). */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet, ParsedInstance } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { packedLength, unpackBits } from './bits.js';
import type { SegmentationType } from './segmentation.js';

export interface FrameDecoder {
  readonly rows: number;
  readonly columns: number;
  readonly frameCount: number;
  /** PixelPaddingValue of a LABELMAP: pixels that belong to no segment. */
  readonly paddingValue?: number;
  /** The values that occur in a frame of a LABELMAP, ascending. */
  valuesIn(frameIndex: number): readonly number[];
  /** The mask of one segment in one frame: rows × columns bytes, 0 or 1. Of BINARY and FRACTIONAL, whose frames have one segment each, the number is not looked at. */
  unpack(frameIndex: number, segmentNumber: number): Uint8Array;
}

interface Layout {
  readonly rows: number;
  readonly columns: number;
  readonly frameCount: number;
  readonly bitsAllocated: number;
}

/**
 * A decoder of native (uncompressed) pixel data.
 * @throws {AnteroomError} DICOM_DAMAGED for missing or too little pixel data; PIXELS_UNSUPPORTED for compressed pixels and unusual depths.
 */
export function frameDecoder(instance: ParsedInstance, type: SegmentationType): FrameDecoder {
  const { dataset } = instance;
  const layout = layoutOf(dataset, type);
  const pixels = dataset.bytesOf(TAG.PixelData);
  if (pixels === undefined) throw noNativePixels(instance);
  if (!dataset.littleEndian) throw new AnteroomError('PIXELS_UNSUPPORTED', 'the segmentation is big endian, expected little endian');
  const needed = packedLength(layout.rows * layout.columns * layout.frameCount * layout.bitsAllocated);
  if (pixels.length < needed)
    throw new AnteroomError('DICOM_DAMAGED', `PixelData has ${pixels.length} bytes, expected ${needed} for ${layout.frameCount} frames`);
  const perFrame = layout.rows * layout.columns;
  const values = (frameIndex: number) => frameValues(pixels, layout.bitsAllocated, frameIndex * perFrame, perFrame);
  const paddingValue = type === 'LABELMAP' ? dataset.number(TAG.PixelPaddingValue) : undefined;
  return {
    rows: layout.rows,
    columns: layout.columns,
    frameCount: layout.frameCount,
    ...(paddingValue === undefined ? {} : { paddingValue }),
    valuesIn: (frameIndex) => [...new Set(values(frameIndex))].sort((a, b) => a - b),
    unpack: unpackerOf(dataset, type, pixels, perFrame, values),
  };
}

function unpackerOf(
  dataset: DataSet,
  type: SegmentationType,
  pixels: Uint8Array,
  perFrame: number,
  values: (frameIndex: number) => Uint8Array | Uint16Array,
): FrameDecoder['unpack'] {
  if (type === 'BINARY') return (frameIndex) => unpackBits(pixels, frameIndex * perFrame, perFrame);
  if (type === 'LABELMAP') return (frameIndex, segmentNumber) => maskWhere(values(frameIndex), (value) => value === segmentNumber);
  const half = (dataset.number(TAG.MaximumFractionalValue) ?? 255) / 2;
  return (frameIndex) => maskWhere(values(frameIndex), (value) => value >= half);
}

function maskWhere(values: Uint8Array | Uint16Array, inside: (value: number) => boolean): Uint8Array {
  const mask = new Uint8Array(values.length);
  for (let n = 0; n < values.length; n++) mask[n] = inside(values[n]) ? 1 : 0;
  return mask;
}

function layoutOf(dataset: DataSet, type: SegmentationType): Layout {
  const required = (tag: number, name: string): number => {
    const value = dataset.number(tag);
    if (value === undefined || !Number.isInteger(value) || value < 1)
      throw new AnteroomError('DICOM_DAMAGED', `${name} is ${value ?? 'absent'}, expected a positive number`);
    return value;
  };
  const layout = {
    rows: required(TAG.Rows, 'Rows'),
    columns: required(TAG.Columns, 'Columns'),
    frameCount: required(TAG.NumberOfFrames, 'NumberOfFrames'),
    bitsAllocated: required(TAG.BitsAllocated, 'BitsAllocated'),
  };
  const allowed = { BINARY: [1], FRACTIONAL: [8], LABELMAP: [8, 16] }[type];
  if (!allowed.includes(layout.bitsAllocated)) {
    throw new AnteroomError(
      'PIXELS_UNSUPPORTED',
      `BitsAllocated is ${layout.bitsAllocated} in a ${type} segmentation, expected ${allowed.join(' or ')}`,
    );
  }
  return layout;
}

/** Pixels of 8 or 16 bits; 16-bit ones are copied, because they may lie at an odd byte. */
function frameValues(pixels: Uint8Array, bitsAllocated: number, from: number, count: number): Uint8Array | Uint16Array {
  if (bitsAllocated === 8) return pixels.subarray(from, from + count);
  const view = new DataView(pixels.buffer, pixels.byteOffset + from * 2, count * 2);
  return Uint16Array.from({ length: count }, (_, n) => view.getUint16(n * 2, true));
}

function noNativePixels({ dataset, transferSyntaxUid }: ParsedInstance): AnteroomError {
  if (dataset.fragments(TAG.PixelData) === undefined) return new AnteroomError('DICOM_DAMAGED', 'the segmentation has no PixelData');
  return new AnteroomError('PIXELS_UNSUPPORTED', `the segmentation is compressed (${transferSyntaxUid}), expected native pixels`);
}
