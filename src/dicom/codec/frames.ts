/** Which fragments of encapsulated pixel data make up which frame (PS3.5 A.4). */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet, Fragments } from '../element/data-set.js';
import { TAG } from '../element/tags.js';

const ITEM_HEADER_BYTES = 8;

/**
 * The encoded bytes of each frame. One frame may lie in several fragments: a single frame takes all of them, several frames are parted
 * by the Basic or the Extended Offset Table (PS3.3 C.7.6.3.1.8).
 * @throws {AnteroomError} PIXELS_UNSUPPORTED where fragments cannot be told apart by frame.
 */
export function encodedFrames(dataset: DataSet, pixelData: Fragments, frames: number): Uint8Array[] {
  const { fragments } = pixelData;
  if (frames === 1) return [joined(fragments)];
  if (fragments.length === frames) return [...fragments];
  const offsets = pixelData.basicOffsets.length === frames ? pixelData.basicOffsets : extendedOffsets(dataset);
  if (offsets.length !== frames) {
    throw new AnteroomError(
      'PIXELS_UNSUPPORTED',
      `${fragments.length} fragments for ${frames} frames and no offset table that tells which is which`,
    );
  }
  return framesByOffset(fragments, offsets);
}

function framesByOffset(fragments: readonly Uint8Array[], offsets: readonly number[]): Uint8Array[] {
  const groups: Uint8Array[][] = offsets.map(() => []);
  let frame = -1;
  let at = 0;
  for (const fragment of fragments) {
    if (at === offsets[frame + 1]) frame++;
    groups[frame]?.push(fragment);
    at += ITEM_HEADER_BYTES + fragment.byteLength;
  }
  if (frame !== offsets.length - 1 || offsets[0] !== 0) {
    throw new AnteroomError('PIXELS_UNSUPPORTED', `the offset table of ${offsets.length} frames does not point at fragments`);
  }
  return groups.map(joined);
}

function extendedOffsets(dataset: DataSet): number[] {
  const bytes = dataset.bytesOf(TAG.ExtendedOffsetTable);
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / 8) }, (_, n) => Number(view.getBigUint64(n * 8, true)));
}

function joined(fragments: readonly Uint8Array[]): Uint8Array {
  return fragments.length === 1 && fragments[0] ? fragments[0] : Buffer.concat(fragments);
}
