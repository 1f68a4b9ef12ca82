/** The pixels of a segmentation, frame by frame, of its three kinds (PS3.3 C.8.20.2). */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet, ParsedInstance } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { eachBitRun, packedLength, unpackBits } from './bits.js';
import { boxesOn, eachRunOfLabel, type LabelledSlices, type SliceBox, type TakeRun } from './mask.js';
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
  /** Tells the same mask by its runs, ascending; absent of FRACTIONAL. */
  runs?(frameIndex: number, segmentNumber: number, take: TakeRun): void;
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
  const { rows, columns, frameCount } = layout;
  const frames = { rows, columns, frameCount };
  if (type === 'BINARY') return { ...frames, ...bitFrames(pixels, perFrame) };
  const labels = layout.bitsAllocated === 8 ? pixels : wordsOf(pixels, frameCount * perFrame);
  if (type === 'FRACTIONAL') return { ...frames, ...fractionFrames(labels, perFrame, dataset.number(TAG.MaximumFractionalValue) ?? 255) };
  const paddingValue = dataset.number(TAG.PixelPaddingValue);
  return { ...frames, ...(paddingValue === undefined ? {} : { paddingValue }), ...labelFrames({ grid: layout, labels }) };
}

type Frames = Pick<FrameDecoder, 'valuesIn' | 'unpack' | 'runs'>;

function bitFrames(pixels: Uint8Array, perFrame: number): Frames {
  return {
    valuesIn: () => [],
    unpack: (frameIndex) => unpackBits(pixels, frameIndex * perFrame, perFrame),
    runs: (frameIndex, _, take) => eachBitRun(pixels, frameIndex * perFrame, perFrame, take),
  };
}

function fractionFrames(values: Uint8Array | Uint16Array, perFrame: number, maximum: number): Frames {
  return {
    valuesIn: () => [],
    unpack: (frameIndex) => {
      const mask = new Uint8Array(perFrame);
      for (let n = 0, at = frameIndex * perFrame; n < perFrame; n++, at++) mask[n] = values[at] >= maximum / 2 ? 1 : 0;
      return mask;
    },
  };
}

/** A frame is read once to find where its segments are; each is then looked for only there. */
function labelFrames(slices: LabelledSlices): Frames {
  const length = slices.grid.rows * slices.grid.columns;
  const labelsOf = (frameIndex: number) => slices.labels.subarray(frameIndex * length, (frameIndex + 1) * length);
  const known = new Map<number, Map<number, SliceBox>>();
  const boxes = (frameIndex: number) => {
    const found = known.get(frameIndex) ?? boxesOn(slices, frameIndex);
    known.set(frameIndex, found);
    return found;
  };
  const runs = (frameIndex: number, segmentNumber: number, take: TakeRun) => {
    if (segmentNumber === 0) eachZeroRun(labelsOf(frameIndex), take);
    else eachRunOfLabel(slices, frameIndex, segmentNumber, boxes(frameIndex).get(segmentNumber), take);
  };
  return {
    valuesIn: (frameIndex) => [...(labelsOf(frameIndex).includes(0) ? [0] : []), ...boxes(frameIndex).keys()].sort((a, b) => a - b),
    unpack: (frameIndex, segmentNumber) => {
      const mask = new Uint8Array(length);
      runs(frameIndex, segmentNumber, (from, to) => mask.fill(1, from, to));
      return mask;
    },
    runs,
  };
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

/** 0 is nothing as a rule; but a segment may have that number. */
function eachZeroRun(labels: Uint8Array | Uint16Array, take: TakeRun): void {
  for (let from = labels.indexOf(0); from >= 0;) {
    let to = from + 1;
    while (labels[to] === 0) to++;
    take(from, to);
    from = labels.indexOf(0, to);
  }
}

/** Little endian pixels of 16 bits, copied only where they lie at an odd byte. */
function wordsOf(pixels: Uint8Array, count: number): Uint16Array {
  const { buffer, byteOffset } = pixels.byteOffset % 2 === 0 ? pixels : pixels.slice();
  return new Uint16Array(buffer, byteOffset, count);
}

function noNativePixels({ dataset, transferSyntaxUid }: ParsedInstance): AnteroomError {
  if (dataset.fragments(TAG.PixelData) === undefined) return new AnteroomError('DICOM_DAMAGED', 'the segmentation has no PixelData');
  return new AnteroomError('PIXELS_UNSUPPORTED', `the segmentation is compressed (${transferSyntaxUid}), expected native pixels`);
}
