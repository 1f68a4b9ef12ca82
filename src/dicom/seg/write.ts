/**
 * Writes BINARY DICOM Segmentations (PS3.3 A.51, C.8.20) on the grid of their source series, in the way that viewers
 * read without surprises: segments numbered 1..N, every frame tied to its source slice by UID and by position.
 */
import { AnteroomError } from '../../foundation/errors.js';
import { encodeDataSet, fileMeta } from '../element/write.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../element/uids.js';
import { packMasks, packedLength } from './bits.js';
import type { MaskOfRuns } from './bits.js';
import { frameHeader, framesOf } from './functional-groups.js';
import type { FrameToWrite } from './functional-groups.js';
import { objectHeader } from './header.js';
import type { SegInput } from './input.js';
import { masksOverlap, type SegmentMask } from './mask.js';

/** Something about a segmentation that is right but that someone should know. */
export interface SegNote {
  readonly code: 'FRAMES_NOT_BYTE_ALIGNED';
  readonly text: string;
}

/** A segmentation ready to be written: Part 10, Explicit VR Little Endian. */
export interface SegFile {
  readonly sizeBytes: number;
  readonly frameCount: number;
  readonly notes: readonly SegNote[];
  /** The file's bytes in order, each array valid until the next is asked for: the pixels are packed while this is consumed, one frame at a time. Each call begins anew and gives the same bytes. */
  chunks(): Generator<Uint8Array, void>;
}

/** Each takes 27 elements and items, 28 of a multi-frame source: with a thousand segments that is as much as `parseInstance` reads. */
const MAX_FRAMES = 34_000;

/**
 * The segmentation of `input` as a DICOM file.
 * @throws {AnteroomError} GATE_REJECTED where no segment has a voxel, as the object needs at least one frame, and where it has more frames than can be read again.
 */
export function encodeSeg(input: SegInput): SegFile {
  const frames = framesOf(input);
  demandFrame(frames);
  if (frames.length > MAX_FRAMES)
    throw new AnteroomError('GATE_REJECTED', `${frames.length} frames with voxels, expected at most ${MAX_FRAMES} in one segmentation`);
  const dataSet = encodeDataSet({ ...objectHeader(input, segmentsOverlap(input), { type: 'BINARY' }), ...frameHeader(input, frames) });
  const { sopInstanceUid } = input.identity;
  const meta = fileMeta({
    sopClassUid: SOP_CLASS.SegmentationStorage,
    sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian,
  });
  const packedBytes = packedLength(frames.length * voxelsPerFrame(input));
  const pixelHead = pixelDataHead(packedBytes + (packedBytes % 2));
  return {
    sizeBytes: meta.length + dataSet.length + pixelHead.length + packedBytes + (packedBytes % 2),
    frameCount: frames.length,
    notes: notesOn(input),
    *chunks() {
      yield meta;
      yield dataSet;
      yield pixelHead;
      yield* packMasks(masksOf(input, frames));
      if (packedBytes % 2 === 1) yield Uint8Array.of(0);
    },
  };
}

/** @throws {AnteroomError} GATE_REJECTED */
export function demandFrame(frames: readonly FrameToWrite[]): void {
  if (frames.length === 0)
    throw new AnteroomError('GATE_REJECTED', 'no segment has a voxel, expected at least one: a segmentation needs a frame');
}

/** Whether some voxel belongs to two segments. */
export function segmentsOverlap({ segmentsOverlap: known, source, segments }: SegInput): boolean {
  return (
    known ??
    masksOverlap(
      source.grid,
      segments.map((segment) => segment.mask),
    )
  );
}

export interface WrittenSeg {
  readonly bytes: Uint8Array;
  readonly notes: readonly SegNote[];
}

/** `encodeSeg` in one piece, for small objects. */
export function writeSeg(input: SegInput): WrittenSeg {
  return inOnePiece(encodeSeg(input));
}

/** A file in memory. */
export function inOnePiece(file: SegFile): WrittenSeg {
  const bytes = new Uint8Array(file.sizeBytes);
  let at = 0;
  for (const chunk of file.chunks()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, notes: file.notes };
}

function* masksOf(input: SegInput, frames: readonly FrameToWrite[]): Generator<Uint8Array | MaskOfRuns, void> {
  const length = voxelsPerFrame(input);
  for (const { segmentNumber = 0, k } of frames) {
    const { mask } = input.segments[segmentNumber - 1];
    if (mask.runs !== undefined) yield { length, runs: (take) => mask.runs?.(k, take) };
    else yield drawn(mask, k, { segmentNumber, length });
  }
}

/** @throws {AnteroomError} INTERNAL where the slice is not as large as the source's */
export function drawn(mask: SegmentMask, k: number, { segmentNumber, length }: { segmentNumber: number; length: number }): Uint8Array {
  const voxels = mask.slice(k);
  if (voxels.length !== length)
    throw new AnteroomError(
      'INTERNAL',
      `the mask of segment ${segmentNumber} on slice ${k} has ${voxels.length} voxels, expected ${length}`,
    );
  return voxels;
}

function voxelsPerFrame({ source }: SegInput): number {
  return source.grid.rows * source.grid.columns;
}

/** (7FE0,0010) OB, or OW, and the length of its value, which comes last in the file (PS3.5 7.1.2). */
export function pixelDataHead(lengthBytes: number, vr: 'OB' | 'OW' = 'OB'): Uint8Array {
  if (lengthBytes > 0xfffffffe)
    throw new AnteroomError('GATE_REJECTED', `the segmentation's pixels take ${lengthBytes} bytes, expected at most 4294967294`);
  const head = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  head.write(vr, 4, 'latin1');
  head.writeUInt32LE(lengthBytes, 8);
  return head;
}

function notesOn(input: SegInput): SegNote[] {
  const { rows, columns } = input.source.grid;
  if ((rows * columns) % 8 === 0) return [];
  const text = `frames of ${rows} × ${columns} voxels do not end on a byte: right by the standard, but some viewers (OHIF 3.13) show all but the first shifted; a label map or an RTSTRUCT they show right`;
  return [{ code: 'FRAMES_NOT_BYTE_ALIGNED', text }];
}
