/**
 * Writes LABELMAP DICOM Segmentations (PS3.3 A.89, C.8.20.2.3): each voxel holds the number of its segment, one frame for each slice, deflated (PS3.5 A.5).
 * For destinations that are known to take them: PACSs of before 2023 do not.
 */
import { deflateRawSync } from 'node:zlib';
import { AnteroomError } from '../../foundation/errors.js';
import { MAX_INFLATED_BYTES } from '../element/deflate.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { encodeDataSet, fileMeta } from '../element/write.js';
import { frameHeader, labelFramesOf } from './functional-groups.js';
import type { FrameToWrite } from './functional-groups.js';
import { objectHeader } from './header.js';
import type { SegInput } from './input.js';
import { demandFrame, drawn, inOnePiece, pixelDataHead, segmentsOverlap, type SegFile, type WrittenSeg } from './write.js';

/**
 * The segmentation of `input` as a label map: 8 bits a voxel, 16 for more than 255 segments. It is put together in memory as a whole, as only the end of
 * deflating tells its size.
 * @throws {AnteroomError} GATE_REJECTED where no segment has a voxel, where segments overlap, and where it would be larger than is read again
 */
export function encodeLabelMap(input: SegInput): SegFile {
  const frames = labelFramesOf(input);
  demandFrame(frames);
  if (segmentsOverlap(input))
    throw new AnteroomError('GATE_REJECTED', 'segments overlap, expected each voxel in one at most: a label map cannot say it; BINARY can');
  const bits = input.segments.length > 255 ? 16 : 8;
  const header = encodeDataSet({ ...objectHeader(input, false, { type: 'LABELMAP', bits }), ...frameHeader(input, frames) });
  const labels = labelsOf(input, frames, bits);
  const even = labels.length + (labels.length % 2);
  const whole = [header, pixelDataHead(even, bits === 8 ? 'OB' : 'OW'), labels, new Uint8Array(even - labels.length)];
  const size = whole.reduce((sum, part) => sum + part.length, 0);
  if (size > MAX_INFLATED_BYTES)
    throw new AnteroomError(
      'GATE_REJECTED',
      `the label map takes ${size} bytes, expected at most ${MAX_INFLATED_BYTES}; BINARY takes less`,
    );
  const deflated = deflateRawSync(Buffer.concat(whole, size));
  const meta = fileMeta({
    sopClassUid: SOP_CLASS.LabelMapSegmentationStorage,
    sopInstanceUid: input.identity.sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
  });
  const parts = [meta, deflated, new Uint8Array(deflated.length % 2)];
  return {
    sizeBytes: parts.reduce((sum, part) => sum + part.length, 0),
    frameCount: frames.length,
    notes: [],
    *chunks() {
      yield* parts;
    },
  };
}

/** `encodeLabelMap` in one piece. */
export function writeLabelMap(input: SegInput): WrittenSeg {
  return inOnePiece(encodeLabelMap(input));
}

/** The frames one after the other: rows × columns values each, C order [j][i], little endian. */
function labelsOf({ source, segments }: SegInput, frames: readonly FrameToWrite[], bits: 8 | 16): Uint8Array {
  const length = source.grid.rows * source.grid.columns;
  const labels = bits === 8 ? new Uint8Array(frames.length * length) : new Uint16Array(frames.length * length);
  const startOf = new Map(frames.map(({ k }, n) => [k, n * length]));
  segments.forEach(({ mask }, index) => {
    const segmentNumber = index + 1;
    for (const k of mask.slices) {
      const start = startOf.get(k) ?? 0;
      if (mask.runs !== undefined) mask.runs(k, (from, to) => labels.fill(segmentNumber, start + from, start + to));
      else drawn(mask, k, { segmentNumber, length }).forEach((voxel, n) => voxel !== 0 && (labels[start + n] = segmentNumber));
    }
  });
  return new Uint8Array(labels.buffer);
}
