/**
 * Writes LABELMAP DICOM Segmentations (PS3.3 A.89, C.8.20.2.3): each voxel holds the number of its segment, one frame for each slice, deflated (PS3.5 A.5).
 * For destinations that are known to take them: PACSs of before 2023 do not.
 */
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { AnteroomError } from '../../foundation/errors.js';
import { MAX_INFLATED_BYTES } from '../element/deflate.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { encodeDataSet, fileMeta } from '../element/write.js';
import { frameHeader, labelFramesOf } from './functional-groups.js';
import type { FrameToWrite } from './functional-groups.js';
import { objectHeader } from './header.js';
import type { SegInput } from './input.js';
import { eachRunOn } from './mask.js';
import { isBackground } from './read.js';
import { demandFrame, drawn, inOnePiece, pixelDataHead, segmentsOverlap, type SegFile, type WrittenSeg } from './write.js';

const deflated = promisify(deflateRaw);

/**
 * The segmentation of `input` as a label map: 8 bits a voxel, 16 for more than 255 segments. It is put together in memory as a whole, as only the end of
 * deflating tells its size; it gives way to other work after each segment, and while it is deflated.
 * @throws {AnteroomError} GATE_REJECTED where no segment has a voxel, where one is coded as background, where segments overlap, and where it would be larger
 * than is read again; INTERNAL for a mask that does not fit the source
 */
export async function encodeLabelMap(input: SegInput): Promise<SegFile> {
  const begun = begin(input);
  for (const segmentIndex of input.segments.keys()) {
    draw(input, segmentIndex, begun);
    await setImmediate();
  }
  return fileOf(input, begun, await deflated(begun.dataSet));
}

/** `encodeLabelMap` in one piece and at once. */
export function writeLabelMap(input: SegInput): WrittenSeg {
  const begun = begin(input);
  for (const segmentIndex of input.segments.keys()) draw(input, segmentIndex, begun);
  return inOnePiece(fileOf(input, begun, deflateRawSync(begun.dataSet)));
}

/** A label map whose voxels are not drawn yet. */
interface Begun {
  readonly frames: readonly FrameToWrite[];
  /** The whole data set. */
  readonly dataSet: Uint8Array;
  /** The frames in it, one after the other: rows × columns values each, C order [j][i], little endian. */
  readonly labels: Uint8Array | Uint16Array;
}

function begin(input: SegInput): Begun {
  const frames = labelFramesOf(input);
  demandFrame(frames);
  demandNoBackground(input);
  if (segmentsOverlap(input))
    throw new AnteroomError('GATE_REJECTED', 'segments overlap, expected each voxel in one at most: a label map cannot say it; BINARY can');
  const bits = input.segments.length > 255 ? 16 : 8;
  const count = frames.length * voxelsIn(input);
  const even = count * (bits / 8) + ((count * (bits / 8)) % 2);
  demandSize(even);
  const header = encodeDataSet({ ...objectHeader(input, false, { type: 'LABELMAP', bits }), ...frameHeader(input, frames) });
  const head = pixelDataHead(even, bits === 8 ? 'OB' : 'OW');
  const from = header.length + head.length;
  demandSize(from + even);
  const dataSet = new Uint8Array(from + even);
  dataSet.set(header);
  dataSet.set(head, header.length);
  // The elements before it are of even length: 16-bit labels lie at an even byte.
  return { frames, dataSet, labels: bits === 8 ? dataSet.subarray(from, from + count) : new Uint16Array(dataSet.buffer, from, count) };
}

/** Readers take a segment of a label map that is coded as background for none. */
function demandNoBackground({ segments }: SegInput): void {
  const index = segments.findIndex(({ meaning }) => isBackground(meaning));
  if (index < 0) return;
  throw new AnteroomError(
    'GATE_REJECTED',
    `segment ${index + 1} is coded as background, expected none: a label map's background is no segment; BINARY can have it`,
  );
}

function demandSize(bytes: number): void {
  if (bytes <= MAX_INFLATED_BYTES) return;
  throw new AnteroomError('GATE_REJECTED', `the label map takes ${bytes} bytes, expected at most ${MAX_INFLATED_BYTES}; BINARY takes less`);
}

function draw(input: SegInput, segmentIndex: number, { frames, labels }: Begun): void {
  const length = voxelsIn(input);
  const segmentNumber = segmentIndex + 1;
  const startOf = new Map(frames.map(({ k }, n) => [k, n * length]));
  const { mask } = input.segments[segmentIndex];
  for (const k of mask.slices) {
    const start = startOf.get(k) ?? 0;
    eachRunOn({ ...mask, slice: (slice) => drawn(mask, slice, { segmentNumber, length }) }, k, (from, to) => {
      if (to > length)
        throw new AnteroomError('INTERNAL', `the mask of segment ${segmentNumber} on slice ${k} has a run up to voxel ${to} of ${length}`);
      labels.fill(segmentNumber, start + from, start + to);
    });
  }
}

function voxelsIn({ source }: SegInput): number {
  return source.grid.rows * source.grid.columns;
}

function fileOf({ identity: { sopInstanceUid } }: SegInput, { frames }: Begun, deflatedDataSet: Uint8Array): SegFile {
  const meta = fileMeta({
    sopClassUid: SOP_CLASS.LabelMapSegmentationStorage,
    sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
  });
  const parts = [meta, deflatedDataSet, new Uint8Array(deflatedDataSet.length % 2)];
  return {
    sizeBytes: parts.reduce((sum, part) => sum + part.length, 0),
    frameCount: frames.length,
    notes: [],
    *chunks() {
      yield* parts;
    },
  };
}
