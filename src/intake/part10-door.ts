/** The other door: Part 10 objects that come as a stream, over STOW-RS or from the node itself. Same durability, same accept. */
import { setImmediate } from 'node:timers/promises';
import { PartFile, UNIT_BYTES } from '../archive/part-file.js';
import { parseInstance } from '../dicom/element/parse.js';
import { fileMeta } from '../dicom/element/write.js';
import type { Acceptance } from './accept.js';
import { metered, type DiskRoom } from './disk-space.js';
import { inspect, type InstanceFacts } from './inspect.js';
import type { Receiver } from './receiver.js';

/** File meta information and the first elements must lie within this. */
const META_BYTES = 64 * 1024;

/** The bytes of an object, piece by piece. What is not read to its end is told so; what is not read at all must need no closing. */
export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Part10Origin {
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
}

/**
 * Takes one Part 10 object. Resolves when it is durable. Rejects with the refusal (DICOM_NOT_P10, DICOM_DAMAGED,
 * DICOM_UID_MISSING, DISK_LOW, STORE_FAILED, or what `check` throws); nothing is kept then.
 */
export async function acceptPart10(
  bytes: Pieces,
  origin: Part10Origin,
  receiver: Pick<Receiver, 'accept'> & { readonly disk?: DiskRoom },
  incomingFolder: string,
  check: (facts: InstanceFacts) => void = () => undefined,
): Promise<{ acceptance: Acceptance; facts: InstanceFacts }> {
  const { part, transferSyntaxUid } = await receive(receiver.disk ? metered(bytes, receiver.disk) : bytes, origin, incomingFolder);
  const { found: facts, ...complete } = part.complete((head, dataSetBytes) => {
    const found = inspect(head, { transferSyntaxUid, dataSetBytes });
    check(found);
    return found;
  });
  try {
    return { acceptance: await receiver.accept({ part: complete, facts, ...origin }), facts };
  } catch (error) {
    part.discard();
    throw error;
  }
}

interface OpenedPart {
  readonly part: PartFile;
  readonly transferSyntaxUid: string;
}

async function receive(bytes: Pieces, origin: Part10Origin, incomingFolder: string): Promise<OpenedPart> {
  let head = Buffer.alloc(0);
  let opened: OpenedPart | undefined;
  try {
    for await (const chunk of inTurns(bytes)) {
      if (opened !== undefined) {
        opened.part.write(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length >= META_BYTES) opened = open(head, true, origin, incomingFolder);
    }
    return opened ?? open(head, false, origin, incomingFolder);
  } catch (error) {
    opened?.part.discard();
    throw error;
  }
}

/** Its caller's thread does everything else of the node: what waits there comes in between after each unit, also where all bytes are there at once. */
async function* inTurns(bytes: Pieces): AsyncGenerator<Uint8Array, void, undefined> {
  let taken = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.byteLength; at += UNIT_BYTES) {
      const unit = chunk.subarray(at, at + UNIT_BYTES);
      yield unit;
      taken += unit.byteLength;
      if (taken < UNIT_BYTES) continue;
      taken = 0;
      await setImmediate();
    }
  }
}

function open(head: Buffer, moreFollows: boolean, origin: Part10Origin, incomingFolder: string): OpenedPart {
  const { transferSyntaxUid, mediaStorageSopClassUid, mediaStorageSopInstanceUid, dataSetOffsetBytes } = parseInstance(head, {
    truncated: moreFollows,
    stopAtPixelData: true,
  });
  const part = new PartFile(
    incomingFolder,
    fileMeta({
      sopClassUid: mediaStorageSopClassUid ?? '',
      sopInstanceUid: mediaStorageSopInstanceUid ?? '',
      transferSyntaxUid,
      sourceAeTitle: origin.callingAe,
    }),
  );
  try {
    part.write(head.subarray(dataSetOffsetBytes));
  } catch (error) {
    part.discard();
    throw error;
  }
  return { part, transferSyntaxUid };
}
